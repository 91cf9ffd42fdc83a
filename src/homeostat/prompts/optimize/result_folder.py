"""The folder of a result: the lean library, and with it all that gives the original back."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import msgspec

from homeostat.core.errors import ConfigError, InputError
from homeostat.prompts.library.library import Progress, silent
from homeostat.prompts.library.library_files import SKIPPED_FOLDERS
from homeostat.prompts.library.module import Module
from homeostat.prompts.optimize.folder import appearing, is_free
from homeostat.prompts.optimize.manifest import (
    FILES,
    ORDERS,
    OWN,
    FileRecord,
    Manifest,
    has_manifest,
    quoted,
    read_manifest,
    write_manifest,
)
from homeostat.prompts.optimize.originals import Originals
from homeostat.prompts.optimize.pipeline import Optimized

OUTCOME = "outcome.json"


def check_place(source: Path, out: Path) -> None:
    """Raise ConfigError where a result may not be written: it says why and what to do."""
    real, place = source.resolve(), out.resolve()
    if place == real or place.is_relative_to(real) or real.is_relative_to(place):
        raise ConfigError(f"{out} and {source} lie within each other; name a folder beside it for the result")
    if has_manifest(real):
        raise ConfigError(
            f"{source} was made by `homeostat prompts optimize` itself; "
            f"give it the original, or get that with `homeostat prompts restore {source}`"
        )
    if is_free(place):
        return
    if not has_manifest(place):
        raise ConfigError(f"{out} is not empty, and was not made by this command; name another folder")
    changed = changed_by_hand(place)
    if changed:
        raise ConfigError(
            f"{len(changed)} files of {out} were changed since it was made, such as {changed[0]}; "
            "name another folder, or remove it"
        )


def changed_by_hand(folder: Path) -> list[str]:
    """Return the files of a result that are other ones than were written, sorted."""
    manifest = read_manifest(folder)
    expected = {r.name: r.now for r in manifest.files if r.kind != "folder" and r.now} | manifest.added
    there = {
        name: str(path.readlink()) if path.is_symlink() else _digest(path)
        for name, path in _walk(folder, frozenset([OWN]))
        if path.is_symlink() or path.is_file()
    }
    return sorted(n for n in expected.keys() | there.keys() if expected.get(n) != there.get(n))


def write_result(
    source: Path, out: Path, optimized: Optimized, passes: tuple[str, ...], progress: Progress = silent
) -> tuple[str, ...]:
    """Write a result and all originals; nothing is there before all of it is. Return what was left out.

    Raises ConfigError where the place cannot be written, InputError where a file cannot be read or changed
    since the library was loaded.
    """
    check_place(source, out)
    real = source.resolve()
    found = list(_walk(real))
    left: list[str] = []
    with appearing(out.resolve()) as building:
        own = building / OWN
        own.mkdir()
        writer = _Writer(real, building, Originals(own / "originals"), optimized)
        records = [FileRecord("", "folder", stat.S_IMODE(real.stat().st_mode))]
        for done, (name, path) in enumerate(found):
            progress("writing", done, len(found))
            record = writer.record(name, path)
            if record is None:
                left.append(f"{name}: neither a file nor a link nor a folder")
            else:
                records.append(record)
        added = writer.add_new()
        outcome = optimized.outcome
        write_manifest(
            building, Manifest(1, passes, outcome.tokenizer, optimized.claims, tuple(records), added)
        )
        (own / OUTCOME).write_bytes(msgspec.json.format(msgspec.json.encode(outcome), indent=1))
        if optimized.draft.orders:
            (own / ORDERS).write_bytes(msgspec.json.format(msgspec.json.encode(optimized.draft.orders)))
        for name, data in optimized.files.items():
            (own / FILES).mkdir(exist_ok=True)
            (own / FILES / Path(name).name).write_bytes(data)
        set_modes(building, records)
    return tuple(left)


def set_modes(folder: Path, records: list[FileRecord]) -> None:
    """Give folders their modes, the deepest first, since one of them may forbid to write into it."""
    for record in sorted(records, key=lambda r: -len(r.name)):
        if record.kind == "folder" and (folder / record.name).is_dir():
            (folder / record.name).chmod(record.mode)


class _Writer:
    """Writes what became of each file, and keeps what it was."""

    def __init__(self, source: Path, building: Path, originals: Originals, optimized: Optimized) -> None:
        self._source = source
        self._building = building
        self._originals = originals
        self._before = optimized.original.library.modules
        self._after = optimized.draft.library.modules

    def record(self, name: str, path: Path) -> FileRecord | None:
        target = self._building / name
        if path.is_symlink():
            held = str(path.readlink())
            target.symlink_to(self._within(held, target))
            return FileRecord(quoted(name), "link", target=held, now=str(target.readlink()))
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_dir():
            target.mkdir()
            return FileRecord(quoted(name), "folder", mode)
        if not path.is_file():
            return None
        try:
            digest = self._originals.keep(path)
        except OSError as error:
            raise InputError(f"cannot read {path}: {error.strerror or error}; nothing was written") from None
        before, after = self._before.get(name), self._after.get(name)
        if before is not None and before.digest.hex() != digest:
            raise InputError(f"{path} changed while it was read; run this again")
        now = digest
        if before is None or (after is not None and after.text == before.text):
            self._originals.write(digest, target)
        elif after is not None:
            now = _write(after, target)
        else:
            return FileRecord(quoted(name), "file", mode, digest)
        target.chmod(mode)
        return FileRecord(quoted(name), "file", mode, digest, now=now)

    def add_new(self) -> dict[str, str]:
        """Write the modules that the original did not have; return their digests by path."""
        added = {}
        for path in self._after.keys() - self._before.keys():
            target = self._building / path
            if target.exists():
                raise InputError(f"{path} is there already and is no prompt; nothing was written")
            target.parent.mkdir(parents=True, exist_ok=True)
            added[path] = _write(self._after[path], target)
        return dict(sorted(added.items()))

    def _within(self, held: str, target: Path) -> str:
        """Return what a link is to hold in the result: one to a place in the original leads to the result."""
        if Path(held).is_absolute() and Path(held).is_relative_to(self._source):
            inside = self._building / Path(held).relative_to(self._source)
            return os.path.relpath(inside, target.parent)
        return held


def _write(module: Module, target: Path) -> str:
    try:
        data = module.text.encode(module.encoding)
    except UnicodeEncodeError:
        data = module.text.encode("utf-8", "surrogatepass")
    target.write_bytes(data)
    return hashlib.sha256(data).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _walk(root: Path, skipped: frozenset[str] = SKIPPED_FOLDERS) -> Iterator[tuple[str, Path]]:
    """Return all that lies in a folder by its path, a folder before what is in it, without skipped ones."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(root / folder), key=lambda e: e.name)
        except OSError as error:
            raise InputError(f"cannot read {root / folder}: {error.strerror or error}") from None
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and entry.name in skipped:
                continue
            yield name, Path(entry.path)
            if is_folder:
                waiting.append(name)
