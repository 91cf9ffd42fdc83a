"""`homeostat analyze`: a report on anybody's numbers."""

from pathlib import Path
from typing import Annotated

import typer


def analyze(
    files: Annotated[list[Path], typer.Argument(help="CSV, JSON lines, JSON or Parquet; gzipped or not.")],
    baseline: Annotated[Path | None, typer.Option(help="File to compare with.")] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="report.html, report.md or report.json; may be repeated.")
    ] = None,
    time: Annotated[str | None, typer.Option(help="Column of times, if it is not found.")] = None,
    time_unit: Annotated[
        str | None, typer.Option(help="Unit of times that are numbers: s, ms, us, ns, min or h.")
    ] = None,
    value: Annotated[list[str] | None, typer.Option(help="Column of values; may be repeated.")] = None,
    lower: Annotated[list[str] | None, typer.Option(help="Metric that is better lower.")] = None,
    higher: Annotated[list[str] | None, typer.Option(help="Metric that is better higher.")] = None,
    threshold: Annotated[float, typer.Option(min=0, help="Smallest relative change that matters.")] = 0.05,
    catalogue: Annotated[
        Path | None, typer.Option(help="TOML file with metrics and limits of your own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Report on numbers of any origin: finds the times and the values, in the long and in the wide form.

    The exit code is 1 if a baseline is given and something is proven to be worse.

    Example: [bold]homeostat analyze latencies.csv --out report.html[/bold]
    """
    from homeostat.app.cli.progress import working
    from homeostat.app.cli.report_out import directions, hand_out, made, targets
    from homeostat.app.report.files import compare_tables, recording_of
    from homeostat.judge.tabular.read import read_table
    from homeostat.observe.catalogue import load_catalogue

    wanted, values = targets(out), tuple(value or ())
    metrics, said = load_catalogue(catalogue), directions(lower, higher)
    with working(quiet=as_json) as work:
        tables = [read_table(f, work.reading(f), time, values, time_unit) for f in files]
        comparison = None
        if baseline is not None:
            before = read_table(baseline, work.reading(baseline), time, values, time_unit)
            comparison = compare_tables(before, tables[0], metrics, said, threshold)
        report = made(recording_of(tables, metrics, said, comparison), work)
    hand_out(report, wanted, as_json)
