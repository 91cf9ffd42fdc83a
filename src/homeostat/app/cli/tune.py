"""`homeostat tune`: finds better values of a command's knobs, and proves them against the default."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.stoppable import stoppable

if TYPE_CHECKING:
    from rich.console import Console

    from homeostat.act.search.search import Pick, Search
    from homeostat.app.tune.against_default import Effect
    from homeostat.app.tune.journal import Journal
    from homeostat.app.tune.trial_command import TrialCommand
    from homeostat.app.tune.tuning import Tuned
    from homeostat.app.tune.tuning_file import TuningFile

FRONT_SHOWN = 12


def tune(
    command: Annotated[
        list[str],
        typer.Argument(metavar="-- COMMAND...", help="What is run; {NAME} stands for the value of a knob."),
    ],
    file: Annotated[Path, typer.Option(help="TOML file with knobs, goals and targets.")] = Path("tune.toml"),
    evaluations: Annotated[
        int | None, typer.Option(min=1, help="Runs of the search (default: of the file, else 80).")
    ] = None,
    pairs: Annotated[
        int | None,
        typer.Option(min=3, help="Pairs that compare pick and default (default: of the file, else 10)."),
    ] = None,
    search: Annotated[
        str | None,
        typer.Option(help="safe, evolution, or Optuna's tpe, nsga2, cma, gp (default: what suits)."),
    ] = None,
    journal: Annotated[
        Path | None,
        typer.Option(help="File of measurements, from which a run goes on (default: FILE.jsonl)."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Begin anew; the old journal is overwritten.")
    ] = False,
    storage: Annotated[
        str | None, typer.Option(help="Storage of Optuna that workers share, such as sqlite:///tune.db.")
    ] = None,
    study: Annotated[str, typer.Option(help="Name of the study in that storage.")] = "homeostat",
    seed: Annotated[
        int | None, typer.Option(help="Seed of the search (default: 0; with --storage any).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Run a command with one configuration after the other, and find a better one.

    The numbers are read from the last line of its output that is a JSON object, or by regular expressions.
    Afterwards the pick is measured against the default in pairs. The exit code is 1 if nothing is proven to
    be better. Stopped with Ctrl-C it goes on where it was when it is run again.

    Example: [bold]homeostat tune --file tune.toml -- python bench.py --batch {batch_size}[/bold]
    """
    from homeostat.app.tune.journal import Journal
    from homeostat.app.tune.searches import search_of, usual_search
    from homeostat.app.tune.trial_command import TrialCommand

    tuning = _asked(file, evaluations, pairs, search)
    name = usual_search(tuning)
    finder = search_of(tuning, name, seed, storage, study)
    trial = TrialCommand(command, tuning, os.environ)
    book = Journal.opened(journal or file.with_suffix(".jsonl"), tuning, fresh=fresh)
    found = _found(tuning, finder, trial, book, shared=storage is not None, quiet=as_json)
    if as_json:
        import msgspec

        answer = {"search": name, "proven": found.proven, "result": found, "journal": str(book.path)}
        typer.echo(msgspec.json.format(msgspec.json.encode(answer, enc_hook=dict), indent=2).decode())
    else:
        _print(found, tuning, book)
    if not found.proven:
        raise typer.Exit(Exit.FAILED)


def _asked(file: Path, evaluations: int | None, pairs: int | None, search: str | None) -> "TuningFile":
    """Return what the file says, with what the options say instead."""
    from dataclasses import replace

    from homeostat.app.tune.tuning_file import SEARCHES, load_tuning
    from homeostat.core.errors import ConfigError

    tuning = load_tuning(file)
    if search and search not in SEARCHES:
        raise ConfigError(f"--search must be one of {', '.join(SEARCHES)}, not {search!r}")
    return replace(
        tuning,
        evaluations=evaluations or tuning.evaluations,
        pairs=pairs or tuning.pairs,
        search=search or tuning.search,
    )


def _found(
    tuning: "TuningFile",
    finder: "Search",
    trial: "TrialCommand",
    book: "Journal",
    *,
    shared: bool,
    quiet: bool,
) -> "Tuned":
    """Search, from where the journal stands, until something is found or somebody stops it."""
    from homeostat.app.cli.progress import working
    from homeostat.app.tune.tuning import tune as tuned

    if book.entries and not quiet:
        typer.echo(f"goes on from {book.path}, which holds {len(book.entries)} measurements", err=True)
    with stoppable(), working(quiet=quiet) as work:
        try:
            return tuned(tuning, finder, trial.run, book, work.step, shared=shared)
        except KeyboardInterrupt:
            typer.echo(
                f"homeostat: stopped after {len(book.entries)} measurements; run it again to go on", err=True
            )
            raise typer.Exit(130) from None


def _print(found: "Tuned", tuning: "TuningFile", book: "Journal") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    broke = f", {found.broke} of them beyond a target" if tuning.bounds else ""
    failed = f", {found.failed} failed" if found.failed else ""
    console.print(Text(f"{found.measured} runs{broke}{failed}; kept in {book.path}"), soft_wrap=True)
    if len(found.front) > 1:
        _front(console, found.front, tuning)
    if found.pick is None:
        console.print(Text("No configuration was found that holds the targets.", "bold red"))
        return
    if found.against is None:
        console.print(Text("Nothing better than the default was found.", "yellow"))
        return
    _knobs(console, found.pick, tuning)
    for effect in found.against.effects:
        style = "green" if effect.better else "bold red" if effect.worse else "yellow"
        console.print(Text(_words(effect), style), soft_wrap=True)
    for target in found.against.targets:
        sure = f" [{target.interval.low:.4g}, {target.interval.high:.4g}]" if target.interval else ""
        sign, style = ("holds", "green") if target.holds else ("broken", "bold red")
        console.print(
            Text(f"{sign}: {target.target}, measured {target.mean:.4g}{sure}", style), soft_wrap=True
        )
    verdict = "Proven better than the default" if found.proven else "Not proven better than the default"
    console.print(
        Text(f"{verdict}, by {found.against.pairs} pairs of fresh measurements.", "bold"), soft_wrap=True
    )


def _words(effect: "Effect") -> str:
    def much(value: float) -> str:
        return f"{value:+.1%}" if effect.relative else f"{value:+.4g}"

    interval = effect.interval
    sure = f" (95% from {much(interval.low)} to {much(interval.high)})" if interval else ""
    return f"{effect.measure}: {effect.default:.4g} -> {effect.pick:.4g}, {much(effect.change)}{sure}"


def _knobs(console: "Console", pick: "Pick", tuning: "TuningFile") -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("knob", "default", "pick"):
        table.add_column(title, overflow="fold")
    for name, knob in tuning.knobs.items():
        value = pick.configuration[name]
        shown = f"{value:.6g}" if isinstance(value, float) else str(value)
        table.add_row(name, str(knob.default), shown if value != knob.default else f"{shown} (as before)")
    console.print(table)


def _front(console: "Console", front: "tuple[Pick, ...]", tuning: "TuningFile") -> None:
    from rich.table import Table

    console.print(f"The front, {len(front)} configurations of which none is better in everything:")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for goal in tuning.goals:
        table.add_column(goal.measure, justify="right")
    for name in tuning.knobs:
        table.add_column(name, overflow="fold")
    every = max(1, -(-len(front) // FRONT_SHOWN))
    for pick in front[::every]:
        values = [pick.configuration[name] for name in tuning.knobs]
        shown = [f"{v:.4g}" if isinstance(v, float) else str(v) for v in values]
        table.add_row(*(f"{v:.4g}" for v in pick.objectives), *shown)
    console.print(table)
