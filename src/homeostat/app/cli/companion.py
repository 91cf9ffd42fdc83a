"""`homeostat companion`: a conversation memory for many people."""

import typer

from homeostat.app.cli.companion_access import audit, flags, token
from homeostat.app.cli.companion_database import prepare
from homeostat.app.cli.companion_exchange import bring, export, forget
from homeostat.app.cli.companion_loadtest import loadtest
from homeostat.app.cli.companion_rotate import rotate_key
from homeostat.app.cli.companion_security import security, unblock
from homeostat.app.cli.companion_up import up

companion = typer.Typer(help="A conversation memory for many people, governed.", no_args_is_help=True)


@companion.callback()
def group() -> None:
    """Hold the commands together."""


companion.command()(up)
companion.command("import")(bring)
companion.command()(export)
companion.command()(forget)
companion.command()(prepare)
companion.command()(audit)
companion.command("rotate-key")(rotate_key)
companion.command()(loadtest)
companion.command()(security)
companion.command()(unblock)
companion.add_typer(token, name="token")
companion.add_typer(flags, name="flags")
