"""`homeostat demo`: a small assistant under load on this machine, and its page."""

from typing import Annotated

import typer


def demo(
    seconds: Annotated[float, typer.Option(min=5, help="How long the load lasts.")] = 60.0,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the page; 0 takes a free one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Watch a real assistant, with a simulated model, under load: no network, no key.

    At a terminal it goes on serving the page until Ctrl-C.

    Example: [bold]homeostat demo --seconds 20[/bold]
    """
    from homeostat.app.demo.demo import run_demo

    raise typer.Exit(run_demo(seconds=seconds, port=port, as_json=as_json))
