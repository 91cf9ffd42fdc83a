"""The spend: tokens and money by model and operation, each counted once."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.core.query import Total
from homeostat.core.series import SeriesKey
from homeostat.judge.views.window import Window
from homeostat.judge.words.quantity import count, quantity

TOKENS = "llm.tokens"
COST = "llm.cost"
UNPRICED = "llm.calls_unpriced"
DURATION = "llm.duration"

Place = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class SpendRow:
    """What one model cost in one operation.

    `cached_tokens` and `cache_write_tokens` are parts of `input_tokens`, `reasoning_tokens` of
    `output_tokens`: the sum is input and output. `cost_usd` is of the priced calls, None where none is.
    """

    model: str
    provider: str
    operation: str
    calls: int
    unpriced_calls: int
    input_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    output_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_usd: float | None
    cost_per_call_usd: float | None
    cost_words: str


@dataclass(frozen=True, slots=True)
class Spend:
    """The spend of a window; `cost_words` says it with what is unpriced."""

    rows: tuple[SpendRow, ...]
    calls: int
    unpriced_calls: int
    total_tokens: int
    cached_tokens: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    cost_usd_per_hour: float | None
    cost_words: str


def _place(key: SeriesKey) -> Place:
    return key.get("model", "unknown"), key.get("provider"), key.get("operation")


def cost_words(cost_usd: float | None, unpriced_calls: int) -> str:
    """Return money in words; calls without a known price are named, never taken as free.

    >>> cost_words(None, 3), cost_words(1.5, 1), cost_words(1.5, 0), cost_words(None, 0)
    ('unpriced', '$1.50 + 1 call unpriced', '$1.50', 'no calls')
    """
    if cost_usd is None:
        return "unpriced" if unpriced_calls else "no calls"
    if not unpriced_calls:
        return quantity(cost_usd, "USD")
    return f"{quantity(cost_usd, 'USD')} + {count(unpriced_calls)} call{'s' * (unpriced_calls != 1)} unpriced"


def spend(
    tokens: Mapping[SeriesKey, Total],
    cost: Mapping[SeriesKey, Total],
    unpriced: Mapping[SeriesKey, Total],
    durations: Mapping[SeriesKey, Total],
    window: Window,
) -> Spend:
    """Return the spend of a window from the series that spans of model calls leave, the dearest first."""
    by_type: dict[Place, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for key, total in tokens.items():
        by_type[_place(key)][key.get("type")] += round(total.moments.total)
    money: dict[Place, float] = defaultdict(float)
    usd_per_s = 0.0
    for key, total in cost.items():
        money[_place(key)] += total.moments.total
        usd_per_s += total.moments.total / window.seconds(key.get("service"))
    without: dict[Place, int] = defaultdict(int)
    for key, total in unpriced.items():
        without[_place(key)] += round(total.moments.total)
    calls: dict[Place, int] = defaultdict(int)
    for key, total in durations.items():
        calls[_place(key)] += total.moments.count
    places = {*by_type, *money, *without, *calls}
    rows = [
        _row(place, by_type.get(place, {}), money.get(place), without.get(place, 0), calls.get(place, 0))
        for place in places
    ]
    rows.sort(key=lambda r: (-(r.cost_usd or 0.0), -r.total_tokens, r.model, r.operation))
    priced = [r.cost_usd for r in rows if r.cost_usd is not None]
    whole = sum(priced) if priced else None
    unpriced_calls = sum(r.unpriced_calls for r in rows)
    return Spend(
        rows=tuple(rows),
        calls=sum(r.calls for r in rows),
        unpriced_calls=unpriced_calls,
        total_tokens=sum(r.total_tokens for r in rows),
        cached_tokens=sum(r.cached_tokens for r in rows),
        input_tokens=sum(r.input_tokens for r in rows),
        output_tokens=sum(r.output_tokens for r in rows),
        cost_usd=whole,
        cost_usd_per_hour=usd_per_s * 3600 if whole is not None else None,
        cost_words=cost_words(whole, unpriced_calls),
    )


def _row(
    place: Place, tokens: Mapping[str, int], cost_usd: float | None, unpriced: int, calls: int
) -> SpendRow:
    model, provider, operation = place
    priced = max(calls - unpriced, 0)
    if cost_usd == 0.0 and unpriced and not priced:
        cost_usd = None
    return SpendRow(
        model=model,
        provider=provider,
        operation=operation,
        calls=calls,
        unpriced_calls=unpriced,
        input_tokens=tokens.get("input", 0),
        cached_tokens=tokens.get("cached", 0),
        cache_write_tokens=tokens.get("cache_write", 0),
        output_tokens=tokens.get("output", 0),
        reasoning_tokens=tokens.get("reasoning", 0),
        total_tokens=tokens.get("input", 0) + tokens.get("output", 0),
        cost_usd=cost_usd,
        cost_per_call_usd=cost_usd / priced if cost_usd is not None and priced else None,
        cost_words=cost_words(cost_usd, unpriced),
    )
