"""Where a report goes: files by their endings, the terminal, and the exit code."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from homeostat.app.cli.exits import Exit
from homeostat.core.errors import ConfigError

if TYPE_CHECKING:
    from homeostat.app.cli.progress import Work
    from homeostat.core.metric import Better
    from homeostat.judge.reports.report import Recording, Report

ENDINGS = (".html", ".md", ".json")


def directions(lower: Sequence[str] | None, higher: Sequence[str] | None) -> "dict[str, Better]":
    """Return what a person said about which way metrics improve."""
    from homeostat.core.metric import Better

    twice = set(lower or ()) & set(higher or ())
    if twice:
        raise ConfigError(f"{min(twice)!r} cannot be better lower and better higher; say one of them")
    return {**dict.fromkeys(lower or (), Better.LOWER), **dict.fromkeys(higher or (), Better.HIGHER)}


def targets(out: Sequence[Path] | None) -> list[Path]:
    """Return where to write, before any work is done; raises ConfigError for an ending that is not known."""
    for path in out or ():
        if path.suffix.lower() not in ENDINGS:
            raise ConfigError(f"--out must end in {', '.join(ENDINGS)}, not {str(path)!r}")
    return list(out or ())


def made(recording: "Recording", work: "Work") -> "Report":
    """Return the report of a recording, as of now."""
    import time
    from importlib.metadata import version

    from homeostat.judge.reports.report import make_report

    return make_report(recording, time.time_ns(), version("homeostat"), work.step)


def hand_out(report: "Report", out: Sequence[Path], as_json: bool) -> None:
    """Write or print a report, and leave with 1 if something is proven to be worse."""
    for path in out:
        _write(path, rendered(report, path.suffix.lower()))
    if as_json:
        typer.echo(rendered(report, ".json"))
    elif not out:
        typer.echo(rendered(report, ".md"))
    else:
        typer.echo("\n".join(report.summary))
        typer.echo("written: " + ", ".join(map(str, out)))
    if report.comparison is not None and report.comparison.regressed:
        raise typer.Exit(Exit.FAILED)


def rendered(report: "Report", ending: str) -> str:
    """Return a report in the form that a file's ending asks for."""
    if ending == ".html":
        from homeostat.app.report.html import html

        return html(report)
    if ending == ".md":
        from homeostat.judge.reports.report_markdown import markdown

        return markdown(report)
    import msgspec

    return msgspec.json.format(msgspec.json.encode(report), indent=2).decode()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from None
