"""Resolution: which module a reference means."""

import posixpath
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Protocol

from homeostat.prompts.library.library_files import ENDINGS


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

    In this order: beside the module that refers, from each folder above it up to the library's root, in
    the hidden folders of the root (`.claude` and its like), and last the one module whose path ends in
    what is written. Where several end in it, none is meant.
    """

    def __init__(self, library: Listing) -> None:
        self._modules = library.modules
        self._aliases: Mapping[str, str] = library.aliases
        self._folders = sorted(
            {p.split("/", 1)[0] for p in library.modules if p.startswith(".") and "/" in p}
        )
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in library.modules:
            self._by_name[path.rpartition("/")[2]].append(path)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for name, paths in self._by_name.items():
            self._by_stem[posixpath.splitext(name)[0]] += paths
        self._known: dict[tuple[str, str], tuple[str | None, bool]] = {}

    def resolve(self, written: str, source: str) -> tuple[str | None, bool]:
        """Return the path of the module that is meant, None if there is none, and whether it was written so.

        False stands for a guess: only the ending of the module's path was written.
        """
        key = (posixpath.dirname(source), written)
        if key not in self._known:
            self._known[key] = self._find(written.lstrip("@").replace("\\", "/"), key[0])
        return self._known[key]

    def _find(self, written: str, folder: str) -> tuple[str | None, bool]:
        above = [folder]
        while above[-1]:
            above.append(posixpath.dirname(above[-1]))
        if written.startswith("/"):
            above, written = [""], written.lstrip("/")
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
            head = next((a for a in self._aliases if path == a or path.startswith(a + "/")), None)
            if head is None:
                break
            path = self._aliases[head] + path[len(head) :]
        if posixpath.splitext(path)[1] not in ENDINGS:
            for ending in (".md", ".mdc", ".txt", ".xml", ".prompt"):
                if path + ending in self._modules:
                    return path + ending
            skill = path + "/SKILL.md"
            if skill in self._modules:
                return skill
        return None

    def _by_ending(self, written: str) -> str | None:
        parts = [p for p in written.split("/") if p not in ("", ".", "..")]
        if not parts:
            return None
        name = parts[-1]
        named = self._by_name.get(name) or self._by_stem.get(name, [])
        tail = "/".join(parts[:-1])
        fitting = [p for p in named if not tail or ("/" + posixpath.dirname(p)).endswith("/" + tail)]
        return fitting[0] if len(fitting) == 1 else None
