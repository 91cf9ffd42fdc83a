"""`homeostat report`: everything known of a period, as HTML, Markdown or JSON."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from homeostat.app.cli.progress import Work
    from homeostat.judge.reports.report import Report

TIMEOUT_S = 60.0


def report(
    store: Annotated[
        str | None, typer.Option(envvar="HOMEOSTAT_STORE", help="Store to read. [default: the user's own]")
    ] = None,
    endpoint: Annotated[
        str | None,
        typer.Option(help="Server to ask, if its store is elsewhere; it goes before --store."),
    ] = None,
    token: Annotated[str | None, typer.Option(envvar="HOMEOSTAT_TOKEN", help="Secret of the server.")] = None,
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
    from homeostat.app.cli.progress import working
    from homeostat.app.cli.report_out import hand_out, targets

    wanted = targets(out)
    with working(quiet=as_json) as work:
        asked = (since, baseline, threshold)
        found = _of_server(endpoint, token, *asked) if endpoint else _of_store(store, *asked, catalogue, work)
    hand_out(found, wanted, as_json)


def _of_server(
    endpoint: str, token: str | None, since: str, baseline: str | None, threshold: float
) -> "Report":
    import msgspec

    from homeostat.app.cli.client import Client
    from homeostat.core.errors import InputError
    from homeostat.judge.reports.report import Report

    with Client(endpoint, token, TIMEOUT_S) as client:
        answer = client.get("/api/report", since=since, baseline=baseline or "", threshold=threshold)
    try:
        return msgspec.convert(answer, Report)
    except msgspec.ValidationError as error:
        raise InputError(f"{endpoint} has another version of Homeostat: {error}") from None


def _of_store(
    address: str | None,
    since: str,
    baseline: str | None,
    threshold: float,
    catalogue: Path | None,
    work: "Work",
) -> "Report":
    import time

    from homeostat.app.cli.stored_at import stored_at
    from homeostat.app.report.period import period_of
    from homeostat.app.report.period_report import period_report
    from homeostat.observe.catalogue import load_catalogue

    metrics = load_catalogue(catalogue)
    now_ns = time.time_ns()
    period_of(since, now_ns)  # a mistake in it is told even where there is no store
    with stored_at(address) as store:
        return period_report(store, now_ns, metrics, since, baseline or "", threshold, work.step)
