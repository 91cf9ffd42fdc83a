"""`homeostat prompts plan` and `savings`: what is loaded when, what stays free, what a month costs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from homeostat.app.cli.progress import Work
    from homeostat.prompts.planning.loading_plan import LoadingPlan
    from homeostat.prompts.planning.usage import Usage

DEFAULT_MODEL = "claude-sonnet-4-5"

Model = Annotated[str, typer.Option(help="Model whose window and prices are taken.")]
Tokenizer = Annotated[str, typer.Option(help="cl100k_base, o200k_base or voyage3_base.")]
StylesFile = Annotated[
    Path | None, typer.Option(help="TOML file that says how these prompts name each other.")
]
StoreAddress = Annotated[
    str | None, typer.Option(help="Store whose spans of loads tell what is used: a path, or sqlite:///path.")
]


def plan(
    folder: Annotated[Path, typer.Argument(help="Folder with prompts.")],
    commands: Annotated[
        list[str] | None, typer.Argument(help="Entry points of one workflow; without, all are planned.")
    ] = None,
    model: Model = DEFAULT_MODEL,
    window: Annotated[
        int | None, typer.Option(min=1, help="Tokens of the context window (default: the model's).")
    ] = None,
    budget: Annotated[int | None, typer.Option(min=1, help="Tokens that prompts may take of it.")] = None,
    store: StoreAddress = None,
    out: Annotated[Path | None, typer.Option(help="Write the loading plan as JSON.")] = None,
    tokenizer: Tokenizer = "cl100k_base",
    styles: StylesFile = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every row.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Plan what is loaded with each command, and what of a workflow goes into a context window.

    The exit code is 1 if the workflow needs more than the budget.

    Example: [bold]homeostat prompts plan .claude /query /feature --budget 16000[/bold]
    """
    from homeostat.app.cli.exits import Exit
    from homeostat.app.cli.progress import working
    from homeostat.core.errors import ConfigError
    from homeostat.observe.pricing import context_window
    from homeostat.prompts.planning.plan_file import plan_bytes, write_plan
    from homeostat.prompts.planning.plan_text import plan_text, usage_text, window_text
    from homeostat.prompts.planning.window_plan import window_plan

    with working(quiet=as_json) as work:
        planned, usage = _planned(folder, tokenizer, styles, store, model, work)
    if out is not None:
        write_plan(out, planned)
    if store is not None and not as_json:
        typer.echo(usage_text(usage))
    if not commands:
        typer.echo(plan_bytes(planned).decode() if as_json else plan_text(planned))
        return
    tokens = window or context_window(model)
    if tokens is None:
        raise ConfigError(f"the context window of {model!r} is not known; give its tokens with --window")
    found = window_plan(planned, commands, tokens, budget, model)
    if as_json:
        _print_json(found)
    else:
        typer.echo(window_text(found, show_all))
    if not found.fits:
        raise typer.Exit(Exit.FAILED)


def savings(
    before: Annotated[Path, typer.Argument(help="Folder with the original prompts.")],
    after: Annotated[Path, typer.Argument(help="Folder with what was made of them.")],
    runs: Annotated[
        list[str] | None, typer.Option(help="Runs a month, as /command=N; may be repeated.")
    ] = None,
    store: StoreAddress = None,
    model: Model = DEFAULT_MODEL,
    hours: Annotated[float, typer.Option(min=1, max=744, help="Hours of a month with runs.")] = 168,
    requests: Annotated[int, typer.Option(min=1, help="Requests to the model a run.")] = 1,
    hits: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Share of runs that hit the cache (default: from runs and hours)."),
    ] = None,
    spent: Annotated[float | None, typer.Option(min=0, help="USD that the change took to make.")] = None,
    tokenizer: Tokenizer = "cl100k_base",
    styles: StylesFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what a month of runs costs before and after, with the provider's cache, and when it has paid.

    Example: [bold]homeostat prompts savings .claude lean --runs /feature=400 --runs /task=2000[/bold]
    """
    import time

    from homeostat.app.cli.progress import working
    from homeostat.core.errors import ConfigError
    from homeostat.prompts.planning.plan_text import savings_text
    from homeostat.prompts.planning.savings import Assumptions
    from homeostat.prompts.planning.savings import savings as saved

    counts = dict(map(_runs, runs or ()))
    with working(quiet=as_json) as work:
        old, usage = _planned(before, tokenizer, styles, store, model, work)
        new, _ = _planned(after, tokenizer, styles, store, model, work)
    if not counts:
        counts = {e.name: usage.runs_a_month(e.path) for e in old.entries if e.path in usage.runs}
    if not counts:
        raise ConfigError("how often does each command run a month? Give --runs /command=N, or --store")
    assumed = Assumptions(model, hours, requests, hits)
    found = saved(old, new, counts, assumed, time.time_ns(), spent)
    if as_json:
        _print_json(found)
    else:
        typer.echo(savings_text(found))


def _planned(
    folder: Path, tokenizer: str, styles: Path | None, store: str | None, model: str, work: "Work"
) -> "tuple[LoadingPlan, Usage]":
    """Return a folder's plan and the usage that it goes by: none where no store is given."""
    import time

    from homeostat.prompts.graph.styles import load_styles
    from homeostat.prompts.graph.understanding import understand
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.planning.loading_plan import FREQUENT_MIN, loading_plan
    from homeostat.prompts.planning.savings import HOURS, break_even_share, hit_share
    from homeostat.prompts.tokens.count_cache import CountCache, default_path
    from homeostat.prompts.tokens.counting import count_modules
    from homeostat.prompts.tokens.tokenizer import tokenizer as named

    known = load_styles(styles) if styles is not None else load_styles()
    counter = named(tokenizer)
    library = load_library(folder, progress=work.step)
    tokens = count_modules(library, counter, CountCache(default_path()), work.step)
    understood = understand(library, known, work.step)
    usage = _usage(store, [e.path for e in understood.entries])
    frequent_min = FREQUENT_MIN
    if usage.runs:
        hits = hit_share(sum(map(usage.runs_a_month, usage.runs)), HOURS)
        frequent_min = break_even_share(model, hits, time.time_ns())
    return loading_plan(library, understood, tokens, counter.name, usage, frequent_min), usage


def _usage(store: str | None, entries: list[str]) -> "Usage":
    from homeostat.prompts.planning.usage import Usage, read_usage

    if store is None:
        return Usage()
    import time

    from homeostat.app.cli.stored_at import stored_at
    from homeostat.core.clock import DAY_NS

    now = time.time_ns()
    with stored_at(store) as kept:
        return read_usage(kept, entries, now - 30 * DAY_NS, now)


def _runs(text: str) -> tuple[str, float]:
    from homeostat.core.errors import ConfigError

    name, _, count = text.rpartition("=")
    try:
        if name and float(count) >= 0:
            return name, float(count)
    except ValueError:
        pass
    raise ConfigError(f"--runs takes /command=N, such as /feature=400, not {text!r}")


def _print_json(found: object) -> None:
    import msgspec

    typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
