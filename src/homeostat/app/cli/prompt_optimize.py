"""`homeostat prompts optimize` and `restore`: a library made lean, with proof, and back again."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.prompt_lossy import (
    Embeddings,
    EndpointOption,
    Lossy,
    LossyAsked,
    LossyPer,
    Rewrite,
    Yes,
)
from homeostat.app.cli.prompt_plans import DEFAULT_MODEL, Model, StylesFile, Tokenizer

if TYPE_CHECKING:
    from homeostat.prompts.optimize.pipeline import Optimized


DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be saved, write nothing.")]


def optimize(
    folder: Annotated[Path, typer.Argument(help="Folder with prompts; it is only read.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the result: new, empty, or one that this made.")
    ] = None,
    only: Annotated[
        str, typer.Option("--passes", help="Only these passes, by comma; lossy ones run if named here.")
    ] = "",
    skip: Annotated[str, typer.Option(help="Leave out these passes, by comma.")] = "",
    lossy: Lossy = "",
    lossy_per: LossyPer = "module",
    rewrite: Rewrite = "",
    endpoint: EndpointOption = "",
    embeddings: Embeddings = "",
    yes: Yes = False,
    dry_run: DryRun = False,
    model: Model = DEFAULT_MODEL,
    tokenizer: Tokenizer = "cl100k_base",
    styles: StylesFile = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show everything that was taken back.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a library lean without losing a word, and keep the original beside the result.

    Passes: chains, xml, repeats, space, order; and lossy, only if asked for: sections by its name, others by
    --lossy and --rewrite. Each is counted and taken back where it saves nothing or loses something. The exit
    code is 1 if the result would have lost something: then nothing is written.

    Example: [bold]homeostat prompts optimize .claude --out lean[/bold]
    """
    import time

    from homeostat.app.cli.exits import Exit
    from homeostat.app.cli.progress import working
    from homeostat.app.cli.stoppable import stoppable
    from homeostat.app.prompts.passes import passes
    from homeostat.core.errors import ConfigError
    from homeostat.prompts.graph.styles import load_styles
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.optimize.draft import Counts, Draft
    from homeostat.prompts.optimize.pipeline import Price, chosen
    from homeostat.prompts.optimize.pipeline import optimize as optimized
    from homeostat.prompts.optimize.result_folder import check_place, write_result
    from homeostat.prompts.tokens.tokenizer import tokenizer as named

    if (out is None) != dry_run:
        raise ConfigError("say where the result goes with --out, or --dry-run to only see what it would save")
    asked = LossyAsked(lossy, lossy_per, rewrite, endpoint, embeddings, ask_first=not yes, dry_run=dry_run)
    asked.checked()
    run = chosen(passes(), _names(only), _names(skip))
    counts = Counts(named(tokenizer))
    known = load_styles(styles) if styles is not None else load_styles()
    if out is not None:
        check_place(folder, out)
    with stoppable():
        with working(quiet=as_json) as work:
            library = load_library(folder, progress=work.step)
        draft = Draft(library, known, counts)
        run = (*asked.passes(draft, quiet=as_json), *run)
        with working(quiet=as_json) as work:
            found = optimized(draft, run, Price(model, time.time_ns()), work.step)
            left: tuple[str, ...] = ()
            written = out is not None and found.outcome.verification.holds
            if out is not None and written:
                _plan(found)
                left = write_result(folder, out, found, tuple(p.name for p in run), work.step)
    _show(found, out if written else None, (*map(str, library.problems), *left), show_all, as_json)
    asked.compare(draft, found.draft, found.claims.lossy, quiet=as_json)
    if not found.outcome.verification.holds:
        raise typer.Exit(Exit.FAILED)


def restore(
    folder: Annotated[Path, typer.Argument(help="Folder that `homeostat prompts optimize` made.")],
    to: Annotated[
        Path | None, typer.Option(help="New or empty folder for the original (default: its own place).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Give the original of an optimised library back, byte for byte.

    Example: [bold]homeostat prompts restore lean --to original[/bold]
    """
    import msgspec

    from homeostat.app.cli.progress import working
    from homeostat.app.cli.stoppable import stoppable
    from homeostat.prompts.optimize.restoring import restore as restored

    with stoppable(), working(quiet=as_json) as work:
        files = restored(folder, to, work.step)
    place = folder if to is None else to
    if as_json:
        typer.echo(msgspec.json.encode({"restored": str(place), "files": files}).decode())
    else:
        typer.echo(f"restored: {place} ({files:,} files, byte for byte)")


def _names(given: str) -> list[str]:
    return [name.strip() for name in given.split(",") if name.strip()]


def _plan(found: "Optimized") -> None:
    """Put the loading plan of a result beside it."""
    from homeostat.prompts.planning.loading_plan import loading_plan
    from homeostat.prompts.planning.plan_file import NAME, plan_bytes

    draft = found.draft
    tokens = {path: draft.tokens(path) for path in draft.library.modules}
    plan = loading_plan(draft.library, draft.understood, tokens, found.outcome.tokenizer)
    found.files[NAME] = plan_bytes(plan)


def _show(
    found: "Optimized", out: Path | None, problems: tuple[str, ...], show_all: bool, as_json: bool
) -> None:
    import msgspec

    from homeostat.prompts.optimize.outcome_text import outcome_text

    if as_json:
        said = {"outcome": found.outcome, "written": None if out is None else str(out), "problems": problems}
        typer.echo(msgspec.json.format(msgspec.json.encode(said), indent=2).decode())
        return
    typer.echo(outcome_text(found.outcome, show_all))
    for problem in problems:
        typer.echo(f"left as it is: {problem}")
    if out is not None:
        typer.echo(f"written: {out} (homeostat prompts restore {out} gives the original back)")
    elif not found.outcome.verification.holds:
        typer.echo("nothing was written")
