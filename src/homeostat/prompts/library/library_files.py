"""The files of a library: a walk that takes prompts, follows no link outside, and says what it left."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from homeostat.core.errors import InputError, TooLarge
from homeostat.prompts.library.problem import Problem

ENDINGS = frozenset(
    [
        ".md",
        ".mdx",
        ".mdc",
        ".markdown",
        ".txt",
        ".xml",
        ".prompt",
        ".poml",
        ".j2",
        ".jinja",
        ".jinja2",
        ".liquid",
        ".hbs",
        ".mustache",
        ".tmpl",
    ]
)
"""The endings of files that hold prompts."""

NAMES = frozenset([".cursorrules", ".windsurfrules", ".clinerules"])
"""Files without an ending that hold prompts."""

SKIPPED_FOLDERS = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".ruff_cache",
        ".pytest_cache",
        ".tox",
        ".homeostat",
    ]
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a library may hold: a larger file is left out and said, more files are an error."""

    file_bytes_max: int = 16 * 1024 * 1024
    files_max: int = 50_000
    total_bytes_max: int = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FoundFiles:
    """The files of a library by their paths within it.

    `aliases` are links that stay within the library, files and folders, with the paths that they lead to.
    """

    paths: tuple[str, ...]
    aliases: dict[str, str] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()


def find_files(root: Path, limits: Limits) -> FoundFiles:
    """Return the prompt files under a folder, sorted by path.

    Raises InputError if it is no folder or cannot be read, TooLarge if there are too many files.
    """
    if not root.is_dir():
        raise InputError(f"{root} is not a folder; name the folder that holds the prompts")
    real_root = root.resolve()
    paths: list[str] = []
    aliases: dict[str, str] = {}
    problems: list[Problem] = []
    for entry in _entries(real_root, problems):
        path = Path(entry.path).relative_to(real_root).as_posix()
        if _shown(path) != path:
            problems.append(Problem(_shown(path), 0, "left out: its name is no UTF-8; give it another"))
        elif entry.is_symlink():
            _note_link(real_root, path, aliases, problems)
        elif entry.is_file() and (PurePath(entry.name).suffix.lower() in ENDINGS or entry.name in NAMES):
            if entry.stat().st_size > limits.file_bytes_max:
                problems.append(Problem(path, 0, f"left out: more than {limits.file_bytes_max:,} bytes"))
                continue
            paths.append(path)
            if len(paths) > limits.files_max:
                raise TooLarge(
                    f"{root} holds more than {limits.files_max:,} prompts; name a folder within it"
                )
    return FoundFiles(tuple(sorted(paths)), aliases, tuple(problems))


def _entries(root: Path, problems: list[Problem]) -> "Iterator[os.DirEntry[str]]":
    """Return files and links, without going into links to folders."""
    waiting = [str(root)]
    while waiting:
        folder = waiting.pop()
        try:
            entries = sorted(os.scandir(folder), key=lambda e: e.name)
        except OSError as error:
            if folder == str(root):
                raise InputError(f"cannot read {root}: {error.strerror or error}") from None
            path = Path(folder).relative_to(root).as_posix()
            problems.append(Problem(_shown(path), 0, f"cannot be read: {error.strerror or error}"))
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in SKIPPED_FOLDERS:
                    waiting.append(entry.path)
            else:
                yield entry


def _shown(path: str) -> str:
    """Return a path as it can be printed and sent: bytes that are no UTF-8 as `\\xff`."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _note_link(root: Path, path: str, aliases: dict[str, str], problems: list[Problem]) -> None:
    try:
        target = (root / path).resolve(strict=True)
    except (OSError, RuntimeError):
        problems.append(Problem(path, 0, "a link that leads nowhere"))
        return
    if not target.is_relative_to(root):
        problems.append(Problem(path, 0, "left out: a link that leads outside the library"))
        return
    aliases[path] = target.relative_to(root).as_posix()
