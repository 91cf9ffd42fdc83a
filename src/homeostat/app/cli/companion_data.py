"""Where the companion's data is: the options that its commands share."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    Path | None,
    typer.Option("--data", envvar="HOMEOSTAT_COMPANION", help="Folder with everything; made if need be."),
]
Store = Annotated[
    str | None,
    typer.Option(
        help="Where people are kept: another folder, or a PostgreSQL address (tokens, flags, audit too)."
    ),
]


def data_folder(folder: Path | None) -> Path:
    """Return the folder that was named, or the user's own."""
    if folder is not None:
        return folder
    from platformdirs import user_data_path

    return user_data_path("homeostat", appauthor=False) / "companion"
