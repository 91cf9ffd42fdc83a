"""The edition: one form of a library on disk, as it was written or as it was made lean."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

from homeostat.core.errors import ConfigError, InputError
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.resolution import Resolver
from homeostat.prompts.graph.styles import Styles
from homeostat.prompts.graph.understanding import entry_kind, entry_name
from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.front_matter import LENGTH_MAX, FrontMatter, read_front_matter
from homeostat.prompts.library.library_files import Limits, find_files
from homeostat.prompts.planning.loading_plan import EntryPlan
from homeostat.prompts.planning.plan_file import NAME as PLAN
from homeostat.prompts.planning.plan_file import read_plan
from homeostat.prompts.serving.held import Held
from homeostat.prompts.serving.module_file import Stamp, stamp_of

Layer = Literal["critical", "frequent", "on_demand"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
"""What is loaded with an entry point: what it includes; what most runs read as well; all it may need."""

NAMED_BY_PATH = frozenset(["command", "pattern"])
"""Kinds of entry points whose names need no look into the file."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is in an edition. Paths are those of modules, relative to its folder.

    `entries` are the paths of entry points by name, `plans` what the loading plan says of them, by path;
    `loaders` counts how many entry points load a module.
    """

    modules: Mapping[str, None]
    aliases: Mapping[str, str]
    entries: Mapping[str, str]
    always: tuple[str, ...]
    plans: Mapping[str, EntryPlan]
    loaders: Mapping[str, int]

    def path(self, name: str) -> str | None:
        """Return the module that a name means: an entry point's, with or without its slash, or a path."""
        found = self.entries.get(name) or self.entries.get("/" + name)
        if found is not None:
            return found
        name = self.aliases.get(name, name)
        return name if name in self.modules else None

    def near(self, name: str) -> str:
        """Return names that somebody may have meant, for an error."""
        names = get_close_matches(name, [*self.entries, *self.modules], n=3, cutoff=0.5)
        return ", ".join(names or sorted(self.entries)[:10]) or "none"


