"""The window plan: what of some entry points goes into a context window, what waits, and what stays free."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from homeostat.core.errors import InputError
from homeostat.prompts.planning.loading_plan import LoadingPlan
from homeostat.prompts.planning.trigger import Trigger

Why = Literal["always", "critical", "frequent"]


class Loaded(msgspec.Struct, frozen=True):
    """A module that is loaded, why, and for which entry point first (empty: for each of them)."""

    path: str
    tokens: int
    why: Why
    entry: str


class Left(msgspec.Struct, frozen=True):
    """A module that is left out: it is loaded on demand, or would be loaded ahead and has no room.

    `tokens` are its own and those that come with it.
    """

    path: str
    tokens: int
    why: Literal["on demand", "no room"]
    triggers: tuple[Trigger, ...]


class WindowPlan(msgspec.Struct, frozen=True):
    """A context window of `window_tokens` with the prompts of some entry points in it.

    `budget_tokens` is how many of them prompts may take. Where what they need takes more, `fits` is False and
    all of it is loaded all the same, since half a prompt is none. `free_tokens` stay for work, `free_share`
    of the window; the `min` of both stay when all that is on demand has come, too.
    """

    model: str
    tokenizer: str
    window_tokens: int
    budget_tokens: int
    entries: tuple[str, ...]
    loaded: tuple[Loaded, ...]
    left: tuple[Left, ...]
    loaded_tokens: int
    fits: bool
    free_tokens: int
    free_share: float
    free_tokens_min: int
    free_share_min: float


def window_plan(
    plan: LoadingPlan,
    names: Sequence[str],
    window_tokens: int,
    budget_tokens: int | None = None,
    model: str = "",
) -> WindowPlan:
    """Return what to load into a window for a workflow: one entry point, or several one after another.

    What is always loaded and what is critical comes first, then what runs mostly read, by the share of runs
    that do for each token, as far as the budget goes (all of the window where none is given). Each module
    counts once. Raises InputError for a name that is not known and for lengths that make no sense.
    """
    if window_tokens < 1:
        raise InputError(f"a context window of {window_tokens:,} tokens holds nothing; give --window")
    budget = window_tokens if budget_tokens is None else budget_tokens
    if not 0 < budget <= window_tokens:
        raise InputError(
            f"a budget of {budget:,} tokens is not within the window of {window_tokens:,} tokens"
        )
    entries = [plan.entry(name) for name in names]
    loaded = {m: Loaded(m, plan.tokens[m], "always", "") for m in plan.always}
    for entry in entries:
        for module in entry.critical:
            loaded.setdefault(module, Loaded(module, plan.tokens[module], "critical", entry.name))
    used = sum(p.tokens for p in loaded.values())
    wanted = sorted(
        ((f, e.name) for e in entries for f in e.frequent), key=lambda p: -p[0].used / max(p[0].tokens, 1)
    )
    left: dict[str, Left] = {}
    for item, name in wanted:
        if item.path in loaded:
            continue
        if used + item.tokens <= budget:
            loaded[item.path] = Loaded(item.path, item.tokens, "frequent", name)
            used += item.tokens
        else:
            left[item.path] = Left(item.path, item.tokens, "no room", ())
    for entry in entries:
        for later in entry.on_demand:
            if later.path not in loaded:
                left.setdefault(later.path, Left(later.path, later.tokens, "on demand", later.triggers))
    brought = {m for e in entries for m in e.listed}
    waiting = sum(plan.tokens[m] for m in (brought | set(left)) - set(loaded))
    waiting += sum(e.on_demand_tokens - sum(plan.tokens[m] for m in e.listed) for e in entries if e.unlisted)
    free, free_min = max(window_tokens - used, 0), max(window_tokens - used - waiting, 0)
    return WindowPlan(
        model=model,
        tokenizer=plan.tokenizer,
        window_tokens=window_tokens,
        budget_tokens=budget,
        entries=tuple(e.name for e in entries),
        loaded=tuple(loaded.values()),
        left=tuple(left.values()),
        loaded_tokens=used,
        fits=used <= budget,
        free_tokens=free,
        free_share=free / window_tokens,
        free_tokens_min=free_min,
        free_share_min=free_min / window_tokens,
    )
