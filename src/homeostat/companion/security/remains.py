"""Remains: what is left on the disk of somebody who was forgotten."""

from pathlib import Path
from typing import Protocol

from homeostat.companion.security.encryption import NAMES_STAY, PLAIN, Probe, probe_apart
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

    def left(self, place: Path | None, name: str, word: str) -> list[str]:
        """Return the names of files that are left, or that hold the name or a word which only they said."""
        left = []
        if place is not None:
            whose = [path.with_name(path.name + end) for path in (place, draft_of(place)) for end in BESIDE]
            left = [path.name for path in whose if path.exists()]
        for words, files in (([word], NAMES_STAY), ([word, name], set(PLAIN) - set(NAMES_STAY))):
            left += self._holding(words, [self._folder / file for file in sorted(files)])
        if self._people is not None:
            left += self._holding([word, name], [self._people / REGISTRY])
        return left

    def _holding(self, words: list[str], files: list[Path]) -> list[str]:
        paths = [path.with_name(path.name + end) for path in files for end in ("", "-wal")]
        task = {"search": [str(path) for path in paths if path.exists()], "words": words}
        found: list[str] = self._probe(task)["found"]
        return found
