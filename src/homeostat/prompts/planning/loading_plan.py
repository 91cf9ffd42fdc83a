"""The loading plan: what is loaded with each entry point always, what mostly, and what on demand."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import msgspec

from homeostat.core.errors import InputError
from homeostat.prompts.graph.graph import HARD, Edge, Graph
from homeostat.prompts.graph.styles import KINDS
from homeostat.prompts.graph.understanding import EntryPoint, Understood
from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.library import Library
from homeostat.prompts.planning.trigger import Trigger, triggers
from homeostat.prompts.planning.usage import Usage

FORMAT = 1
"""Goes up when older readers would misunderstand a plan."""

ON_DEMAND_MAX = 200
"""Modules on demand that a plan lists for one entry point, the nearest first."""

FREQUENT_MIN = 0.5
"""The share of runs from which on a module is loaded ahead, where prices say nothing else."""

MAY_LOAD = KINDS[:2]
CONDITIONAL = KINDS[1:2]
NOBODY = Usage()


class Frequent(msgspec.Struct, frozen=True):
    """A module that most runs read, so that it is loaded ahead: the share of runs that read it."""

    path: str
    tokens: int
    used: float


class OnDemand(msgspec.Struct, frozen=True):
    """A module that is loaded when one of its triggers is the case.

    `brings` are the modules that come with it by hard references and are not there yet; `tokens` are its own
    and theirs. `used` is the share of runs that read it, None where that is not known.
    """

    path: str
    tokens: int
    brings: tuple[str, ...]
    triggers: tuple[Trigger, ...]
    used: float | None


class EntryPlan(msgspec.Struct, frozen=True):
    """What is loaded for one entry point, by its path and name.

    `critical` are its own module and all that these reach by hard references. The tokens of `on_demand` count
    each module once, `route_tokens` are those of `critical` with the heaviest of several ways. Of modules on
    demand the 200 nearest are listed; `unlisted` counts the others, which are brought about by those.
    """

    name: str
    kind: str
    path: str
    critical: tuple[str, ...]
    frequent: tuple[Frequent, ...]
    on_demand: tuple[OnDemand, ...]
    critical_tokens: int
    frequent_tokens: int
    route_tokens: int
    on_demand_tokens: int
    unlisted: int = 0

    @property
    def ahead(self) -> tuple[str, ...]:
        """What is loaded with the entry point."""
        return (*self.critical, *(f.path for f in self.frequent))

    @property
    def listed(self) -> frozenset[str]:
        """The modules on demand that are listed, with those that they bring."""
        return frozenset(m for d in self.on_demand for m in (d.path, *d.brings))

    @property
    def ahead_tokens(self) -> int:
        """The tokens that a run begins with, without what is always loaded."""
        return self.critical_tokens + self.frequent_tokens

    @property
    def all_tokens(self) -> int:
        """The tokens of a run that reads all that it may, which is what loading without a plan takes."""
        return self.ahead_tokens + self.on_demand_tokens


class LoadingPlan(msgspec.Struct, frozen=True):
    """The plans of a library's entry points. `always` is loaded before each of them.

    It is in a plan only where an entry point needs it hard; then it is to be loaded once. Paths are relative
    to the library. `tokens` are those of each module that is named here, by `tokenizer`.
    """

    format: int
    tokenizer: str
    always: tuple[str, ...]
    always_tokens: int
    tokens: dict[str, int]
    entries: tuple[EntryPlan, ...]

    def entry(self, name: str) -> EntryPlan:
        """Return the plan of an entry point, by its name with or without a slash, or by its path.

        Raises InputError where none has the name, or several have.
        """
        found = [e for e in self.entries if name in (e.name, e.path)]
        found = found or [e for e in self.entries if e.name.lstrip("/") == name.lstrip("/")]
        if len(found) == 1:
            return found[0]
        if found:
            paths = ", ".join(e.path for e in found)
            raise InputError(f"{name!r} is the name of several entry points; give a path: {paths}")
        names = [e.name for e in self.entries]
        near = get_close_matches(name, names, n=3, cutoff=0.4) or names[:10]
        raise InputError(f"no entry point is named {name!r}; there are {', '.join(near) or 'none'}")


def loading_plan(
    library: Library,
    understood: Understood,
    tokens: Mapping[str, int],
    tokenizer: str,
    usage: Usage = NOBODY,
    frequent_min: float = FREQUENT_MIN,
) -> LoadingPlan:
    """Return what is loaded when, by references and, where it is known, by usage. Pure.

    Guarantee: all that an entry point reaches by hard references is critical and nothing of it is on demand;
    all that it reaches by hard and conditional references is in its plan or is always loaded. A module is
    frequent where it is 95% sure (Wilson) that at least `frequent_min` of the runs read it, and brings along
    what it needs hard.
    """
    planner = _Planner(library, understood, tokens, usage, frequent_min)
    always = understood.always_loaded
    entries = tuple(planner.plan(entry) for entry in understood.entries)
    named = {m for e in entries for m in (*e.ahead, *e.listed)}
    return LoadingPlan(
        format=FORMAT,
        tokenizer=tokenizer,
        always=always,
        always_tokens=planner.weight(always),
        tokens={m: tokens[m] for m in sorted({*always, *named})},
        entries=entries,
    )


class _Planner:
    def __init__(
        self,
        library: Library,
        understood: Understood,
        tokens: Mapping[str, int],
        usage: Usage,
        frequent_min: float,
    ) -> None:
        self._modules = library.modules
        self._graph: Graph = understood.graph
        self._always = dict.fromkeys(understood.always_loaded)
        self._tokens = tokens
        self._usage = usage
        self._frequent_min = frequent_min
        self._texts: dict[str, str] = {}
        self._edges: dict[tuple[str, str], list[Edge]] = defaultdict(list)
        for edge in understood.graph.edges:
            if edge.target is not None and edge.kind == "conditional":
                self._edges[edge.source, edge.target].append(edge)

    def weight(self, modules: Iterable[str]) -> int:
        return sum(self._tokens[m] for m in modules)

    def plan(self, entry: EntryPoint) -> EntryPlan:
        critical = self._graph.closure([entry.path], HARD)
        ahead = dict.fromkeys(critical)
        frequent: list[Frequent] = []
        for path in self._most_read(entry.path):
            for module in self._graph.closure([path], HARD):
                if module not in ahead and module not in self._always:
                    ahead[module] = None
                    used = self._usage.share(entry.path, module) or 0.0
                    frequent.append(Frequent(module, self._tokens[module], round(used, 4)))
        reached = self._may_load(entry.path, ahead)
        waiting = [m for m in reached if m not in ahead and m not in self._always]
        sources = self._sources(reached)
        triggered = [m for m in waiting if m in sources or self._usage.share(entry.path, m)]
        return EntryPlan(
            name=entry.name,
            kind=entry.kind,
            path=entry.path,
            critical=critical,
            frequent=tuple(frequent),
            on_demand=tuple(
                self._on_demand(entry.path, m, ahead, sources) for m in triggered[:ON_DEMAND_MAX]
            ),
            critical_tokens=self.weight(critical),
            frequent_tokens=sum(f.tokens for f in frequent),
            route_tokens=self.weight(self._graph.route_closure([entry.path], self._tokens)),
            on_demand_tokens=self.weight(waiting),
            unlisted=max(len(triggered) - ON_DEMAND_MAX, 0),
        )

    def _most_read(self, entry: str) -> list[str]:
        """Return the modules that most runs read, the most read first."""
        read = [
            m
            for m in self._usage.reads.get(entry, {})
            if m in self._modules and self._usage.share_at_least(entry, m) >= self._frequent_min
        ]
        return sorted(read, key=lambda m: (-(self._usage.share(entry, m) or 0.0), m))

    def _may_load(self, entry: str, ahead: Iterable[str]) -> tuple[str, ...]:
        """Return what is reached by what may load, and what runs have read without its being named."""
        read = (m for m in self._usage.reads.get(entry, {}) if m in self._modules)
        return self._graph.closure([*ahead, *read], MAY_LOAD)

    def _sources(self, modules: Iterable[str]) -> dict[str, list[str]]:
        """Return for each module which of some modules refer to it conditionally."""
        found: dict[str, list[str]] = defaultdict(list)
        for source in modules:
            for target in self._graph.following(source, CONDITIONAL):
                found[target].append(source)
        return dict(found)

    def _text(self, path: str) -> str:
        """Return a module's text as references were found in it, kept for the next that it brings about."""
        if path not in self._texts:
            self._texts[path] = expanded(self._modules[path].text)
        return self._texts[path]

    def _on_demand(
        self, entry: str, path: str, ahead: Mapping[str, None], sources: Mapping[str, list[str]]
    ) -> OnDemand:
        brings = tuple(
            m for m in self._graph.closure([path], HARD)[1:] if m not in ahead and m not in self._always
        )
        found = [
            t
            for source in sources.get(path, ())
            for t in triggers(self._text(source), self._edges[source, path])
        ]
        used = self._usage.share(entry, path)
        if not found and used:
            found = [Trigger("usage", "", entry, 0)]
        return OnDemand(
            path=path,
            tokens=self.weight([path, *brings]),
            brings=brings,
            triggers=tuple(found),
            used=None if used is None else round(used, 4),
        )
