"""`homeostat compare`: two files, or two periods or releases of the store, held against each other."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit

if TYPE_CHECKING:
    from homeostat.app.cli.progress import Work
    from homeostat.core.metric import Better
    from homeostat.judge.comparisons.comparison import Comparison
    from homeostat.observe.catalogue import Catalogue

STYLES = {"worse": "bold red", "different": "yellow", "better": "green", "not known yet": "yellow"}
SIGNS = {"worse": "✗", "different": "◆", "better": "✓", "not known yet": "?"}


def compare(
    baseline: Annotated[str, typer.Argument(help="File, period (2h..1h, two times), or release:NAME.")],
    candidate: Annotated[str, typer.Argument(help="What is held against it, in the same form.")],
    store: Annotated[
        str | None, typer.Option(envvar="HOMEOSTAT_STORE", help="Store that periods are read from.")
    ] = None,
    threshold: Annotated[float, typer.Option(min=0, help="Smallest relative change that matters.")] = 0.05,
    time: Annotated[str | None, typer.Option(help="Column of times, if it is not found.")] = None,
    time_unit: Annotated[
        str | None, typer.Option(help="Unit of times that are numbers: s, ms, us, ns, min or h.")
    ] = None,
    value: Annotated[list[str] | None, typer.Option(help="Column of values; may be repeated.")] = None,
    lower: Annotated[list[str] | None, typer.Option(help="Metric that is better lower.")] = None,
    higher: Annotated[list[str] | None, typer.Option(help="Metric that is better higher.")] = None,
    catalogue: Annotated[
        Path | None, typer.Option(help="TOML file with metrics and limits of your own.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the comparison as JSON.")] = False,
) -> None:
    """Compare metric by metric: better, worse, no difference that matters, or not known yet.

    The exit code is 1 if something is proven to be worse, so that a pipeline stops.

    Example: [bold]homeostat compare before.csv after.csv --threshold 0.1[/bold]
    """
    from homeostat.app.cli.progress import working
    from homeostat.app.cli.report_out import directions
    from homeostat.observe.catalogue import load_catalogue

    metrics, said = load_catalogue(catalogue), directions(lower, higher)
    with working(quiet=as_json) as work:
        if _is_file(baseline) or _is_file(candidate):
            found = _files(
                baseline, candidate, metrics, said, threshold, (time, tuple(value or ()), time_unit), work
            )
        else:
            found = _periods(baseline, candidate, store, metrics, said, threshold, work)
    if not found.rows:
        from homeostat.core.errors import InputError

        raise InputError("; ".join((found.words.rstrip("."), *found.notes[:2])))
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _print(found)
    if found.regressed:
        raise typer.Exit(Exit.FAILED)


def _is_file(text: str) -> bool:
    """Tell whether a text names a file rather than a period: it is there, or looks like one."""
    looks = ".." not in text and not text.startswith("release:") and Path(text).suffix != ""
    return Path(text).exists() or looks or text.startswith("/")


def _files(
    baseline: str,
    candidate: str,
    metrics: "Catalogue",
    said: "dict[str, Better]",
    threshold: float,
    columns: tuple[str | None, tuple[str, ...], str | None],
    work: "Work",
) -> "Comparison":
    from homeostat.app.report.files import compare_tables
    from homeostat.judge.tabular.read import read_table

    first, second = (read_table(Path(p), work.reading(Path(p)), *columns) for p in (baseline, candidate))
    return compare_tables(first, second, metrics, said, threshold)


def _periods(
    baseline: str,
    candidate: str,
    address: str | None,
    metrics: "Catalogue",
    said: "dict[str, Better]",
    threshold: float,
    work: "Work",
) -> "Comparison":
    import time

    from homeostat.app.cli.stored_at import stored_at
    from homeostat.app.report.period import period_of
    from homeostat.app.report.stored import compare_periods

    now_ns = time.time_ns()
    first, second = period_of(baseline, now_ns), period_of(candidate, now_ns)
    with stored_at(address) as store:
        return compare_periods(store, first, second, metrics, said, work.step, threshold)


def _print(found: "Comparison") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.print(Text.assemble((found.candidate, "bold"), " beside ", (found.baseline, "bold")))
    console.print(Text(found.words), soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim", expand=True)
    wide = console.width >= 120
    table.add_column("")
    table.add_column("metric", ratio=3, overflow="fold")
    for title in ("baseline", "now"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("change, 95%", no_wrap=True)
    if wide:
        table.add_column("verdict", ratio=3)
    for row in found.rows:
        outcome = row.outcome.value
        style = STYLES.get(outcome, "dim")
        cells = [
            Text(SIGNS.get(outcome, "·"), style),
            Text.assemble(row.title, " ", (row.statistic, "dim")),
            Text(row.baseline_words),
            Text(row.candidate_words),
            Text(row.change_words, style),
        ]
        table.add_row(*cells, *([Text(row.words, style)] if wide else []))
    console.print(table)
    if not wide:
        console.print(
            Text("✗ worse  ✓ better  ◆ different  ? not known yet  · no difference that matters", "dim")
        )
    if found.score.value is not None:
        console.print(Text(f"score: {found.score.words}"), soft_wrap=True)
    for note in found.notes:
        console.print(Text(f"note: {note}", "dim"), soft_wrap=True)
