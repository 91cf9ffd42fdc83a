"""Savings: what a month of runs costs before and after a change, and when the change has paid."""

import math
from collections.abc import Mapping

import msgspec

from homeostat.core.errors import InputError
from homeostat.prompts.planning.loading_plan import EntryPlan, LoadingPlan
from homeostat.prompts.tokens.run_cost import cached_min_tokens, run_cost

CACHE_MINUTES = 5.0
"""How long a provider keeps a prefix after its last use, where nobody pays for more."""

HOURS = 168.0
"""The hours of a month in which people work: 21 days of 8."""


class Assumptions(msgspec.Struct, frozen=True):
    """What the figures take for granted.

    Runs come at random over `hours` of the month, each with as many `requests` to the model, which follow
    each other within the cache's time. `hits` is the share of runs that find their prompt in the provider's
    cache; None works it out for each entry point from how often it runs.
    """

    model: str
    hours: float = HOURS
    requests: int = 1
    hits: float | None = None


class MonthCost(msgspec.Struct, frozen=True):
    """What one entry point's prompts cost in a month: tokens a request, USD without and with the cache."""

    tokens: int
    uncached_usd: float
    cached_usd: float


class EntrySavings(msgspec.Struct, frozen=True):
    """One entry point before and after. `hits` is the share of its runs that find it in the cache."""

    name: str
    runs: float
    hits: float
    before: MonthCost
    after: MonthCost


class Savings(msgspec.Struct, frozen=True):
    """A month of a library before and after, by entry point, with what was assumed and what stands out.

    `uncached_usd` is what a month saves where the provider's cache is not used, `cached_usd` where it is,
    which is what is billed. `spent_usd` is what the change took, None where nobody said; `months_to_pay` is
    after how many months of the cached saving it is back, None where it never is.
    """

    assumptions: Assumptions
    tokenizer: str
    entries: tuple[EntrySavings, ...]
    uncached_usd: float
    cached_usd: float
    spent_usd: float | None
    months_to_pay: float | None
    notes: tuple[str, ...]


def savings(
    before: LoadingPlan,
    after: LoadingPlan,
    runs: Mapping[str, float],
    assumptions: Assumptions,
    at_ns: int,
    spent_usd: float | None = None,
) -> Savings:
    """Return what a month of runs, by name of entry point, costs with each of two libraries.

    Prices are those of a time (ns since the epoch). A run loads what is always loaded, what its plan loads
    ahead, and of what is on demand as much as its plan knows to be used. Raises InputError for a name that
    one of the libraries does not have, and where the two were not counted with the same tokenizer;
    ConfigError for a model without a price.
    """
    if before.tokenizer != after.tokenizer:
        raise InputError(f"tokens of {before.tokenizer} and {after.tokenizer} cannot be compared")
    if assumptions.hits is not None and not 0 <= assumptions.hits <= 1:
        raise InputError(f"a share of {assumptions.hits:g} of runs cannot be; give one from 0 to 1")
    rows = []
    for name, count in runs.items():
        if count < 0:
            raise InputError(f"{name} cannot run {count:g} times a month")
        old, new = before.entry(name), after.entry(name)
        hits = assumptions.hits if assumptions.hits is not None else hit_share(count, assumptions.hours)
        was = _month(_tokens(before, old), count, hits, assumptions, at_ns)
        now = _month(_tokens(after, new), count, hits, assumptions, at_ns)
        rows.append(EntrySavings(old.name, count, hits, was, now))
    cached = sum(r.before.cached_usd - r.after.cached_usd for r in rows)
    return Savings(
        assumptions=assumptions,
        tokenizer=before.tokenizer,
        entries=tuple(rows),
        uncached_usd=sum(r.before.uncached_usd - r.after.uncached_usd for r in rows),
        cached_usd=cached,
        spent_usd=spent_usd,
        months_to_pay=spent_usd / cached if spent_usd is not None and cached > 0 else None,
        notes=tuple(_notes(rows)),
    )


def hit_share(runs: float, hours: float) -> float:
    """Return the share of runs that begin within five minutes of the one before, for runs at random.

    `runs` are those of a month, spread over so many hours of it. Bursts hit more often, so this is the least.

    >>> round(hit_share(2_000, 168), 2), round(hit_share(20, 168), 2)
    (0.63, 0.01)
    """
    return 1 - math.exp(-runs * CACHE_MINUTES / (hours * 60))


def break_even_share(model: str, hits: float, at_ns: int) -> float:
    """Return the share of runs from which on loading a module ahead costs less than on demand.

    Ahead, every run pays for it, from the cache where it hits; on demand, each run that needs it pays for it
    as for new text. Prompts are taken to be as long as the provider caches; 1 where it sells no cache. Raises
    ConfigError for a model without a price.
    """
    cost = run_cost(model, cached_min_tokens(model), at_ns)
    return (hits * cost.again_usd + (1 - hits) * cost.first_usd) / cost.first_usd


def _tokens(plan: LoadingPlan, entry: EntryPlan) -> int:
    expected = sum((d.used or 0.0) * plan.tokens[d.path] for d in entry.on_demand)
    return sum(plan.tokens[m] for m in {*plan.always, *entry.ahead}) + round(expected)


def _month(tokens: int, runs: float, hits: float, given: Assumptions, at_ns: int) -> MonthCost:
    cost = run_cost(given.model, tokens, at_ns)
    begin = hits * cost.again_usd + (1 - hits) * cost.first_usd
    cached = begin + (given.requests - 1) * cost.again_usd
    return MonthCost(tokens, runs * given.requests * cost.plain_usd, runs * cached)


def _notes(rows: list[EntrySavings]) -> list[str]:
    notes = []
    dearer = [r.name for r in rows if r.after.cached_usd > r.before.cached_usd]
    if dearer:
        notes.append(
            f"{', '.join(dearer)}: fewer tokens cost more, since the prompt is now shorter than its provider "
            "caches; load something with it that most runs need"
        )
    idle = [r.name for r in rows if r.after.cached_usd > r.after.uncached_usd]
    if idle:
        notes.append(
            f"{', '.join(idle)}: so few runs find their prompt in the cache that writing it costs more than "
            "reading saves; do not mark it for the cache"
        )
    return notes
