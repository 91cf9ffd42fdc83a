"""The sentence: the state of everything, as one says it."""

from collections.abc import Sequence

from homeostat.core.series import SeriesKey
from homeostat.judge.targets.limit import State, limit_words
from homeostat.judge.views.candidate import Candidate
from homeostat.judge.words.quantity import count, quantity


def in_words(key: SeriesKey, hidden: frozenset[str]) -> str:
    """Return a series' name as one says it, without its service.

    >>> from homeostat.core.metric import Kind
    >>> in_words(SeriesKey.of("llm.duration", Kind.HISTOGRAM, "ms", {"model": "m"}), frozenset())
    'llm.duration (m)'
    """
    values = ", ".join(v for k, v in key.attributes if v and k not in hidden and k != "service")
    return f"{key.metric} ({values})" if values else key.metric


def sentence(found: Sequence[Candidate], hidden: frozenset[str], where_time_goes: str = "") -> str:
    """Return the overview in one sentence: what is broken, by how much, and where the time goes."""
    if not found:
        return "Nothing has been measured yet."
    limited = [c for c in found if c.judgement.state is not State.NO_LIMIT]
    broken = [c for c in limited if c.judgement.state is State.VIOLATED]
    unknown = sum(c.judgement.state is State.UNKNOWN for c in limited)
    tail = f"; {where_time_goes}" if where_time_goes else ""
    if not limited:
        return f"{count(len(found))} series are measured, none of them has a limit yet{tail}."
    if not broken:
        if unknown == len(limited):
            holds = "limit holds" if unknown == 1 else f"{_limits(unknown)} hold"
            return f"Whether the {holds} is not known yet{tail}."
        waiting = f", {count(unknown)} not known yet" if unknown else ""
        verdict = (
            f"All {_limits(len(limited))} hold"
            if not unknown
            else f"None of {_limits(len(limited))} is broken"
        )
        return f"{verdict}{waiting}{tail}."
    first = broken[0]
    metric = first.metric
    assert metric is not None
    shown = first.statistic
    what = (
        f"{in_words(first.key, hidden)} {shown.name} is {quantity(shown.value, shown.unit)}"
        f" (limit {limit_words(metric, shown.unit)})"
    )
    verb = "is" if len(broken) == 1 else "are"
    waiting = f"; {count(unknown)} not known yet" if unknown else ""
    return f"{count(len(broken))} of {_limits(len(limited))} {verb} broken: {what}{waiting}{tail}."


def _limits(n: int) -> str:
    return f"{count(n)} limit" if n == 1 else f"{count(n)} limits"
