"""Remains: what is left on the disk of somebody who was forgotten."""

from pathlib import Path
from typing import Protocol

from homeostat.companion.security.encryption import PLAIN, Probe, probe_apart
from homeostat.companion.store.sqlite.places import BESIDE, REGISTRY, draft_of


class Placed(Protocol):
    """People of whom each has a file."""

    def place(self, person: str) -> Path | None:
        """Return where a person's file is, None where there is no such person."""
        ...


class Remains:
    """Looks for files and raw words, those in files that are not encrypted too."""

    def __init__(
        self, folder: Path, people: Path | None, placed: Placed | None, probe: Probe = probe_apart
    ) -> None:
        """`people` is where memories are in files, with `placed`; None where they are in a database."""
        self._folder = folder
        self._people = people
        self._placed = placed
        self._probe = probe

    def place(self, person: str) -> Path | None:
        """Return where a person's file is."""
        return None if self._placed is None else self._placed.place(person)

    def left(self, place: Path | None, word: str) -> list[str]:
        """Return the names of files that are left, or that hold a word which only they said."""
        left = []
        if place is not None:
            whose = [path.with_name(path.name + end) for path in (place, draft_of(place)) for end in BESIDE]
            left = [path.name for path in whose if path.exists()]
        folders = [self._folder / file for file in PLAIN]
        if self._people is not None:
            folders.append(self._people / REGISTRY)
        files = [path.with_name(path.name + end) for path in folders for end in ("", "-wal")]
        task = {"search": [str(path) for path in files if path.exists()], "words": [word]}
        found: list[str] = self._probe(task)["found"]
        return [*left, *found]
