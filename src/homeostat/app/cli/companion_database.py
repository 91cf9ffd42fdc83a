"""`homeostat companion prepare`: the tables of people in PostgreSQL, made by their owner."""

from typing import Annotated

import typer

from homeostat.core.errors import NotAvailable


def prepare(
    address: Annotated[str, typer.Argument(help="The database, by the address of the tables' owner to be.")],
    role: Annotated[str, typer.Option(help="Role under which the companion will connect.")],
) -> None:
    """Make the companion's tables in a PostgreSQL database, and let a role use them.

    The role must be there already, and be neither a superuser nor the owner: row-level security keeps people
    apart from it. To do it again changes nothing.

    Example: [bold]homeostat companion prepare postgresql://owner@db/people --role companion[/bold]
    """
    try:
        from homeostat.companion.store.postgres.prepare import prepare as prepared
    except ModuleNotFoundError as error:
        raise NotAvailable(
            f"people in PostgreSQL need {error.name}: pip install 'homeostat[companion,postgres]'"
        ) from None
    made = prepared(address, role)
    typer.echo(f"{'The tables are made' if made else 'The tables were there'}; {role} may use them.")
