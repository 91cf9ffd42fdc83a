"""How long it takes to read what an entry point loads."""

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from homeostat.prompts.library.decoding import decode

ROUNDS = 5


def load_ms(root: Path, paths: Iterable[str], clock: Callable[[], int] = time.perf_counter_ns) -> float:
    """Return the milliseconds to read and decode some files, the fastest of five rounds.

    All that a busy machine does is to add to it, so the fastest is the figure. The files come from the
    operating system's cache after the first round.
    """
    files = [root / p for p in paths]
    best = None
    for _ in range(ROUNDS):
        began = clock()
        for file in files:
            decode(file.read_bytes())
        took = clock() - began
        best = took if best is None else min(best, took)
    return (best or 0) / 1e6
