"""Of all nodes before a store one has the duties."""

from collections.abc import Iterator

import pytest

from homeostat.app.duties import Duties, Duty, LeadersStore
from homeostat.core.batch import Batch
from homeostat.core.errors import StoreBusy
from homeostat.core.losses import Losses
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.store.sqlite.store import SqliteStore
from homeostat.testing.clock import ManualClock


class HandedLease:
    """A lease that one has when the test says so."""

    def __init__(self) -> None:
        self.mine = False
        self.released = 0

    def held(self) -> bool:
        return self.mine

    def release(self) -> None:
        self.released += 1


class NotedDuty:
    """Notes what happens to it, and writes its last words."""

    def __init__(self, store: Store, told: list[str], fails: bool = False) -> None:
        self.store = store
        self.told = told
        self.fails = fails

    def start(self) -> None:
        self.told.append("start")

    def close(self) -> None:
        self.told.append("close")
        if self.fails:
            raise OSError("it cannot end")
        self.store.write(Batch(records=(Record("last words", str(len(self.told)), 1, b"{}"),)))


class Scene:
    def __init__(self, fails: bool = False) -> None:
        self.lease, self.told, self.losses = HandedLease(), list[str](), Losses()
        self.store = SqliteStore(":memory:")
        self.duties = Duties(
            self.lease,
            lambda store: (NotedDuty(store, self.told, fails), NotedDuty(store, self.told)),
            self.store,
            ManualClock(),
            self.losses,
        )

    def words(self) -> int:
        return len(self.store.read(RecordsQuery("last words")))


@pytest.fixture
def scene() -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.store.close()


def test_duties_are_done_while_the_lease_is_held_and_made_anew_each_time(scene: Scene) -> None:
    duties = scene.duties
    duties.look()
    assert (duties.leads, duties.running, scene.told) == (False, (), [])
    scene.lease.mine = True
    duties.look()
    duties.look()
    assert (duties.leads, len(duties.running), scene.told) == (True, 2, ["start", "start"])
    first: tuple[Duty, ...] = duties.running
    scene.lease.mine = False
    duties.look()
    assert (duties.leads, scene.told[2:]) == (False, ["close", "close"])
    assert scene.words() == 0, "one that leads no more writes nothing"
    scene.lease.mine = True
    duties.look()
    assert duties.running != first


def test_one_that_ends_writes_its_last_words_and_lets_another_lead_at_once(scene: Scene) -> None:
    scene.lease.mine = True
    scene.duties.start()
    scene.duties.close()
    assert (scene.words(), scene.lease.released, scene.duties.leads) == (2, 1, False)


def test_a_duty_that_cannot_end_does_not_keep_the_others_from_it() -> None:
    scene = Scene(fails=True)
    scene.lease.mine = True
    scene.duties.look()
    scene.duties.close()
    assert scene.told == ["start", "start", "close", "close"]
    assert scene.losses.totals()["internal_error.duties"] == 1
    scene.store.close()


def test_a_stalled_leader_cannot_write_what_it_still_wants_to(scene: Scene) -> None:
    held = [True, False]
    store = LeadersStore(scene.store, lambda: held.pop(0))
    record = Batch(records=(Record("last words", "a", 1, b"{}"),))
    store.write(record)
    with pytest.raises(StoreBusy, match="leads no more"):
        store.write(record)
    assert len(store.read(RecordsQuery("last words"))) == 1
