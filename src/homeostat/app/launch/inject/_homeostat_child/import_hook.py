"""The import hook: calls back when a module has just been imported, before its importer goes on."""

from __future__ import annotations

import sys
from _thread import get_ident

from .guard import guarded

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType


class _Hook:
    """A finder that finds nothing itself: it watches what the other finders find for the wanted names."""

    def __init__(self) -> None:
        self.wanted: dict[str, Callable[[], object]] = {}
        self._asking: set[tuple[int, str]] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        asking = (get_ident(), name)
        if name not in self.wanted or asking in self._asking:
            return None
        from importlib.util import find_spec

        self._asking.add(asking)
        try:
            spec = find_spec(name)
        finally:
            self._asking.discard(asking)
        callback = self.wanted.pop(name, None) if spec is not None else None
        if spec is not None and callback is not None:
            _call_after(spec, callback)
        return spec


def _call_after(spec: ModuleSpec, callback: Callable[[], object]) -> None:
    """Run `callback` after the module's own code, through an attribute of this one loader object."""
    loader = spec.loader
    execute = getattr(loader, "exec_module", None)
    if loader is None or execute is None:
        return

    def exec_module(module: ModuleType) -> None:
        execute(module)
        if module.__name__ == spec.name:
            vars(loader).pop("exec_module", None)
            guarded(f"observing {spec.name}", callback)

    guarded(f"watching {spec.name}", lambda: setattr(loader, "exec_module", exec_module))


_hook = _Hook()


def when_imported(name: str, callback: Callable[[], object]) -> None:
    """Call back once, when the module `name` has been imported; at once if it already has."""
    if name in sys.modules:
        guarded(f"observing {name}", callback)
        return
    _hook.wanted[name] = callback
    if _hook not in sys.meta_path:
        sys.meta_path.insert(0, _hook)
