"""Billing: what a round of runs costs with the provider's prompt cache, and where the cache is lost."""

from collections.abc import Iterator

import msgspec

from homeostat.prompts.library.placeholders import PLACEHOLDER
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.tokens.run_cost import cached_min_tokens, prompt_usd


class EntryCost(msgspec.Struct, frozen=True):
    """What one run of an entry point sends and costs, alone and again while the provider still holds it.

    `stable` are the tokens in front of the first placeholder: all that a later run can find in the cache.
    """

    name: str
    tokens: int
    stable: int
    plain_usd: float
    again_usd: float


class Bill(msgspec.Struct, frozen=True):
    """A round of runs, each entry point twice in turn: USD without and with the cache, and by entry point."""

    model: str
    cached_min_tokens: int
    uncached_usd: float
    cached_usd: float
    entries: tuple[EntryCost, ...]


class _Part(msgspec.Struct, frozen=True):
    """A module as it is sent: its tokens, and how many of them stand in front of its first placeholder."""

    path: str
    tokens: int
    stable: int


def bill(draft: Draft, model: str, at_ns: int) -> Bill:
    """Return what a round of runs costs at the prices of a time (ns since the epoch).

    A run is sent as what is always loaded and then what its entry point loads, in order. It finds in the
    cache as many modules from the first on as some earlier run sent in the same order, up to the first
    placeholder, where these are enough for the provider; what it sends besides, up to there, is written.
    Raises ConfigError for a model without a known price.
    """
    minimum = cached_min_tokens(model)
    always = draft.understood.always_loaded
    paths = [(e, dict.fromkeys([*always, *draft.closure(e)])) for e in draft.understood.entries]
    parts = {p: _part(p, draft) for p in dict.fromkeys(p for _, loaded in paths for p in loaded)}
    prompts = [(entry, [parts[p] for p in loaded]) for entry, loaded in paths]
    held: set[int] = set()
    costs = []
    cached_usd = uncached_usd = 0.0
    for entry, sent in [*prompts, *prompts]:
        tokens, stable = sum(p.tokens for p in sent), _stable(sent)
        read = max((n for key, n in _prefixes(sent) if key in held), default=0)
        written = stable - read
        if stable < minimum:
            read = written = 0
        elif read < minimum:
            read, written = 0, stable
        held |= {key for key, n in _prefixes(sent) if n >= minimum}
        plain = prompt_usd(model, tokens, at_ns)
        billed = prompt_usd(model, tokens, at_ns, read, written)
        uncached_usd += plain
        cached_usd += billed
        costs.append(EntryCost(entry.name, tokens, stable, plain, billed))
    return Bill(model, minimum, uncached_usd, cached_usd, tuple(costs[len(prompts) :]))


def lost_caches(before: Bill, after: Bill) -> tuple[str, ...]:
    """Return warnings for entry points whose prompt was cached and is too short for that now.

    They say by how much a repeated run costs more or less than it did.
    """
    by_name = {e.name: e for e in before.entries}
    minimum = after.cached_min_tokens
    return tuple(
        f"{now.name}: its stable prefix fell from {was.stable:,} to {now.stable:,} tokens, below the "
        f"{minimum:,} that {after.model} caches; a repeated run costs ${now.again_usd:.5f} instead of "
        f"${was.again_usd:.5f}"
        for now in after.entries
        if (was := by_name.get(now.name)) is not None and was.stable >= minimum > now.stable
    )


def _part(path: str, draft: Draft) -> _Part:
    text = draft.library.modules[path].text
    gap = PLACEHOLDER.search(text)
    tokens = draft.tokens(path)
    return _Part(path, tokens, tokens if gap is None else draft.counts.of(text[: gap.start()]))


def _stable(sent: list[_Part]) -> int:
    stable = 0
    for part in sent:
        stable += part.stable
        if part.stable < part.tokens:
            break
    return stable


def _prefixes(sent: list[_Part]) -> Iterator[tuple[int, int]]:
    """Return the beginnings of a prompt that the next one may share, each with its tokens."""
    key = tokens = 0
    for part in sent:
        key = hash((key, part.path))
        tokens += part.stable
        yield key, tokens
        if part.stable < part.tokens:
            return
