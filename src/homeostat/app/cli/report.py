"""`homeostat report`: everything known of a period, as HTML, Markdown or JSON."""

from pathlib import Path
from typing import Annotated

import typer


def report(
    store: Annotated[
        str | None, typer.Option(envvar="HOMEOSTAT_STORE", help="Store to read. [default: the user's own]")
    ] = None,
    since: Annotated[
        str, typer.Option(help="How far back (24h), a period (2d..1d, two times), or release:NAME.")
    ] = "24h",
    baseline: Annotated[
        str | None,
        typer.Option(help="Period or release to compare with; `before` is as long, and just before."),
    ] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="report.html, report.md or report.json; may be repeated.")
    ] = None,
    threshold: Annotated[float, typer.Option(min=0, help="Smallest relative change that matters.")] = 0.05,
    catalogue: Annotated[
        Path | None, typer.Option(help="TOML file with metrics and limits of your own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Write a report of what was measured: limits, findings, outlook, where the time goes, what to do.

    The exit code is 1 if a baseline is given and something is proven to be worse.

    Example: [bold]homeostat report --since 24h --baseline before --out report.html[/bold]
    """
    import time

    from homeostat.app.cli.progress import working
    from homeostat.app.cli.report_out import finish
    from homeostat.app.cli.stored_at import stored_at
    from homeostat.app.report.period import period_of
    from homeostat.app.report.stored import compare_periods, stored_recording
    from homeostat.observe.catalogue import load_catalogue

    metrics = load_catalogue(catalogue)
    now_ns = time.time_ns()
    period = period_of(since, now_ns)
    with working(quiet=as_json) as work:
        with stored_at(store) as opened:
            comparison = None
            if baseline is not None:
                before = period.before() if baseline == "before" else period_of(baseline, now_ns)
                comparison = compare_periods(opened, before, period, metrics, {}, work.step, threshold)
            recording = stored_recording(opened, period, metrics, work.step, comparison)
        finish(recording, out, as_json, work)
