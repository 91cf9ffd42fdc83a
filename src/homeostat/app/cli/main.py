"""The entry point `homeostat`.

What a command needs is imported within it, so that `homeostat --help` and shell completion stay fast.
"""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from homeostat.app.cli.alerts import alerts
from homeostat.app.cli.analyze import analyze
from homeostat.app.cli.bus import bus
from homeostat.app.cli.categories import categories
from homeostat.app.cli.companion import companion
from homeostat.app.cli.compare import compare
from homeostat.app.cli.demo import demo
from homeostat.app.cli.embedder import embedder
from homeostat.app.cli.engine import engine
from homeostat.app.cli.evaluate import evaluate
from homeostat.app.cli.exits import code_of
from homeostat.app.cli.experience import experience
from homeostat.app.cli.guard import guard
from homeostat.app.cli.jobs import jobs
from homeostat.app.cli.knobs import knobs
from homeostat.app.cli.ledger import ledger
from homeostat.app.cli.metrics import metrics
from homeostat.app.cli.orders import mode, pin, restore, try_, undo, unpin
from homeostat.app.cli.prompts import prompts
from homeostat.app.cli.replay import replay
from homeostat.app.cli.report import report
from homeostat.app.cli.run import run
from homeostat.app.cli.status import status
from homeostat.app.cli.targets import targets
from homeostat.app.cli.tune import tune
from homeostat.app.cli.up import up
from homeostat.app.cli.version import version
from homeostat.app.cli.watch import watch
from homeostat.app.cli.worker import worker
from homeostat.core.errors import HomeostatError

COMMANDS: tuple[tuple[str, Callable[..., None], dict[str, Any]], ...] = (
    ("up", up, {}),
    ("run", run, {"allow_interspersed_args": False}),
    ("status", status, {}),
    ("categories", categories, {}),
    ("watch", watch, {}),
    ("metrics", metrics, {}),
    ("report", report, {}),
    ("analyze", analyze, {}),
    ("compare", compare, {}),
    ("evaluate", evaluate, {}),
    ("replay", replay, {}),
    ("ledger", ledger, {}),
    ("undo", undo, {}),
    ("knobs", knobs, {}),
    ("pin", pin, {}),
    ("unpin", unpin, {}),
    ("try", try_, {}),
    ("mode", mode, {}),
    ("restore", restore, {}),
    ("engine", engine, {}),
    ("tune", tune, {"allow_interspersed_args": False}),
    ("worker", worker, {}),
    ("demo", demo, {}),
    ("version", version, {}),
)
"""The commands in the order of the help, with their settings of click's context."""

HELP = """
The performance system for LLM applications: see live what an application costs, where its time goes, and
which limits it breaks.

Start here: [bold]homeostat run -- python app.py[/bold], or [bold]homeostat demo[/bold].
"""

EPILOG = "Exit codes: 0 ok, 1 failed or a limit is broken, 2 wrong usage or bad input, 3 not reachable."


class Group(TyperGroup):
    """Turns an error that we raise on purpose into one line and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except HomeostatError as error:
            if ctx.params.get("debug"):
                raise
            typer.secho(f"homeostat: {error}", fg=typer.colors.RED, err=True)
            raise typer.Exit(code_of(error)) from None
        except BrokenPipeError:  # the reader of a pipe such as `| head` has gone
            import os
            import sys

            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None


def root(
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Take the options that stand before the command."""


def build() -> typer.Typer:
    """Put the commands together."""
    app = typer.Typer(
        cls=Group,
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(root)
    for name, command, settings in COMMANDS:
        app.command(name, context_settings=settings)(command)
    app.add_typer(alerts, name="alerts")
    app.add_typer(targets, name="targets")
    app.add_typer(prompts, name="prompts")
    app.add_typer(jobs, name="jobs")
    app.add_typer(bus, name="bus")
    app.add_typer(companion, name="companion")
    app.add_typer(embedder, name="embedder")
    app.add_typer(experience, name="experience")
    app.add_typer(guard, name="guard")
    return app


def main() -> None:
    """Run the command line."""
    build()(prog_name="homeostat")


if __name__ == "__main__":
    main()
