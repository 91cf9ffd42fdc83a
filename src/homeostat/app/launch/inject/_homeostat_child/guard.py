"""The guard: whatever fails in here is told in one line on stderr and never reaches the program."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_told: set[str] = set()


def tell(text: str) -> None:
    """Write one line to stderr, once a process."""
    if text not in _told and sys.stderr is not None:
        _told.add(text)
        try:
            sys.stderr.write("homeostat: " + " ".join(text.split()) + "\n")
            sys.stderr.flush()
        except (OSError, ValueError):  # stderr is closed
            pass


def guarded(what: str, action: Callable[[], object]) -> bool:
    """Run `action` and swallow any exception, telling it; an interrupt or an exit passes through."""
    try:
        action()
    except Exception as error:  # noqa: BLE001 - the one named guard within the program
        tell(f"{what} failed, the program goes on without it: {type(error).__name__}: {error}")
        return False
    return True
