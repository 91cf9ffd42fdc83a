"""The stretches of the demo: before the fault, with it, and after the last change that was kept."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.app.demo.loop_watch import Told
from homeostat.app.demo.names import OPERATION
from homeostat.app.demo.readings import Frame, Readings
from homeostat.core.clock import SECOND_NS
from homeostat.prove.ledger.entry import EntryKind

FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Stretch:
    """What answers were like over a stretch of time; None is what was not measured. Times are seconds since
    the load began, money USD; tokens and cost are for each answer."""

    name: str
    begin_s: float
    end_s: float
    answers: int
    mean_ms: float | None
    quality: float | None
    input_tokens: float | None
    cost_usd: float | None


def spans_of(told: Sequence[Told], end_s: float) -> tuple[tuple[str, float, float], ...]:
    """Return names, begins and ends: all of it as one where nothing went wrong."""
    fault_s = next((one.at_s for one in told if one.kind == FAULT), None)
    if fault_s is None:
        return (("all of it", 0.0, end_s),)
    kept = [one.at_s for one in told if one.kind == EntryKind.KEPT.value and one.at_s > fault_s]
    before, broken = ("before", 0.0, fault_s), ("with the fault", fault_s, kept[0] if kept else end_s)
    return (before, broken, ("after what was kept", kept[-1], end_s)) if kept else (before, broken)


def stretches_of(
    readings: Readings, service: str, told: Sequence[Told], begin_ns: int, end_s: float
) -> tuple[Stretch, ...]:
    """Return each stretch with what was measured in it; what began in one may have ended in the next."""
    of = (("service", service),)
    duration = readings.frames("operation.duration", (("operation", OPERATION), *of))
    quality = readings.frames("outcome.quality", (("operation", OPERATION), *of))
    tokens = readings.frames("llm.tokens", (("type", "input"), *of))
    cost = readings.frames("llm.cost", of)
    found = []
    for name, begin_s, until_s in spans_of(told, end_s):
        between = (begin_ns + round(begin_s * SECOND_NS), begin_ns + round(until_s * SECOND_NS))
        answers, total_ms = _sums(duration, between)
        rated, rating = _sums(quality, between)
        found.append(
            Stretch(
                name,
                begin_s,
                until_s,
                answers,
                total_ms / answers if answers else None,
                rating / rated if rated else None,
                _sums(tokens, between)[1] / answers if answers else None,
                _sums(cost, between)[1] / answers if answers else None,
            )
        )
    return tuple(found)


def _sums(frames: Sequence[Frame], between_ns: tuple[int, int]) -> tuple[int, float]:
    """Return how many values there were between two times, and their sum."""
    n, total = 0, 0.0
    for frame in frames:
        for start_ns, count, value in zip(frame.start_ns, frame.count, frame.column("total"), strict=True):
            if between_ns[0] <= start_ns < between_ns[1]:
                n += count
                total += value or 0.0
    return n, total
