"""The catalogue: what there is in a folder of prompts, from its loading plan or from a walk."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path, PurePosixPath

import msgspec

from homeostat.core.errors import ConfigError
from homeostat.prompts.graph.styles import Styles
from homeostat.prompts.graph.understanding import entry_kind, entry_name
from homeostat.prompts.library.front_matter import LENGTH_MAX, FrontMatter, read_front_matter
from homeostat.prompts.library.library_files import Limits, find_files
from homeostat.prompts.optimize.manifest import FILES, ORDERS, OWN
from homeostat.prompts.planning.loading_plan import EntryPlan
from homeostat.prompts.planning.plan_file import NAME as PLAN
from homeostat.prompts.planning.plan_file import read_plan

PLANS = (PLAN, f"{OWN}/{FILES}/{PLAN}")
"""Where a loading plan may lie: made by `homeostat prompts plan`, or by a pass of the optimiser."""

ORDERS_FILE = f"{OWN}/{ORDERS}"

NAMED_BY_PATH = frozenset(["command", "pattern"])
"""Kinds of entry points whose names need no look into the file."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What there is in an edition. Paths are those of modules, relative to its folder.

    `entries` are the paths of entry points by name. By path, `plans` are what the loading plan says of them,
    and `orders` how they are put together. `loaders` counts how many entry points load a module.
    """

    modules: Mapping[str, None]
    aliases: Mapping[str, str]
    entries: Mapping[str, str]
    always: tuple[str, ...]
    plans: Mapping[str, EntryPlan]
    orders: Mapping[str, tuple[str, ...]]
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

    def ordered(self, path: str, loaded: Mapping[str, None]) -> list[str]:
        """Return what is loaded with a module in the order in which it is put together.

        That is the order of the optimiser. Without one, what most entry points share comes first and the
        module itself last, so that what is sent begins with what changes least and ends with what is filled.
        """
        order = [m for m in self.orders.get(path, ()) if m in loaded]
        if path in order:
            others = [m for m in loaded if m not in order]
            return [*order[:-1], *others, order[-1]]
        others = [m for m in loaded if m != path]
        return [*sorted(others, key=lambda m: -self.loaders.get(m, 0)), path]


def planned_catalogue(root: Path) -> Catalogue | None:
    """Return what a folder's loading plan says there is, None if it has no plan.

    Raises ConfigError where a plan cannot be used.
    """
    file = next((root / name for name in PLANS if (root / name).is_file()), None)
    if file is None:
        return None
    plan = read_plan(file)
    named = {m for e in plan.entries for m in e.ahead}
    named |= {m for e in plan.entries for d in e.on_demand for m in (d.path, *d.brings)}
    _check_within(file, (*named, *plan.always))
    return Catalogue(
        modules=dict.fromkeys([*sorted(named), *plan.always]),
        aliases={},
        entries={e.name: e.path for e in plan.entries},
        always=plan.always,
        plans={e.path: e for e in plan.entries},
        orders=_orders(root),
        loaders=Counter(m for e in plan.entries for m in e.ahead),
    )


def walked_catalogue(root: Path, styles: Styles, plans: Mapping[str, EntryPlan]) -> Catalogue:
    """Return what lies in a folder. Raises InputError where it cannot be read, ConfigError as above."""
    found = find_files(root, Limits())
    entries: dict[str, str] = {}
    always: list[str] = []
    for path in found.paths:
        kind = entry_kind(path, styles)
        if kind == "always":
            always.append(path)
        elif kind is not None:
            front_matter = FrontMatter() if kind in NAMED_BY_PATH else _front_matter(root / path)
            entries.setdefault(entry_name(path, kind, front_matter), path)
    return Catalogue(
        modules=dict.fromkeys(found.paths),
        aliases=found.aliases,
        entries=entries,
        always=tuple(always),
        plans=plans,
        orders=_orders(root),
        loaders=Counter(m for p in plans.values() for m in p.ahead),
    )


def _orders(root: Path) -> dict[str, tuple[str, ...]]:
    file = root / ORDERS_FILE
    try:
        orders = msgspec.json.decode(file.read_bytes(), type=dict[str, tuple[str, ...]])
    except FileNotFoundError:
        return {}
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}; run `homeostat prompts optimize` again") from None
    return orders


def _check_within(file: Path, paths: Iterable[str]) -> None:
    for path in paths:
        parts = PurePosixPath(path).parts
        if not parts or parts[0] == "/" or ".." in parts:
            raise ConfigError(f"{file} names {path!r}, which is not in the library; make the plan again")


def _front_matter(file: Path) -> FrontMatter:
    try:
        with file.open("rb") as opened:
            return read_front_matter(opened.read(LENGTH_MAX).decode("utf-8", "replace"))
    except OSError:
        return FrontMatter()
