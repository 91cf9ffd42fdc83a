"""Integrity, followed in the background: the audit's chain, and files of people page by page."""

from collections.abc import Generator
from typing import Protocol

from homeostat.companion.access.audit import Audit
from homeostat.companion.access.cabinet import START, Link
from homeostat.companion.security.figures import Figures
from homeostat.core.errors import StoreBusy, StoreCorrupt, UnknownPerson
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses

PEOPLE_A_ROUND = 64
PAGE = 1_000


class Checked(Protocol):
    """People whose kept bytes can be read with their authentication."""

    def names(self, after: str, limit: int) -> list[str]:
        """Return up to `limit` people that follow `after`."""
        ...

    def check(self, person: str) -> None:
        """Read all that is kept of a person. Raises StoreCorrupt where it is not whole, UnknownPerson."""
        ...


class Integrity:
    """Follows the chain a thousand entries at a time, then reads some people's files, others each round."""

    def __init__(self, figures: Figures, losses: Losses, audit: Audit, people: Checked | None) -> None:
        self._figures = figures
        self._losses = losses
        self._audit = audit
        self._people = people
        self._head: Link = START
        self._after = ""

    def steps(self) -> Generator[None, None, None]:
        """Go through the chain and the next people once, a pause after each step."""
        faults: list[str] = []
        links = yield from self._chain(faults)
        files = 0
        for person in self._next_people():
            assert self._people is not None
            with guarded(self._losses, "companion.security.file", private=True):
                try:
                    self._people.check(person)
                    files += 1
                except StoreCorrupt as error:
                    files += 1
                    faults.append(str(error))
                except UnknownPerson:
                    pass  # forgotten since the names were read, or not made yet: there is no file to read
                except StoreBusy:
                    self._losses.add("companion.security.file_skipped")
            yield
        whole = 1 + files
        note = f"the audit's chain ({links} entries) and {files} people's files"
        self._figures.found("integrity", whole - len(faults), whole, faults, note)

    def _chain(self, faults: list[str]) -> Generator[None, None, int]:
        """Follow the chain from its oldest entry to its newest; return how many entries there were."""
        links = 0
        last: Link | None = None
        try:
            if self._head is not START:
                self._audit.follow(self._head, 1)  # what came since was bound to it
            while True:
                page = self._audit.follow(last, PAGE)
                links += page.links
                last = page.last
                yield
                if not page.links:
                    break
            if last.number < self._head.number:
                raise StoreCorrupt(
                    f"the audit ends at entry {last.number}, and had {self._head.number}: its end was cut off"
                )
            self._head = last
        except StoreCorrupt as error:
            faults.append(str(error))
        return links

    def _next_people(self) -> list[str]:
        if self._people is None:
            return []
        names = self._people.names(self._after, PEOPLE_A_ROUND)
        self._after = names[-1] if len(names) == PEOPLE_A_ROUND else ""
        return names
