"""The failure pattern: a simple rule that tells which requests go wrong, with its support."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homeostat.core.errors import InputError
from homeostat.core.interval import Interval
from homeostat.stats.effect import Estimate, ratio_of_sums
from homeostat.stats.multiplicity import adjusted
from homeostat.stats.not_known import NotKnown
from homeostat.stats.student import quantile as t_quantile
from homeostat.stats.student import two_sided

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROWS_MIN = 200
SUPPORT_MIN = 30
"""Rows on either side of a rule, in each half of the data."""

BLOCKS = 20
QUANTILES = (*(k / 40 for k in range(1, 40)), 0.985, 0.995)
VALUES_MAX = 20
"""Only so many of the most frequent values of a column of texts are looked at."""

UNEXPLAINED = 1 / 3
"""A rule is told beside others if this much of its effect is left outside of their rows."""

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class FailurePattern:
    """A rule on one column, and what is different where it holds.

    `worse` is relative for times and costs (0.25: 25% more, by the geometric mean) and in points for shares
    (0.12: 12 points more often), with its interval; `n` is the number of rows where the rule holds, `rest` of
    those where it does not. `q_value` is the false discovery rate at which it is told.
    """

    column: str
    relation: str
    value: float | str
    worse: float
    interval: Interval
    n: int
    rest: int
    q_value: float
    relative: bool

    @property
    def rule(self) -> str:
        """Such as `token_count > 40,000`."""
        return f"{self.column} {self.relation} {_shown(self.value)}"

    @property
    def words(self) -> str:
        """Such as `token_count > 40,000: 25% slower (18% to 33%), n = 212`."""
        low, high = self.interval.low, self.interval.high
        if self.relative:
            return f"{self.rule}: {self.worse:.0%} more ({low:.0%} to {high:.0%}), n = {self.n:,}"
        points = f"{100 * self.worse:.1f} points more often ({100 * low:.1f} to {100 * high:.1f})"
        return f"{self.rule}: {points}, n = {self.n:,}"


def failure_patterns(
    columns: Mapping[str, ArrayLike], outcome: ArrayLike, rate: float = 0.05, worse_min: float = 0.05
) -> tuple[FailurePattern, ...] | NotKnown:
    """Return the rules that tell where the outcome is worse, the surest first.

    `columns` are traits of requests in order of time, numbers or texts; `outcome` is what higher values of
    are worse: True where a request failed, or a positive number such as its duration. One rule is chosen for
    each column in one half of the data (every other of 20 stretches) and judged in the other half, so the
    choice of the threshold costs nothing. A rule that has little effect outside of the rows of surer ones is
    left out.

    Guarantee: at most the share `rate` of rules told are false (Benjamini and Hochberg), and intervals miss
    as rarely although only some are told (false coverage rate: Benjamini and Yekutieli 2005), for neighbours
    that depend on one another as far as `homeostat.stats.effect` allows. Does not tell causes. Cost: about
    80 passes over each column. Raises InputError for columns of other lengths, or an outcome that is neither.

    >>> tokens = np.arange(2_000) % 100
    >>> (found,) = failure_patterns({"tokens": tokens}, np.where(tokens > 74, 1.3, 1.0) + tokens % 7 / 100)
    >>> found.words
    'tokens > 74: 29% more (29% to 30%), n = 500'
    """
    values, relative = _outcome(outcome)
    table = {name: _column(name, column, values.size) for name, column in columns.items()}
    known = np.isfinite(values)
    if int(known.sum()) < ROWS_MIN:
        return NotKnown(f"{int(known.sum())} outcomes are too few: {ROWS_MIN} are needed")
    learned = np.arange(values.size) * BLOCKS // values.size % 2 == 0
    rules = [
        r for name in sorted(table) if (r := _chosen(name, table[name], values, known & learned)) is not None
    ]
    judged = [
        (rule, d)
        for rule in rules
        if (d := _difference(rule.holds, rule.known & ~learned, values)) is not None
    ]
    if not judged:
        return ()
    q_values = adjusted([d.p_value for _, d in judged])
    told = sorted((k for k, q in enumerate(q_values) if q <= rate), key=lambda k: judged[k][1].p_value)
    confidence = 1.0 - rate * max(len(told), 1) / len(judged)
    found: list[FailurePattern] = []
    explained = np.zeros(values.size, dtype=np.bool_)
    for k in told:
        rule, d = judged[k]
        rest = _difference(rule.holds, rule.known & ~learned & ~explained, values)
        least = max(worse_min, _size(d, relative) * UNEXPLAINED)
        if found and (rest is None or rest.p_value > rate or _size(rest, relative) < least):
            continue
        pattern = _pattern(rule, d, q_values[k], confidence, relative)
        if pattern.worse >= worse_min:
            found.append(pattern)
            explained |= rule.holds & rule.known
    return tuple(found)


def _outcome(outcome: ArrayLike) -> tuple[Floats, bool]:
    """Return the outcome to take means of, and whether it is the logarithm of a number."""
    given = np.asarray(outcome)
    if given.ndim != 1:
        raise InputError(f"the outcome must be one row of values, not of shape {given.shape}")
    if given.dtype == np.bool_:
        return given.astype(np.float64), False
    try:
        numbers = given.astype(np.float64)
    except ValueError:
        raise InputError("the outcome must be true or false, or positive numbers, not texts") from None
    known = np.isfinite(numbers)
    if bool((numbers[known] <= 0.0).any()):
        bad = float(numbers[known].min())
        raise InputError(f"an outcome that is a number must be above 0, such as a duration, not {bad!r}")
    with np.errstate(invalid="ignore"):
        return np.log(numbers), True


def _column(name: str, column: ArrayLike, size: int) -> NDArray[np.float64] | NDArray[np.str_]:
    given = np.asarray(column)
    if given.shape != (size,):
        raise InputError(
            f"the column {name!r} must have {size} values as the outcome, not shape {given.shape}"
        )
    if given.dtype.kind in "biuf":
        return given.astype(np.float64)
    return given.astype(np.str_)


@dataclass(frozen=True, slots=True)
class _Rule:
    column: str
    relation: str
    value: float | str
    holds: Mask
    known: Mask


def _chosen(
    name: str, column: NDArray[np.float64] | NDArray[np.str_], values: Floats, learned: Mask
) -> _Rule | None:
    """Return the rule of a column that sets the worse rows apart best, None where none has support."""
    known = np.isfinite(values)
    if column.dtype.kind != "U":
        known = known & np.isfinite(column.astype(np.float64))
    rows = learned & known
    best, best_score = None, 0.0
    for relation, value in _candidates(column[rows]):
        holds = _holds(column, relation, value)
        score = _score(values[rows & holds], values[rows & ~holds])
        if score > best_score:
            best, best_score = _Rule(name, relation, value, holds, known), score
    return best


def _candidates(column: NDArray[np.float64] | NDArray[np.str_]) -> list[tuple[str, float | str]]:
    if column.size == 0:
        return []
    if column.dtype.kind == "U":
        texts, counts = np.unique(column, return_counts=True)
        return [("is", str(texts[k])) for k in np.argsort(-counts, kind="stable")[:VALUES_MAX]]
    thresholds = {_rounded(float(q)) for q in np.quantile(column.astype(np.float64), QUANTILES)}
    return [(relation, at) for at in sorted(thresholds) for relation in (">", "<")]


def _holds(column: NDArray[np.float64] | NDArray[np.str_], relation: str, value: float | str) -> Mask:
    found: Mask
    if relation == "is":
        found = np.equal(np.asarray(column, dtype=np.str_), str(value))
    else:
        numbers, threshold = np.asarray(column, dtype=np.float64), float(value)
        found = numbers > threshold if relation == ">" else numbers < threshold
    return found


def _rounded(value: float) -> float:
    """Return a number of two digits, which a person remembers."""
    if value == 0.0:
        return 0.0
    return round(value, 1 - math.floor(math.log10(abs(value))))


def _score(inside: Floats, outside: Floats) -> float:
    """Return Welch's t of how much worse it is inside, 0 without support."""
    if min(inside.size, outside.size) < SUPPORT_MIN:
        return 0.0
    error = math.sqrt(inside.var() / inside.size + outside.var() / outside.size)
    return float(inside.mean() - outside.mean()) / error if error > 0.0 else 0.0


