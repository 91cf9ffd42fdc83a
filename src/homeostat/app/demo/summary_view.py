"""The summary of the demo in words and tables, for a terminal."""

from collections.abc import Iterator

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from homeostat.app.demo.loop_outcome_view import loop_outcome_view
from homeostat.app.demo.summary import Breach, Summary
from homeostat.judge.words.quantity import count, quantity

BREACHES_MAX = 8
LOSSES_MAX = 5
LEFT = ("of", "operation")


def summary_view(summary: Summary) -> RenderableType:
    """Return the summary, ready to be printed."""
    return Group(*_parts(summary))


def _parts(summary: Summary) -> Iterator[RenderableType]:
    yield Text(summary.sentence, style="bold")
    yield from _heading("What the loop did about it")
    yield from loop_outcome_view(summary.loop)
    yield from _heading("Measured")
    requests = summary.requests
    failed = ", ".join(f"{count(n)} {kind}" for kind, n in requests.failed.items()) or "none"
    yield Text(
        f"  {count(requests.sent)} requests in {requests.elapsed_s:.0f} s "
        f"(failed: {failed}; not sent: {count(requests.dropped)})\n"
        f"  {count(summary.operations)} operations, {count(summary.model_calls)} calls to models, "
        f"{count(summary.total_tokens)} tokens, {count(summary.series)} series"
    )
    yield from _heading("What broke its target")
    yield _breaches(summary)
    yield from _heading("Where the time went")
    yield _stages(summary)
    yield from _heading("Where the money went")
    yield _spend(summary)
    yield Text(
        f"  {summary.cost_words} in all, at the list prices of the models asked for (none of which ran).\n"
        f"  {count(summary.cached_tokens)} cached tokens are counted once, as part of the input.",
        style="dim",
    )
    yield from _heading("Dropped, and what observing cost")
    yield Text(_losses(summary) + "\n" + _overhead(summary))


def _heading(words: str) -> Iterator[RenderableType]:
    yield Text(f"\n{words}", style="bold cyan")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("", width=1)
    for number, name in enumerate(columns):
        first = number == 0
        justify: JustifyMethod = "left" if first or name in LEFT else "right"
        table.add_column(name, justify=justify, overflow="fold", no_wrap=first)
    return table


def _breaches(summary: Summary) -> RenderableType:
    judged = f"{count(summary.limits)} limits, {count(summary.limits_unknown)} not known yet"
    if not summary.breaches:
        return Text(f"  nothing, of {judged}")
    table = _table("metric", "of", "measured", "limit", "samples", "beyond it after")
    for breach in summary.breaches[:BREACHES_MAX]:
        measured = f"{breach.statistic} {breach.measured}"
        table.add_row("", breach.metric, breach.of, measured, breach.limit, count(breach.n), when(breach))
    more = summary.limits_broken - min(len(summary.breaches), BREACHES_MAX)
    rest = f"  and {count(more)} more; " if more else "  "
    return Group(table, Text(f"{rest}{count(summary.limits_broken)} of {judged}", style="dim"))


def when(breach: Breach) -> str:
    """Return when a limit was broken, in words."""
    spans = [f"{begin:.0f} to {end:.0f} s" for begin, end in breach.spans_s]
    if len(spans) > 3:
        return f"{', '.join(spans[:2])}, and {len(spans) - 2} times more"
    return ", ".join(spans) or "over the whole only"


def _stages(summary: Summary) -> RenderableType:
    table = _table("operation", "times", "mean", "p95", "share of it")
    for stage in summary.stages:
        table.add_row(
            "",
            stage.operation,
            count(stage.n),
            quantity(stage.mean_ms, "ms"),
            quantity(stage.p95_ms, "ms"),
            f"{stage.share:.1%}",
        )
    return table if summary.stages else Text("  nothing ran")


def _spend(summary: Summary) -> RenderableType:
    table = _table("model", "operation", "calls", "input", "of it cached", "output", "cost")
    for row in summary.spend:
        table.add_row(
            "",
            row.model,
            row.operation,
            count(row.calls),
            count(row.input_tokens),
            count(row.cached_tokens),
            count(row.output_tokens),
            row.cost_words,
        )
    return table if summary.spend else Text("  no calls to models")


def _losses(summary: Summary) -> str:
    if not summary.losses:
        return "  nothing was dropped"
    told = [f"{count(loss.count)} {loss.reason} ({loss.service})" for loss in summary.losses[:LOSSES_MAX]]
    more = len(summary.losses) - LOSSES_MAX
    return "  dropped: " + ", ".join(told) + (f", and {more} reasons more" if more > 0 else "")


def _overhead(summary: Summary) -> str:
    found = summary.overhead
    shares = ((found.folding_share, "folding"), (found.collecting_share, "collecting"))
    told = " and ".join(f"{share:.2%} {what}" for share, what in shares if share is not None)
    whole = f"{quantity(found.assistant_s * 1e3, 'ms')} in all"
    inside = f"at most {told}, of one core in the median second ({whole})" if told else "not known"
    server = f"{found.server_cpu_s:.1f} s of CPU, {quantity(found.server_rss_bytes, 'bytes')} of memory"
    return f"  in the assistant: {inside}\n  in the server: {server}"
