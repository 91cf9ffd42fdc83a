"""`homeostat companion import`, `export` and `forget`: one person's memory as a whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.companion_data import Folder, Store, data_folder
from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json
from homeostat.core.errors import InputError

if TYPE_CHECKING:
    from homeostat.app.companion.node import CompanionNode

Person = Annotated[str, typer.Argument(help="Whose memory.")]

BY = "command line"
"""Who did it, in the audit."""

FAULTS_SHOWN = 20


def bring(
    person: Person,
    path: Annotated[Path, typer.Argument(help="File, folder or zip; an archive of `export` too.")],
    data: Folder = None,
    store: Store = None,
    format: Annotated[
        str | None, typer.Option(help="json, csv, irc, whatsapp, telegram, slack, discord, chatgpt, archive.")
    ] = None,
    me: Annotated[
        list[str] | None, typer.Option(help="A name under which the person wrote; may be repeated.")
    ] = None,
    zone: Annotated[str, typer.Option(help="Time zone of times that name none.")] = "UTC",
    day: Annotated[str | None, typer.Option(help="Day of times without a date, as 2026-11-20.")] = None,
    talk: Annotated[str, typer.Option(help="Name of the talk, where the file has none.")] = "",
    as_json: Json = False,
) -> None:
    """Bring a chat of elsewhere, or an archive, into a memory. To do it again adds only what is new.

    Example: [bold]homeostat companion import ann chat.txt --me "Ann Lee" --zone Europe/Lisbon[/bold]
    """
    import msgspec

    from homeostat.app.cli.progress import working
    from homeostat.companion.exchange.formats.reading import Reading
    from homeostat.companion.exchange.importing import FORMATS, format_of, import_rows
    from homeostat.companion.exchange.restoring import is_archive, restore

    kind = format or ("archive" if is_archive(path) else format_of(path))
    if kind != "archive" and kind not in FORMATS:
        raise InputError(f"no format is named {kind!r}; there are {', '.join(FORMATS)}, archive")
    with opened(data, store) as node, working(as_json) as work:
        if kind == "archive":
            restored = restore(node.companion, person, path, lambda d, t: work.step("restoring", d, t))
            told: object = restored
            lines = [f"{restored.messages} messages are there" + (", as they were" if restored.whole else "")]
            bad = restored.bad
        else:
            reading = Reading(
                mine=frozenset(me or ()),
                zone=_zone(zone),
                day=_day(day),
                talk=talk,
                tell=lambda done, total: work.step(f"reading {path.name}", done, total),
            )
            imported = import_rows(node.companion, person, FORMATS[kind](path, reading))
            told = imported
            lines = [f"{imported.kept} messages kept, {imported.known} were there before ({kind})"]
            lines += [f"  {fault.place}: {fault.reason}" for fault in imported.faults[:FAULTS_SHOWN]]
            bad = imported.bad
        node.note_import(BY, person)
    if as_json:
        typer.echo(msgspec.json.encode(told).decode())
    else:
        typer.echo("\n".join(lines))
        if bad:
            typer.echo(f"{bad} rows could not be kept", err=True)
    if bad:
        raise typer.Exit(Exit.FAILED)


def export(
    person: Person,
    out: Annotated[Path, typer.Argument(help="File to write; it must not exist.")],
    data: Folder = None,
    store: Store = None,
    vectors: Annotated[bool, typer.Option(help="With the rows of vectors.")] = True,
) -> None:
    """Write everything of a person to one archive, which is as secret as the memory.

    Example: [bold]homeostat companion export ann ann.zip[/bold]
    """
    import os

    from homeostat.companion.access.audit import Act
    from homeostat.companion.exchange.archive import archived

    if out.exists():
        raise InputError(f"{out} exists; name another file")
    with opened(data, store) as node:
        pieces = archived(node.people, person, node.clock, vectors=vectors)
        first = next(pieces)
        try:
            with os.fdopen(os.open(out, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
                file.write(first)
                file.writelines(pieces)
                size_bytes = file.tell()
        except OSError as error:
            raise InputError(f"{out} cannot be written: {error.strerror or error}") from None
        node.audit.note(Act.EXPORTED, BY, person=person)
    typer.echo(f"{out}: {size_bytes:,} bytes; whoever has it can read it")


def forget(
    person: Person,
    data: Folder = None,
    store: Store = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Destroy everything of a person, the key to it, and their tokens. Nothing brings it back.

    Example: [bold]homeostat companion forget ann --yes[/bold]
    """
    if not yes:
        typer.confirm(f"Destroy everything of {person!r}?", abort=True)
    with opened(data, store) as node:
        found = node.forget(person, BY)
    typer.echo(f"{person}: {'forgotten' if found else 'nothing was there'}")


@contextmanager
def opened(data: Path | None, store: str | None) -> "Iterator[CompanionNode]":
    """Open the companion's data for a command; a server may be running beside it."""
    from homeostat.app.companion.node import CompanionNode
    from homeostat.app.companion.options import CompanionOptions

    node = CompanionNode(CompanionOptions(data_folder(data), store))
    try:
        yield node
    finally:
        node.close()


def _zone(name: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InputError(f"no time zone is named {name!r}; one is Europe/Lisbon") from None


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--day must be a day such as 2026-11-20, not {text!r}") from None
