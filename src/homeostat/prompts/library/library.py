"""The library: all modules of a folder, read once."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from homeostat.core.errors import InputError, TooLarge
from homeostat.prompts.library.decoding import decode
from homeostat.prompts.library.library_files import Limits, find_files
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.problem import Problem

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and how much there is."""


def silent(_what: str, _done: int, _total: int) -> None:
    """Take progress and show nothing."""


@dataclass(frozen=True, slots=True)
class Library:
    """The modules of a folder by their paths.

    `aliases` are links within the library by what they lead to, `problems` what was left out.
    """

    root: Path
    modules: Mapping[str, Module]
    aliases: Mapping[str, str]
    problems: tuple[Problem, ...]

    @property
    def digest(self) -> bytes:
        """The SHA-256 of all paths, contents and links."""
        whole = hashlib.sha256()
        for path, module in self.modules.items():
            whole.update(path.encode("utf-8", "surrogateescape") + b"\0" + module.digest)
        for alias, target in sorted(self.aliases.items()):
            whole.update(f"\0{alias}\0{target}".encode("utf-8", "surrogateescape"))
        for problem in self.problems:
            whole.update(f"\0{problem}".encode("utf-8", "surrogateescape"))
        return whole.digest()


def load_library(root: Path, limits: Limits | None = None, progress: Progress = silent) -> Library:
    """Read the prompts under a folder.

    Raises InputError if it is no folder or holds no prompt, TooLarge if it holds too much. A file that
    cannot be read or is no text is left out and becomes a problem.
    """
    limits = limits or Limits()
    found = find_files(root, limits)
    problems = list(found.problems)
    modules: dict[str, Module] = {}
    total_bytes = 0
    for done, path in enumerate(found.paths):
        progress("reading", done, len(found.paths))
        try:
            data = (root / path).read_bytes()
        except OSError as error:
            problems.append(Problem(path, 0, f"cannot be read: {error.strerror or error}"))
            continue
        total_bytes += len(data)
        if total_bytes > limits.total_bytes_max:
            raise TooLarge(
                f"{root} holds more than {limits.total_bytes_max:,} bytes; name a folder within it"
            )
        decoded = decode(data)
        if decoded is None:
            problems.append(Problem(path, 0, "left out: it is not text"))
            continue
        text, encoding = decoded
        modules[path] = Module(path, text, hashlib.sha256(data).digest(), len(data), encoding)
    if not modules:
        raise InputError(f"{root} holds no prompts: no file that ends in .md, .txt, .xml, .prompt or .j2")
    return Library(root, modules, found.aliases, tuple(problems))
