"""The guard: keeps a failing observer from hurting the application that it observes.

This is the one place with a broad `except`.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from homeostat.core.log import event
from homeostat.core.losses import Losses


@contextmanager
def guarded(losses: Losses, where: str) -> Iterator[None]:
    """Swallow, count and (the first time) log any exception raised within.

    Only `Exception`s: an interrupt or an exit of the application passes through.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the one named guard
        reason = f"internal_error.{where}"
        if reason not in losses.totals():
            event("homeostat.internal_error", logging.ERROR, error, where=where)
        losses.add(reason)
