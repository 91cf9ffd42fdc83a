"""Plans and savings as text for a terminal."""

from homeostat.prompts.analysis.table import table
from homeostat.prompts.planning.loading_plan import LoadingPlan
from homeostat.prompts.planning.savings import CACHE_MINUTES, Savings
from homeostat.prompts.planning.trigger import Trigger
from homeostat.prompts.planning.usage import TRACES_MAX, Usage
from homeostat.prompts.planning.window_plan import WindowPlan

ROWS_MAX = 15
TRIGGERS_SHOWN = 2
TRIGGER_LENGTH = 70

PLAN_HEADS = ("name", "kind", "critical", "frequent", "one route", "on demand", "modules", "saved")
LOADED_HEADS = ("load", "tokens", "why")
LEFT_HEADS = ("leave", "tokens", "until")
SAVINGS_HEADS = ("name", "runs", "hits", "tokens", "now", "uncached USD", "now", "cached USD", "now")


def plan_text(plan: LoadingPlan) -> str:
    """Return what each entry point loads when, and what waiting saves of all that it may load."""
    rows = [
        (
            e.name,
            e.kind,
            f"{e.critical_tokens:,}",
            f"{e.frequent_tokens:,}" if e.frequent else "",
            f"{e.route_tokens:,}" if e.route_tokens != e.critical_tokens else "",
            f"{e.on_demand_tokens:,}" if e.on_demand else "",
            f"{len(e.on_demand):,}" if e.on_demand else "",
            f"{e.on_demand_tokens / e.all_tokens:.0%}" if e.on_demand else "",
        )
        for e in sorted(plan.entries, key=lambda e: (-e.all_tokens, e.name))
    ]
    lines = [f"{len(plan.entries):,} entry points, tokens of {plan.tokenizer}"]
    if plan.always:
        lines.append(f"before each of them: {plan.always_tokens:,} tokens of {', '.join(plan.always)}")
    waits = sum(bool(e.on_demand) for e in plan.entries)
    lines.append(f"{waits:,} of them leave something until it is needed; the others need all that they name")
    return "\n".join(lines) + "\n\n" + table("loading plan", PLAN_HEADS, rows)


def window_text(plan: WindowPlan, everything: bool = False) -> str:
    """Return what goes into a window, what waits and for what, and what stays free."""
    rows = None if everything else ROWS_MAX
    fits = "" if plan.fits else f", {plan.loaded_tokens - plan.budget_tokens:,} more than the budget"
    of = f" of {plan.model}" if plan.model else ""
    lines = [
        f"{' + '.join(plan.entries)} in a window of {plan.window_tokens:,} tokens{of}",
        f"loaded: {plan.loaded_tokens:,} tokens ({plan.tokenizer}), budget {plan.budget_tokens:,}{fits}",
        f"free for work: {plan.free_tokens:,} tokens, {plan.free_share:.1%}",
    ]
    if plan.free_tokens_min < plan.free_tokens:
        lines.append(
            f"after all that may come on demand: {plan.free_tokens_min:,} tokens, {plan.free_share_min:.1%}"
        )
    loaded = [(p.path, f"{p.tokens:,}", f"{p.why} {p.entry}".rstrip()) for p in plan.loaded]
    left = [
        (item.path, f"{item.tokens:,}", item.why if item.why == "no room" else _until(item.triggers))
        for item in plan.left
    ]
    parts = ["\n".join(lines), table("load", LOADED_HEADS, loaded), table("leave", LEFT_HEADS, left, rows)]
    return "\n\n".join(p for p in parts if p)


def savings_text(found: Savings) -> str:
    """Return what a month costs before and after, when the change has paid, and what was assumed."""
    rows = [
        (
            e.name,
            f"{e.runs:,.0f}",
            f"{e.hits:.0%}",
            f"{e.before.tokens:,}",
            f"{e.after.tokens:,}",
            f"{e.before.uncached_usd:,.2f}",
            f"{e.after.uncached_usd:,.2f}",
            f"{e.before.cached_usd:,.2f}",
            f"{e.after.cached_usd:,.2f}",
        )
        for e in sorted(found.entries, key=lambda e: -e.before.cached_usd)
    ]
    given = found.assumptions
    before = sum(e.before.cached_usd for e in found.entries)
    share = f" ({found.cached_usd / before:.0%})" if before else ""
    lines = [
        f"a month saves {found.cached_usd:,.2f} USD{share} with the provider's cache, "
        f"{found.uncached_usd:,.2f} without",
    ]
    if found.months_to_pay is not None:
        lines.append(f"{found.spent_usd:,.2f} USD are back after {found.months_to_pay:,.1f} months")
    elif found.spent_usd is not None:
        lines.append(f"{found.spent_usd:,.2f} USD do not come back: a month saves nothing")
    elif found.cached_usd > 0:
        lines.append(f"a change that cost up to {12 * found.cached_usd:,.2f} USD has paid within a year")
    hits = (
        f"runs come at random over {given.hours:g} hours of a month, and find their prompt in the cache "
        f"where the run before was less than {CACHE_MINUTES:g} minutes ago"
        if given.hits is None
        else f"{given.hits:.0%} of runs find their prompt in the cache"
    )
    assumed = [
        f"prices of {given.model} today; tokens of {found.tokenizer}",
        hits,
        f"requests to the model a run: {given.requests:,}, each with the whole prompt; what users add and "
        "models answer is left out, being the same before and after",
        "what is on demand counts by how much of it is used, and not at all where that is not known",
    ]
    parts = ["\n".join(lines), table("a month", SAVINGS_HEADS, rows), "ASSUMED\n" + "\n".join(assumed)]
    if found.notes:
        parts.append("NOTES\n" + "\n".join(found.notes))
    return "\n\n".join(parts)


def usage_text(usage: Usage) -> str:
    """Return what a plan knows of usage, on one line."""
    if not usage.runs:
        return "the store tells of no loads of these entry points, so nothing is known to be frequent"
    runs = sum(usage.runs.values())
    told = f"usage: {runs:,} runs of {len(usage.runs):,} entry points in {usage.days:,.0f} days"
    return told if usage.complete else f"{told}; only the newest {TRACES_MAX:,} traces were looked at"


def _until(triggers: tuple[Trigger, ...]) -> str:
    shown = "; ".join(_shortened(str(t)) for t in triggers[:TRIGGERS_SHOWN])
    more = len(triggers) - TRIGGERS_SHOWN
    return f"{shown}; {more} more" if more > 0 else shown


def _shortened(text: str) -> str:
    return text if len(text) <= TRIGGER_LENGTH else text[: TRIGGER_LENGTH - 1] + "…"
