"""`homeostat demo`: a small assistant under load on this machine, and its page."""

from typing import Annotated

import typer


def demo(
    seconds: Annotated[float, typer.Option(min=5, help="How long the load lasts.")] = 150.0,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port of the page; 0 takes a free one.")] = 0,
    fault: Annotated[bool, typer.Option(help="Let something go wrong after 25 s (simulated).")] = True,
    observe: Annotated[bool, typer.Option("--observe", help="Let the loop only watch.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Watch the loop close on a real assistant, with a simulated model, under load: no network, no key.

    After 25 s the model turns slow and the prompts grow, both simulated; what the loop then tries, keeps and
    takes back on the assistant's knobs is real. At a terminal it goes on serving the page until Ctrl-C.

    Example: [bold]homeostat demo --seconds 20[/bold]
    """
    from homeostat.app.demo.demo import run_demo

    raise typer.Exit(run_demo(seconds=seconds, port=port, as_json=as_json, fault=fault, act=not observe))
