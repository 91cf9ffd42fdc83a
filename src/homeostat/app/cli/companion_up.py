"""`homeostat companion up`: the server of the companion, until it is told to stop."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from homeostat.app.cli.companion_data import Folder, Store, data_folder
from homeostat.core.errors import ConfigError

PORT = 4380

Address = Annotated[str, typer.Option(help="Address to listen at.")]
Port = Annotated[int, typer.Option(min=0, max=65_535, help="Port; 0 takes a free one.")]
PolicyFile = Annotated[
    Path | None, typer.Option(help="Policy of the loop; without one, the built-in one observes.")
]
ResidentMb = Annotated[
    int, typer.Option(min=16, max=65_536, help="Memory for what is kept ready of active people.")
]
Workers = Annotated[int, typer.Option(min=1, max=64, help="Jobs that run at once.")]
EmbedderSetting = Annotated[str, typer.Option(help="none, minilm, static, or the URL of an endpoint.")]
WriterSetting = Annotated[
    str, typer.Option(help="none, or the URL?model=NAME of a model that words replies and gaps.")
]
SpeechSetting = Annotated[
    str, typer.Option(help="none, or the URL?model=NAME of a model that reads dreams aloud.")
]
PicturesSetting = Annotated[
    str, typer.Option(help="none, or the URL?model=NAME of a model that paints dreams.")
]
Origins = Annotated[
    list[str] | None,
    typer.Option(metavar="ORIGIN", help="Site whose pages may send feedback; may be repeated."),
]
CrisisHook = Annotated[str, typer.Option(metavar="URL", help="Address that is told who may be in danger.")]
TwoPlaces = Annotated[
    bool, typer.Option(help="Block a person's token that goes to and fro between two addresses.")
]
ReviewTexts = Annotated[
    bool,
    typer.Option("--review-texts", help="Keep what the guard holds for 30 days, encrypted, for reviewers."),
]
Bus = Annotated[
    str,
    typer.Option(
        envvar="HOMEOSTAT_COMPANION_BUS",
        help="Of several servers before the same people: the redis:// address over which they tell each "
        "other who was forgotten.",
    ),
]
LogLevel = Annotated[str, typer.Option(help="debug, info, warning or error.")]
UntilEof = Annotated[bool, typer.Option("--until-eof", hidden=True)]


def up(
    data: Folder = None,
    host: Address = "127.0.0.1",
    port: Port = PORT,
    store: Store = None,
    policy: PolicyFile = None,
    resident_mb: ResidentMb = 512,
    workers: Workers = 1,
    embedder: EmbedderSetting = "none",
    writer: WriterSetting = "none",
    feedback_origin: Origins = None,
    crisis_hook: CrisisHook = "",
    two_places: TwoPlaces = True,
    review_texts: ReviewTexts = False,
    speech: SpeechSetting = "none",
    pictures: PicturesSetting = "none",
    bus: Bus = "",
    log_level: LogLevel = "info",
    until_eof: UntilEof = False,
) -> None:
    """Start the server of the companion.

    Example: [bold]homeostat companion up --data ./memories[/bold]
    """
    from homeostat.app.one_thread import pin

    pin()
    from homeostat.app.cli.logs import configure_logs
    from homeostat.app.companion.node import CompanionNode
    from homeostat.app.companion.options import CANARIES, POLICY, CompanionOptions
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
        bound: tuple[str, int] = listener.getsockname()[:2]
        serve(node, listener, _announcing(bound, folder, node.first_token()), until_eof)
    finally:
        node.close()


def _announcing(bound: tuple[str, int], folder: Path, token: str | None) -> Callable[[], None]:
    """Return what tells a person what they want to know, once the companion is up."""
    from homeostat.app.cli.up import address_of

    def announce() -> None:
        typer.echo(f"The companion is up: {address_of(*bound)}")
        if token is not None:
            typer.echo(f"  token    {token}   (all scopes; shown only now)")
        typer.echo(f"  data     {folder}")
        typer.echo(f"  measured homeostat up --store {folder / 'homeostat.db'}")
        typer.echo("  stop     Ctrl-C")

    return announce
