"""The edition: one form of a library on disk, as it was written or as it was made lean."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Literal, get_args

from homeostat.core.clock import Clock
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.log import event
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.resolution import Resolver
from homeostat.prompts.graph.styles import Styles
from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.serving.catalogue import (
    ORDERS_FILE,
    PLANS,
    Catalogue,
    planned_catalogue,
    walked_catalogue,
)
from homeostat.prompts.serving.held import Held
from homeostat.prompts.serving.module_file import Stamp, stamp_of

Layer = Literal["critical", "frequent", "on_demand"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
"""What is loaded with an entry point: what it includes; what most runs read as well; all it may need."""


class Edition:
    """A folder of prompts, and what each of its entry points loads.

    With a loading plan beside it, the plan says what there is, and the folder is walked only for what the
    plan does not name. Without one it is walked at once, and what a module includes is found when it is read.
    """

    def __init__(self, name: str, root: Path, styles: Styles, clock: Clock, check_every_ns: int) -> None:
        self.name = name
        self.root = root.resolve()
        self._styles = styles
        if not root.is_dir():
            raise InputError(f"{root} is not a folder; name the folder that holds the prompts")
        self._clock = clock
        self._check_every_ns = check_every_ns
        self._check_at_ns = clock.monotonic_ns() + check_every_ns
        self._walk_at_ns = 0
        self._failing = False
        self._stamps: tuple[Stamp | None, ...] = ()
        self.catalogue = self._read()
        self._resolver = Resolver(self.catalogue)
        self._includes: dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...]]] = {}

    def find(self, name: str) -> str:
        """Return the path of what a name means. Raises InputError with names like it."""
        found = self.catalogue.path(name)
        if found is None:
            near = self.catalogue.near(name)
            raise InputError(f"no prompt is named {name!r} in {self.root}; there are {near}")
        return found

    def check(self) -> None:
        """Take up another loading plan or order where there is one now; look at most every so often."""
        now = self._clock.monotonic_ns()
        if now >= self._check_at_ns:
            self._check_at_ns = now + self._check_every_ns
            if self._stamps_now() != self._stamps:
                self._try_to_refresh()

    def look_again(self) -> None:
        """Look for what is not known, at most every so often, and for a tenth of the time."""
        began = self._clock.monotonic_ns()
        if began >= self._walk_at_ns:
            self._try_to_refresh()
            ended = self._clock.monotonic_ns()
            self._walk_at_ns = ended + max(self._check_every_ns, 10 * (ended - began))

    def refresh(self) -> None:
        """Look again what there is, in all of the folder. Raises as when it was opened."""
        found = self._read(walk=True)
        if found != self.catalogue:
            self._resolver = Resolver(found)
            self._includes = {}
            self.catalogue = found

    def loads(self, path: str, layer: Layer, content: Callable[[str], Held]) -> list[str]:
        """Return what is loaded for a module, in the order in which it is put together.

        `content` gives the content of a module. Modules that include each other are loaded once each.
        """
        plan = self.catalogue.plans.get(path)
        if plan is None:
            return self.catalogue.ordered(path, self._closure(path, layer, content))
        loaded = dict.fromkeys(plan.critical if layer == "critical" else plan.ahead)
        if layer == "on_demand":
            loaded.update(dict.fromkeys(m for d in plan.on_demand for m in (d.path, *d.brings)))
        return self.catalogue.ordered(path, loaded)

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
        includes, resolver = self._includes, self._resolver  # both of one catalogue
        known = includes.get(path)
        if known is not None and known[0] == held.digest:
            return known[1:]
        text = expanded(held.template.text)
        targets: dict[str, dict[str, None]] = {"hard": {}, "conditional": {}, "mention": {}}
        for reference in references(text, read_front_matter(text), self._styles):
            target, _ = resolver.resolve(reference.target, path)
            if target is not None and target != path:
                targets[reference.edge][target] = None
        found = tuple(targets["hard"]), tuple(targets["conditional"])
        includes[path] = (held.digest, *found)
        return found

    def _try_to_refresh(self) -> None:
        """Look again; what cannot be read, such as a plan that is being written, is tried again later."""
        try:
            self.refresh()
            self._failing = False
        except (ConfigError, InputError) as error:
            self._stamps = ()
            if not self._failing:
                event("prompts.last_good_catalogue", logging.WARNING, edition=self.name, reason=str(error))
            self._failing = True

    def _read(self, *, walk: bool = False) -> Catalogue:
        self._stamps = self._stamps_now()
        planned = planned_catalogue(self.root)
        if planned is not None and not walk:
            return planned
        return walked_catalogue(self.root, self._styles, planned.plans if planned else {})

    def _stamps_now(self) -> tuple[Stamp | None, ...]:
        return tuple(_stamp(self.root / name) for name in (*PLANS, ORDERS_FILE))


def _stamp(file: Path) -> Stamp | None:
    try:
        return stamp_of(file)
    except OSError:
        return None
