"""`homeostat prompts`: what a prompt library holds, costs and repeats."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.prompt_optimize import optimize, restore
from homeostat.app.cli.prompt_plans import plan, savings

if TYPE_CHECKING:
    from homeostat.prompts.analysis.analysis import Priced

ENDINGS = (".html", ".json", ".txt")

prompts = typer.Typer(help="Look at a library of prompts, and make it lean.", no_args_is_help=True)


@prompts.callback()
def group() -> None:
    """Hold the commands together."""


@prompts.command()
def analyze(
    folder: Annotated[Path, typer.Argument(help="Folder with prompts: Markdown, XML, templates.")],
    model: Annotated[
        str, typer.Option(help="Model whose prices and window are taken.")
    ] = "claude-sonnet-4-5",
    tokenizer: Annotated[str, typer.Option(help="cl100k_base, o200k_base or voyage3_base.")] = "cl100k_base",
    styles: Annotated[
        Path | None, typer.Option(help="TOML file that says how these prompts name each other.")
    ] = None,
    out: Annotated[
        list[Path] | None, typer.Option(help="library.html, .json or .txt; may be repeated.")
    ] = None,
    cache: Annotated[bool, typer.Option(help="Keep what was counted for the next time.")] = True,
    show_all: Annotated[bool, typer.Option("--all", help="Show every row.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Count a library: tokens by file and command, what repeats, what leads nowhere, what a run costs.

    Example: [bold]homeostat prompts analyze .claude --out library.html[/bold]
    """
    import time

    from homeostat.app.cli.progress import working
    from homeostat.core.errors import ConfigError
    from homeostat.prompts.analysis.analyze import analyze as analyzed
    from homeostat.prompts.analysis.analyze import priced
    from homeostat.prompts.graph.styles import load_styles
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.tokens.count_cache import CountCache, default_path
    from homeostat.prompts.tokens.tokenizer import tokenizer as named

    for path in out or ():
        if path.suffix.lower() not in ENDINGS:
            raise ConfigError(f"--out must end in {', '.join(ENDINGS)}, not {str(path)!r}")
    counter = named(tokenizer)
    known = load_styles(styles) if styles is not None else load_styles()
    with working(quiet=as_json) as work:
        library = load_library(folder, progress=work.step)
        counts = CountCache(default_path()) if cache else None
        analysis = analyzed(library, counter, known, counts, work.step)
        found = priced(analysis, model, time.time_ns())
    for path in out or ():
        _write(path, found, folder, show_all)
    if as_json:
        typer.echo(_rendered(".json", found, folder, show_all))
    elif not out:
        typer.echo(_rendered(".txt", found, folder, show_all))
    else:
        from homeostat.prompts.analysis.analysis_text import summary

        typer.echo("\n".join([*summary(found), "written: " + ", ".join(map(str, out))]))


@prompts.command()
def verify(
    before: Annotated[Path, typer.Argument(help="Folder with the original prompts.")],
    after: Annotated[Path, typer.Argument(help="Folder with what was made of them.")],
    styles: Annotated[
        Path | None, typer.Option(help="TOML file that says how these prompts name each other.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show everything that is missing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Check that a changed library has lost nothing: entry points, references, constraints, numbers, code.

    Where `homeostat prompts optimize` made it, all texts must besides expand to what they were, but for the
    files in which a lossy pass was asked for. The exit code is 1 if something is missing.

    Example: [bold]homeostat prompts verify .claude lean/[/bold]
    """
    from homeostat.app.cli.exits import Exit
    from homeostat.app.cli.progress import working
    from homeostat.prompts.graph.styles import load_styles
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.optimize.manifest import has_manifest, read_manifest
    from homeostat.prompts.proof.verification import verification_text
    from homeostat.prompts.proof.verification import verify as verified

    known = load_styles(styles) if styles is not None else load_styles()
    with working(quiet=as_json) as work:
        original = load_library(before, progress=work.step)
        changed = load_library(after, progress=work.step)
        claims = read_manifest(after).claims if has_manifest(after) else None
        found = verified(original, changed, known, claims, progress=work.step)
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
    else:
        typer.echo(verification_text(found, None if show_all else 10))
    if not found.holds:
        raise typer.Exit(Exit.FAILED)


@prompts.command()
def check(
    folder: Annotated[Path, typer.Argument(help="Folder with prompts.")],
    baseline: Annotated[
        Path,
        typer.Option(help="JSON file with what each entry point may load; belongs into version control."),
    ] = Path("prompts-baseline.json"),
    write: Annotated[bool, typer.Option("--write", help="Write the baseline as it is now.")] = False,
    threshold: Annotated[float, typer.Option(min=0, help="Growth that is allowed, as a share.")] = 0.02,
    model: Annotated[str, typer.Option(help="Model whose prices are taken.")] = "claude-sonnet-4-5",
    tokenizer: Annotated[str, typer.Option(help="cl100k_base, o200k_base or voyage3_base.")] = "cl100k_base",
    styles: Annotated[
        Path | None, typer.Option(help="TOML file that says how these prompts name each other.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare what each command loads and costs with a baseline: exit code 1 if something got worse.

    Example: [bold]homeostat prompts check .claude --baseline prompts-baseline.json[/bold]
    """
    import time

    import msgspec

    from homeostat.app.cli.exits import Exit
    from homeostat.app.cli.progress import working
    from homeostat.prompts.analysis.analyze import analyze as analyzed
    from homeostat.prompts.analysis.load_time import load_ms
    from homeostat.prompts.graph.styles import load_styles
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.proof.baseline import baseline_of, read_baseline, regressions, write_baseline
    from homeostat.prompts.tokens.count_cache import CountCache, default_path
    from homeostat.prompts.tokens.tokenizer import tokenizer as named

    known = load_styles(styles) if styles is not None else load_styles()
    before = None if write else read_baseline(baseline)
    with working(quiet=as_json) as work:
        library = load_library(folder, progress=work.step)
        analysis = analyzed(library, named(tokenizer), known, CountCache(default_path()), work.step)
        times = {e.path: load_ms(folder, (*analysis.always, *e.modules)) for e in analysis.entries}
    now = baseline_of(analysis, model, times)
    if before is None:
        write_baseline(baseline, now)
        typer.echo(f"written: {baseline} ({len(now.entries):,} entry points)")
        return
    found = regressions(before, now, threshold, time.time_ns())
    fresh = sorted(set(now.entries) - set(before.entries))
    if as_json:
        typer.echo(msgspec.json.encode({"regressions": found, "new": fresh, "now": now}).decode())
    else:
        for regression in found:
            typer.echo(f"✗ {regression}")
        for name in fresh:
            typer.echo(f"new: {name}, {now.entries[name].tokens:,} tokens")
        typer.echo(f"{len(found):,} regressions in {len(before.entries):,} entry points")
    if found:
        raise typer.Exit(Exit.FAILED)


prompts.command()(optimize)
prompts.command()(restore)
prompts.command()(plan)
prompts.command()(savings)


def _rendered(ending: str, found: "Priced", folder: Path, everything: bool) -> str:
    if ending == ".html":
        from homeostat.app.prompts.html import html

        return html(found, folder.resolve().name)
    if ending == ".json":
        import msgspec

        return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()
    from homeostat.prompts.analysis.analysis_text import analysis_text

    return analysis_text(found, everything)


def _write(path: Path, found: "Priced", folder: Path, everything: bool) -> None:
    from homeostat.core.errors import ConfigError

    try:
        path.write_text(_rendered(path.suffix.lower(), found, folder, everything), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from None
