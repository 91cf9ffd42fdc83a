"""Resolution: which module a reference means."""

import posixpath
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Protocol
from urllib.parse import unquote

from homeostat.prompts.library.library_files import ENDINGS

ESCAPED = re.compile(r"\\(?=[_*~#-])")
"""What Markdown puts in front of a sign that is to stand as it is."""


class Listing(Protocol):
    """The paths of a library's modules, and its links. A `Library` is one."""

    @property
    def modules(self) -> Collection[str]:
        """The modules by their paths."""
        ...

    @property
    def aliases(self) -> Mapping[str, str]:
        """What links within the library lead to."""
        ...


class Resolver:
    """Finds the modules that are meant by paths as people write them.

    In this order: beside the module that refers, from each folder above it up to the library's root (from
    there first, where the path begins with a slash), in the hidden folders of the root (`.claude` and its
    like), and last the one module whose path ends in what is written. Where several end in it, none is meant.
    """

    def __init__(self, library: Listing) -> None:
        self._modules = library.modules
        self._aliases: Mapping[str, str] = library.aliases
        self._folders = sorted(
            {p.split("/", 1)[0] for p in library.modules if p.startswith(".") and "/" in p}
        )
        self._composed = {c: p for p in library.modules if (c := unicodedata.normalize("NFC", p)) != p}
        self._known: dict[tuple[str, str], tuple[str | None, bool]] = {}

    def resolve(self, written: str, source: str) -> tuple[str | None, bool]:
        """Return the path of the module that is meant, None if there is none, and whether it was written so.

        False stands for a guess: only the ending of the module's path was written.
        """
        key = (posixpath.dirname(source), written)
        if key not in self._known:
            self._known[key] = self._find(_as_path(written), key[0])
        return self._known[key]

    def _find(self, written: str, folder: str) -> tuple[str | None, bool]:
        above = [folder]
        while above[-1]:
            above.append(posixpath.dirname(above[-1]))
        if written.startswith("/"):
            above, written = ["", *above[:-1]], written.lstrip("/")
        for base in (*above, *self._folders):
            path = self._module(posixpath.normpath(posixpath.join(base, written)))
            if path is not None:
                return path, True
        return self._by_ending(written), False

    def _module(self, path: str) -> str | None:
        """Return the module at a path, through links, with its ending left away or not."""
        for _ in range(8):
            if path in self._modules:
                return path
            if path in self._composed:
                return self._composed[path]
            head = self._link_on(path)
            if head is None:
                break
            path = posixpath.normpath(self._aliases[head] + path[len(head) :])
        if posixpath.splitext(path)[1] not in ENDINGS:
            for ending in (".md", ".mdc", ".txt", ".xml", ".prompt"):
                if path + ending in self._modules:
                    return path + ending
            skill = path + "/SKILL.md"
            if skill in self._modules:
                return skill
        return None

    def _link_on(self, path: str) -> str | None:
        """Return the link that a path goes through first, None if through none."""
        if not self._aliases:
            return None
        ends = [i for i, sign in enumerate(path) if sign == "/"]
        return next((path[:end] for end in (*ends, len(path)) if path[:end] in self._aliases), None)

    def _by_ending(self, written: str) -> str | None:
        parts = [p for p in written.split("/") if p not in ("", ".", "..")]
        if not parts:
            return None
        ending = "/".join(parts)
        return self._endings.get(ending, self._stems.get(ending))

    @cached_property
    def _endings(self) -> dict[str, str | None]:
        """The modules by each ending of their paths, None where several have it."""
        return _by_endings((path, path) for path in self._modules)

    @cached_property
    def _stems(self) -> dict[str, str | None]:
        """The same without the endings of files."""
        return _by_endings((posixpath.splitext(path)[0], path) for path in self._modules)


def _by_endings(named: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for name, path in named:
        start = len(name)
        while start >= 0:
            start = name.rfind("/", 0, start)
            ending = name[start + 1 :]
            found[ending] = None if ending in found else path
    return found


def _as_path(written: str) -> str:
    """Return a path as the file system writes it.

    >>> _as_path("@parts\\\\my%20file.md"), _as_path("prompt\\\\_parts/a.md")
    ('parts/my file.md', 'prompt_parts/a.md')
    """
    path = ESCAPED.sub("", written.lstrip("@")).replace("\\", "/")
    return unicodedata.normalize("NFC", unquote(path) if "%" in path else path)
