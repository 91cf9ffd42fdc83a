"""`homeostat engine`: every operation of the engine from the command line."""

from typing import Annotated, Any

import typer

from homeostat.app.cli.loop_options import StoreOption, person


def engine(
    operation: Annotated[str, typer.Argument(help="The operation; none lists them all.")] = "",
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments as NAME=VALUE; JSON where a value is no plain text.")
    ] = None,
    store: StoreOption = None,
) -> None:
    """Ask or order what the page and the API do, and print the answer as JSON.

    Example: [bold]homeostat engine predict_resource_needs time_horizon=3600 confidence_level=0.9[/bold]
    """
    import msgspec

    from homeostat.app.cli.stored_at import stored_at
    from homeostat.app.engine.engine import Engine
    from homeostat.app.engine.operations import called, described
    from homeostat.core.clock import SystemClock
    from homeostat.core.losses import Losses
    from homeostat.observe.catalogue import load_catalogue

    if not operation:
        typer.echo(msgspec.json.format(msgspec.json.encode(described())).decode())
        return
    with stored_at(store) as opened:
        made = Engine(opened, SystemClock(), load_catalogue(None), Losses(), by=person())
        try:
            answer = called(made, operation, _parsed(arguments or []))
        finally:
            made.close()
    typer.echo(msgspec.json.format(msgspec.json.encode(answer)).decode())


def _parsed(arguments: list[str]) -> dict[str, Any]:
    import json

    from homeostat.core.errors import InputError

    found: dict[str, Any] = {}
    for text in arguments:
        name, equals, value = text.partition("=")
        if not equals:
            raise InputError(f"write an argument as NAME=VALUE, not {text!r}")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found
