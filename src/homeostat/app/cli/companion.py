"""`homeostat companion`: a conversation memory for many people."""

from pathlib import Path
from typing import Annotated

import typer

from homeostat.app.cli.companion_access import audit, flags, token
from homeostat.app.cli.companion_data import Folder, Store, data_folder
from homeostat.app.cli.companion_database import prepare
from homeostat.app.cli.companion_exchange import bring, export, forget
from homeostat.app.cli.companion_loadtest import loadtest
from homeostat.app.cli.companion_rotate import rotate_key
from homeostat.app.cli.companion_security import security, unblock
from homeostat.core.errors import ConfigError

PORT = 4380

companion = typer.Typer(help="A conversation memory for many people, governed.", no_args_is_help=True)


@companion.callback()
def group() -> None:
    """Hold the commands together."""


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


@companion.command()
def up(
    data: Folder = None,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")] = PORT,
    store: Store = None,
    policy: Annotated[
        Path | None, typer.Option(help="Policy of the loop; without one, the built-in one observes.")
    ] = None,
    resident_mb: Annotated[
        int, typer.Option(min=16, max=65_536, help="Memory for what is kept ready of active people.")
    ] = 512,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Jobs that run at once.")] = 1,
    embedder: Annotated[str, typer.Option(help="none, minilm, static, or the URL of an endpoint.")] = "none",
    writer: Annotated[
        str, typer.Option(help="none, or the URL?model=NAME of a model that words replies and gaps.")
    ] = "none",
    feedback_origin: Annotated[
        list[str] | None,
        typer.Option(metavar="ORIGIN", help="Site whose pages may send feedback; may be repeated."),
    ] = None,
    crisis_hook: Annotated[
        str, typer.Option(metavar="URL", help="Address that is told who may be in danger.")
    ] = "",
    two_places: Annotated[
        bool, typer.Option(help="Block a person's token that goes to and fro between two addresses.")
    ] = True,
    review_texts: Annotated[
        bool,
        typer.Option(
            "--review-texts", help="Keep what the guard holds for 30 days, encrypted, for reviewers."
        ),
    ] = False,
    speech: Annotated[
        str, typer.Option(help="none, or the URL?model=NAME of a model that reads dreams aloud.")
    ] = "none",
    pictures: Annotated[
        str, typer.Option(help="none, or the URL?model=NAME of a model that paints dreams.")
    ] = "none",
    bus: Annotated[
        str,
        typer.Option(
            envvar="HOMEOSTAT_COMPANION_BUS",
            help="Of several servers before the same people: the redis:// address over which they tell each "
            "other who was forgotten.",
        ),
    ] = "",
    log_level: Annotated[str, typer.Option(help="debug, info, warning or error.")] = "info",
    until_eof: Annotated[bool, typer.Option("--until-eof", hidden=True)] = False,
) -> None:
    """Start the server of the companion.

    Example: [bold]homeostat companion up --data ./memories[/bold]
    """
    from homeostat.app.one_thread import pin

    pin()
    from homeostat.app.cli.logs import configure_logs
    from homeostat.app.cli.up import address_of
    from homeostat.app.companion.node import CANARIES, POLICY, CompanionNode, CompanionOptions
    from homeostat.app.companion.serving import may_open_many_files, serve
    from homeostat.app.launch.server import listener_at

    configure_logs(log_level)
    folder = data_folder(data)
    try:
        listener = listener_at(host, port)
    except OSError as error:
        raise ConfigError(f"cannot listen at {host}:{port}: {error.strerror or error}") from None
    may_open_many_files()
    options = CompanionOptions(
        folder,
        store,
        policy or POLICY,
        CANARIES,
        resident_mb=resident_mb,
        workers=workers,
        embedder=embedder,
        writer=writer,
        speech=speech,
        pictures=pictures,
        feedback_origins=tuple(feedback_origin or ()),
        bus=bus,
        crisis_hook=crisis_hook,
        review_texts=review_texts,
        two_places=two_places,
    )
    node = CompanionNode(options)
    try:
        token = node.first_token()
        bound: tuple[str, int] = listener.getsockname()[:2]

        def announce() -> None:
            typer.echo(f"The companion is up: {address_of(*bound)}")
            if token is not None:
                typer.echo(f"  token    {token}   (all scopes; shown only now)")
            typer.echo(f"  data     {folder}")
            typer.echo(f"  measured homeostat up --store {folder / 'homeostat.db'}")
            typer.echo("  stop     Ctrl-C")

        serve(node, listener, announce, until_eof)
    finally:
        node.close()
