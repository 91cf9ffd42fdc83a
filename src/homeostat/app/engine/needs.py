"""The needs: what load, spend and resources will come to, each forecast from how its series went so far."""

import math
from dataclasses import dataclass

import numpy as np

from homeostat.act.controller import Line
from homeostat.act.controllers.need import Need, need
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.query import LEVELS_NS, Frame, FrameQuery, Store
from homeostat.core.series import Attributes, SeriesKey
from homeostat.judge.views.candidate import OWN_SERVICE
from homeostat.judge.views.sentence import in_words
from homeostat.judge.words.moment_words import length_words
from homeostat.judge.words.quantity import quantity
from homeostat.stats.not_known import NotKnown

CALLS, TOKENS, COST = "operation.duration", "llm.tokens", "llm.cost"
RATES = {CALLS: "calls/s", TOKENS: "tokens/s", COST: "USD/s"}
"""What is needed at a rate: calls by their number, the others by their sum."""

LEVELS = (
    "system.cpu.utilization",
    "process.cpu.usage",
    "system.memory.utilization",
    "process.memory.usage",
)
"""What is needed at a level."""

POINTS = 240
SERIES_MAX = 40
"""Series of one metric that are forecast at most: the largest ones."""

CHOICES = 4
"""A horizon is at least so many steps, if there are buckets as fine as that."""


@dataclass(frozen=True, slots=True)
class ResourceNeed:
    """What will be asked for within the horizon, in `unit`: the highest value that is expected, and the one
    that each value stays below with the given chance.

    Both are None where they are not known; `words` then says why.
    """

    metric: str
    service: str
    attributes: Attributes
    unit: str
    expected: float | None
    peak: float | None
    words: str


def resource_needs(
    store: Store, now_ns: int, horizon_s: float, confidence: float
) -> tuple[ResourceNeed, ...]:
    """Return the needs within a horizon, the largest series of each metric first.

    Guarantee and limits: those of `homeostat.act.controllers.need`. Cost: some ms a series. Raises
    InputError for a horizon or a confidence without sense.
    """
    if not 0.0 < horizon_s < math.inf:
        raise InputError(f"a horizon is a number of seconds above 0, not {horizon_s!r}")
    if not 0.5 < confidence < 1.0:
        raise InputError(f"a confidence lies between 0.5 and 1, not {confidence!r}")
    step_ns = max((w for w in LEVELS_NS if w * CHOICES <= horizon_s * SECOND_NS), default=LEVELS_NS[0])
    end_ns = now_ns // step_ns * step_ns  # the bucket under way would look like a fall
    found = []
    for metric in (*RATES, *LEVELS):
        frames = store.read(FrameQuery(end_ns - POINTS * step_ns, end_ns, step_ns, metric))
        lines = {
            key: _line(key, frame, step_ns, end_ns)
            for key, frame in frames.items()
            if key.get("service") != OWN_SERVICE and frame.start_ns.size
        }
        largest = sorted(lines, key=lambda key: (-float(np.nansum(lines[key].values)), key))[:SERIES_MAX]
        found += [_need(key, lines[key], horizon_s, confidence) for key in largest]
    return tuple(found)


def _line(key: SeriesKey, frame: Frame, step_ns: int, end_ns: int) -> Line:
    """Return a series from its first value until now; a rate is 0 where nothing came, a level not known."""
    first_ns = int(frame.start_ns[0])
    rate = key.metric in RATES
    values = np.full((end_ns - first_ns) // step_ns, 0.0 if rate else np.nan)
    came = frame.count if key.metric == CALLS else frame.count * frame.mean
    values[(frame.start_ns - first_ns) // step_ns] = came * (SECOND_NS / step_ns) if rate else frame.mean
    return Line(values, step_ns, end_ns)


def _need(key: SeriesKey, line: Line, horizon_s: float, confidence: float) -> ResourceNeed:
    unit = RATES.get(key.metric, key.unit)
    name = in_words(key, frozenset())
    found: Need | NotKnown = need(line, horizon_s, confidence)
    service = key.get("service")
    attributes = tuple((k, v) for k, v in key.attributes if k != "service")
    if isinstance(found, NotKnown):
        words = f"{name}: not known: {found.reason}"
        return ResourceNeed(key.metric, service, attributes, unit, None, None, words)
    words = (
        f"{name}: {quantity(found.expected, unit)} expected within {length_words(horizon_s * SECOND_NS)}, "
        f"at most {quantity(found.peak, unit)} with a chance of {confidence:.0%}"
    )
    return ResourceNeed(key.metric, service, attributes, unit, found.expected, found.peak, words)
