"""The held palace: a person's building while it is resident, and what was not put to the notes yet."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace import keeping
from homeostat.companion.palace.building import GONE, Building
from homeostat.companion.palace.columns import PAGE
from homeostat.companion.palace.grid import Grid
from homeostat.companion.palace.recalling import TierRows
from homeostat.companion.store.people import Memory

USES_NOTE = f"{keeping.HEAD}.uses"
USE = np.dtype([("seq", "<u4"), ("used_us", "<i8"), ("uses", "<u2"), ("occasions", "u1"), ("tier", "u1")])
USES_A_PUT = 16
"""Uses are put when so many came since: a process that dies loses fewer than that, and no message."""

Ahead = tuple[NDArray[np.int64], NDArray[np.int8]]


@dataclass(slots=True)
class Held:
    """A building and what belongs to it in memory. Whoever uses it holds the person's memory."""

    building: Building
    pages_kept: int = 0
    used: set[int] = field(default_factory=set)
    uses_since_put: int = 0
    unapplied: NDArray[np.void] = field(default_factory=lambda: np.zeros(0, USE))
    ahead: Ahead | None = None
    fresh: bool = True
    names: tuple[int, dict[int, tuple[str, ...]]] = (-1, {})
    rows: TierRows | None = None
    _grid: Grid | None = None
    _grid_laid: int = -1

    @property
    def size_bytes(self) -> int:
        """About what it takes in memory."""
        grid = self._grid.size_bytes if self._grid else 0
        return self.building.size_bytes + grid + (self.rows.size_bytes if self.rows else 0)

    def grid(self) -> Grid:
        """Return the index of where all rows stand, by their place; those that are gone are in it."""
        building = self.building
        count = len(building.columns)
        if self._grid is None or self._grid_laid != building.laid or len(self._grid) > count:
            self._grid = Grid(building.positions())
            self._grid_laid = building.laid
        elif len(self._grid) < count:
            self._grid.add(building.positions(slice(len(self._grid), None)))
        return self._grid

    def keep(self, memory: Memory) -> None:
        """Put all of it to the notes; the building must be settled."""
        notes = keeping.kept(self.building, self.pages_kept)
        notes[USES_NOTE] = None
        memory.notes.put(notes)
        self.pages_kept = self.building.columns.pages
        self.used.clear()
        self.uses_since_put = 0

    def note_uses(self, memory: Memory, places: NDArray[np.int64]) -> None:
        """Remember that rows at these places were used, until all is kept."""
        self.used.update(self.building.columns.rows["seq"][places].tolist())
        self.building.columns.touch(places)
        self.uses_since_put += 1
        if self.uses_since_put < USES_A_PUT:
            return
        found = self.building.columns.find(np.array(sorted(self.used), np.int64))
        rows = self.building.columns.rows[found]
        uses = np.zeros(len(rows), USE)
        for name in USE.names or ():
            uses[name] = rows[name]
        memory.notes.put({USES_NOTE: uses.tobytes()})
        self.uses_since_put = 0

    def apply_uses(self) -> None:
        """Give rows the uses that were put after the rows themselves, as far as the rows are here."""
        if len(self.unapplied) == 0:
            return
        columns = self.building.columns
        there = np.isin(self.unapplied["seq"], columns.rows["seq"])
        uses, self.unapplied = self.unapplied[there], self.unapplied[~there]
        places = columns.find(uses["seq"].astype(np.int64))
        for name in ("used_us", "uses", "occasions", "tier"):
            columns.rows[name][places] = uses[name]
        columns.touch(places)
        self.used.update(uses["seq"].tolist())

    def there(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of the places whose memory is not gone."""
        found: NDArray[np.int64] = places[self.building.columns.rows["locus"][places] != GONE]
        return found


def taken_up(memory: Memory, model: str, dimensions: int, capacity: int) -> Held:
    """Return what the notes hold of a person's palace; an empty one where they hold none of this model."""
    note = memory.notes.get(keeping.HEAD)
    head = None if note is None else keeping.head_of(note)
    count = 0 if head is None else -(-head.rows // PAGE)
    if head is not None and (head.model, head.dimensions) == (model, dimensions):
        pages = [memory.notes.get(keeping.page_name(page)) or b"" for page in range(count)]
        building = keeping.restored(head, pages)
        if building is not None:
            held = Held(building, pages_kept=count)
            uses = memory.notes.get(USES_NOTE)
            if uses:
                held.unapplied = np.frombuffer(uses, USE)
                held.apply_uses()
            return held
    return Held(Building(model, dimensions, capacity), pages_kept=count)
