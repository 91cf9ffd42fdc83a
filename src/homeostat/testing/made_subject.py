"""A subject of findings made of a line alone, for tests."""

import numpy as np
from numpy.typing import NDArray

from homeostat.core.metric import Better
from homeostat.judge.findings.subject import Subject
from homeostat.judge.targets.limit import Judgement, State
from homeostat.judge.targets.statistic import Statistic


def made_subject(title: str, line: NDArray[np.float64]) -> Subject:
    """Return a latency that was measured once a second, without a limit."""
    known = line[np.isfinite(line)]
    middle = float(np.median(known))
    return Subject(
        name=title,
        title=title,
        unit="ms",
        better=Better.LOWER,
        guessed=False,
        n=known.size,
        shown=Statistic("p50", middle, "ms", None, "exact", 0),
        judgement=Judgement(State.NO_LIMIT, None, "no limit"),
        limit_words="",
        target=None,
        origin="epoch",
        start_ns=0,
        step_ns=10**9,
        line=line,
        mean=float(known.mean()),
        p50=middle,
        p95=float("nan"),
        p99=float("nan"),
        minimum=float(known.min()),
        maximum=float(known.max()),
    )