class Edition:
    """A folder of prompts, and what each of its entry points loads.

    With a loading plan beside it, the plan says what there is, and the folder is walked only for what the
    plan does not name. Without one it is walked at once, and what a module includes is found when it is read.
    """

    def __init__(self, name: str, root: Path, styles: Styles) -> None:
        self.name = name
        self.root = root.resolve()
        self._styles = styles
        if not root.is_dir():
            raise InputError(f"{root} is not a folder; name the folder that holds the prompts")
        self._checked_ns = 0
        self._walked_ns: int | None = None
        self._plan_stamp = self._stamp()
        self.catalogue = self._planned() or self._walked({})
        self._resolver = Resolver(self.catalogue)
        self._includes: dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...]]] = {}

    def find(self, name: str) -> str:
        """Return the path of what a name means. Raises InputError with names like it."""
        found = self.catalogue.path(name)
        if found is None:
            near = self.catalogue.near(name)
            raise InputError(f"no prompt is named {name!r} in {self.root}; there are {near}")
        return found

    def check(self, now_ns: int, every_ns: int) -> None:
        """Take up another loading plan where there is one now; look for one at most every so often."""
        if now_ns - self._checked_ns >= every_ns:
            self._checked_ns = now_ns
            if self._stamp() != self._plan_stamp:
                self.refresh()

    def look_again(self, now_ns: int, every_ns: int) -> None:
        """Look for what is not known, at most every so often."""
        if self._walked_ns is None or now_ns - self._walked_ns >= every_ns:
            self._walked_ns = now_ns
            self.refresh()

    def refresh(self) -> None:
        """Look again what there is, in all of the folder."""
        self._plan_stamp = self._stamp()
        planned = self._planned()
        self.catalogue = self._walked(planned.plans if planned else {})
        self._resolver = Resolver(self.catalogue)
        self._includes = {}

    def loads(self, path: str, layer: Layer, content: Callable[[str], Held]) -> list[str]:
        """Return what is loaded for a module, itself last, what most entry points share first.

        So what is sent begins with what changes least, and ends with what is filled in. `content` gives the
        content of a module. Modules that include each other are loaded once each.
        """
        plan = self.catalogue.plans.get(path)
        if plan is not None:
            reached = dict.fromkeys(plan.critical)
            if layer != "critical":
                reached.update(dict.fromkeys(plan.ahead))
            if layer == "on_demand":
                reached.update(dict.fromkeys(m for d in plan.on_demand for m in (d.path, *d.brings)))
        else:
            reached = self._closure(path, layer, content)
        reached.pop(path, None)
        return [*sorted(reached, key=lambda m: -self.catalogue.loaders.get(m, 0)), path]

    def _closure(self, path: str, layer: Layer, content: Callable[[str], Held]) -> dict[str, None]:
        reached: dict[str, None] = {path: None}
        waiting = [path]
        for module in waiting:
            hard, conditional = self._included(module, content(module))
            for target in (*hard, *(conditional if layer == "on_demand" else ())):
                if target not in reached:
                    reached[target] = None
                    waiting.append(target)
        return reached

    def _included(self, path: str, held: Held) -> tuple[tuple[str, ...], tuple[str, ...]]:
        known = self._includes.get(path)
        if known is not None and known[0] == held.digest:
            return known[1:]
        text = expanded(held.template.text)
        targets: dict[str, dict[str, None]] = {"hard": {}, "conditional": {}, "mention": {}}
        for reference in references(text, read_front_matter(text), self._styles):
            target, _ = self._resolver.resolve(reference.target, path)
            if target is not None and target != path:
                targets[reference.edge][target] = None
        found = tuple(targets["hard"]), tuple(targets["conditional"])
        self._includes[path] = (held.digest, *found)
        return found

    def _stamp(self) -> Stamp | None:
        try:
            return stamp_of(self.root / PLAN)
        except OSError:
            return None

    def _planned(self) -> Catalogue | None:
        if self._plan_stamp is None:
            return None
        file = self.root / PLAN
        plan = read_plan(file)
        named = {m for e in plan.entries for m in e.ahead}
        named |= {m for e in plan.entries for d in e.on_demand for m in (d.path, *d.brings)}
        for path in (*named, *plan.always):
            parts = PurePosixPath(path).parts
            if not parts or parts[0] == "/" or ".." in parts:
                raise ConfigError(f"{file} names {path!r}, which is not in the library; make the plan again")
        plans = {e.path: e for e in plan.entries}
        return Catalogue(
            modules=dict.fromkeys([*sorted(named), *plan.always]),
            aliases={},
            entries={e.name: e.path for e in plan.entries},
            always=plan.always,
            plans=plans,
            loaders=Counter(m for e in plan.entries for m in e.ahead),
        )

    def _walked(self, plans: Mapping[str, EntryPlan]) -> Catalogue:
        found = find_files(self.root, Limits())
        entries: dict[str, str] = {}
        always: list[str] = []
        for path in found.paths:
            kind = entry_kind(path, self._styles)
            if kind == "always":
                always.append(path)
            elif kind is not None:
                front_matter = FrontMatter() if kind in NAMED_BY_PATH else self._front_matter(path)
                entries.setdefault(entry_name(path, kind, front_matter), path)
        return Catalogue(
            modules=dict.fromkeys(found.paths),
            aliases=found.aliases,
            entries=entries,
            always=tuple(always),
            plans=plans,
            loaders=Counter(m for p in plans.values() for m in p.ahead),
        )

    def _front_matter(self, path: str) -> FrontMatter:
        try:
            with (self.root / path).open("rb") as file:
                return read_front_matter(file.read(LENGTH_MAX).decode("utf-8", "replace"))
        except OSError:
            return FrontMatter()
