"""`homeostat evaluate`: a text judged by the evaluators, for people and for pipelines."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json

if TYPE_CHECKING:
    from homeostat.evaluate.evaluation import Evaluation
    from homeostat.evaluate.passage import Source

MARKS_SHOWN = 5


def evaluate(
    file: Annotated[str, typer.Argument(help="The text; - reads it from the standard input.")],
    sources: Annotated[
        Path | None,
        typer.Option(help="What it may rest on: JSON lines with id and text, or one source a line."),
    ] = None,
    question: Annotated[str, typer.Option(help="What the text answers.")] = "",
    evaluator: Annotated[
        list[str] | None, typer.Option(help="Name of one that judges; may be repeated. All by default.")
    ] = None,
    judge: Annotated[
        list[str] | None,
        typer.Option(
            help="Rubric and model elsewhere, coherence=http://HOST/v1?model=NAME; may be repeated."
        ),
    ] = None,
    picture: Annotated[
        Path | None, typer.Option(help="A picture beside the text (JPEG, PNG, WebP, GIF, BMP).")
    ] = None,
    sound: Annotated[Path | None, typer.Option(help="A sound beside the text (WAV).")] = None,
    embedder: Annotated[
        str | None, typer.Option(help="minilm, static, an address or none; minilm where it is built.")
    ] = None,
    at_least: Annotated[
        list[str] | None, typer.Option(help="NAME=0.8: exit with 1 below that, or without a score.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Judge a text: what each evaluator says of it, and why others say nothing.

    Example: [bold]homeostat evaluate answer.txt --at-least coherence.local=0.5[/bold]
    """
    from homeostat import Homeostat
    from homeostat.evaluate.passage import Context

    bounds = [_bound(one) for one in at_least or ()]
    text = text_of(file)
    context = Context(
        sources=() if sources is None else _sources(sources),
        question=question,
        picture=None if picture is None else _bytes(picture),
        sound=None if sound is None else _bytes(sound),
    )
    with Homeostat(keep=False, collect=False) as hs:
        if embedder is not None:
            hs.evaluators.use(embedder)
        judges = [hs.evaluators.judge(address, rubric) for rubric, address in map(_judge, judge or ())]
        asked = _asked(evaluator, bool(judges), [name for name, _ in bounds])
        found = hs.evaluate(text, context, evaluators=[*asked, *judges])
    broken = [f"{name} is not at least {bound:g}" for name, bound in bounds if not _holds(found, name, bound)]
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        _print(found)
    for one in broken:
        typer.secho(one, fg=typer.colors.RED, err=True)
    if broken:
        raise typer.Exit(Exit.FAILED)


def _asked(named: list[str] | None, judged_elsewhere: bool, bound: list[str]) -> list[str]:
    """Return who is asked: those named, else all; none but the judges elsewhere where only these are named.

    Raises ConfigError for a bound on one that is not asked.
    """
    from homeostat.core.errors import ConfigError
    from homeostat.evaluate.evaluators import names

    asked = named if named is not None else [] if judged_elsewhere else list(names())
    for name in bound:
        if name not in asked and not name.startswith("judge."):
            raise ConfigError(f"--at-least bounds {name!r}, which is not asked; asked are {', '.join(asked)}")
    return asked


def text_of(file: str) -> str:
    """Return the text of a file, of the standard input for -. Raises InputError."""
    from homeostat.core.errors import InputError

    try:
        if file == "-":
            return typer.get_text_stream("stdin", encoding="utf-8").read()
        return Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the text {file!r} cannot be read: {error}") from None


def _bytes(path: Path) -> bytes:
    from homeostat.core.errors import InputError

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error}") from None


def _sources(path: Path) -> "tuple[Source, ...]":
    """Read sources: each line is JSON where the file says so by its name, else a source that it numbers."""
    import msgspec

    from homeostat.core.errors import InputError
    from homeostat.evaluate.passage import Source

    found: list[Source] = []
    for number, line in enumerate(text_of(str(path)).splitlines(), 1):
        if not line.strip():
            continue
        if path.suffix not in (".jsonl", ".ndjson"):
            found.append(Source(id=str(number), text=line.strip()))
            continue
        try:
            found.append(msgspec.json.decode(line, type=Source))
        except msgspec.DecodeError as error:
            raise InputError(f'{path}, line {number}: {error}; a line is {{"id": …, "text": …}}') from None
    return tuple(found)


def _judge(setting: str) -> tuple[str, str]:
    from homeostat.core.errors import ConfigError

    rubric, equals, address = setting.partition("=")
    if not equals or "/" in rubric:
        raise ConfigError(f"--judge is RUBRIC=ADDRESS, coherence=http://HOST/v1?model=NAME, not {setting!r}")
    return rubric, address


def _bound(setting: str) -> tuple[str, float]:
    from homeostat.core.errors import ConfigError

    name, _, bound = setting.rpartition("=")
    try:
        value = float(bound)
    except ValueError:
        value = -1.0
    if not name or not 0.0 <= value <= 1.0:
        raise ConfigError(f"--at-least is NAME=BOUND with a bound from 0 to 1, not {setting!r}")
    return name, value


def _holds(found: "Evaluation", name: str, bound: float) -> bool:
    score = found.scores.get(name)
    return score is not None and score.value >= bound


def _print(found: "Evaluation") -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("evaluator")
    table.add_column("score", justify="right")
    table.add_column("95%")
    table.add_column("sentence: what is wrong there")
    for name, score in sorted(found.scores.items()):
        known = score.low is not None and score.high is not None
        marks = [f"{mark.segment + 1}: {mark.what}" for mark in score.marks[:MARKS_SHOWN]]
        more = len(score.marks) - MARKS_SHOWN
        table.add_row(
            name,
            f"{score.value:.2f}",
            f"{score.low:.2f} to {score.high:.2f}" if known else "",
            "; ".join([*marks, *([f"and {more} more"] if more > 0 else [])]),
        )
    if found.scores:
        console.print(table)
    for name, why in sorted(found.silent.items()):
        console.print(Text(f"{name} says nothing: {why}", "dim"), soft_wrap=True)