@dataclass(frozen=True, slots=True)
class _Difference:
    value: float
    error: float
    degrees: float
    p_value: float


def _difference(holds: Mask, rows: Mask, values: Floats) -> _Difference | None:
    """Return how much worse it is where the rule holds, with the one-sided p-value."""
    inside, outside = _mean(values[rows & holds]), _mean(values[rows & ~holds])
    if inside is None or outside is None:
        return None
    errors = [
        (e.interval.high - e.value) / t_quantile(0.5 + CONFIDENCE / 2, e.degrees) for e in (inside, outside)
    ]
    error = math.hypot(*errors)
    value = inside.value - outside.value
    if error == 0.0:
        return _Difference(value, 0.0, inside.degrees, 0.0 if value > 0 else 1.0)
    parts = ((errors[0], inside.degrees), (errors[1], outside.degrees))
    degrees = error**4 / sum(e**4 / d for e, d in parts)
    tail = two_sided(value / error, degrees) / 2
    return _Difference(value, error, degrees, tail if value > 0 else 1.0 - tail)


def _mean(values: Floats) -> Estimate | None:
    return ratio_of_sums(values, np.ones(values.size), CONFIDENCE) if values.size >= SUPPORT_MIN else None


def _size(d: _Difference, relative: bool) -> float:
    return math.expm1(d.value) if relative else d.value


def _pattern(
    rule: _Rule, d: _Difference, q_value: float, confidence: float, relative: bool
) -> FailurePattern:
    half = t_quantile(0.5 + confidence / 2, d.degrees) * d.error
    low, high = d.value - half, d.value + half
    if relative:
        low, high = math.expm1(low), math.expm1(high)
    n = int((rule.holds & rule.known).sum())
    rest = int(rule.known.sum()) - n
    interval = Interval(low, high, confidence)
    size = _size(d, relative)
    return FailurePattern(rule.column, rule.relation, rule.value, size, interval, n, rest, q_value, relative)


def _shown(value: float | str) -> str:
    if isinstance(value, str):
        return repr(value)
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2g}"
