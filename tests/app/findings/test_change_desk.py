"""Claims about the change desk: what is noticed is in the store once, whatever happens to the process."""

from pathlib import Path

import numpy as np
import pytest

from homeostat.app.findings.desk import ChangeDesk
from homeostat.app.findings.notebook import FOLLOWED, NOTICED, NOTICED_MAX, read_followed, read_noticed
from homeostat.app.node import Node, NodeOptions
from homeostat.core.batch import Batch
from homeostat.core.clock import HOUR_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.point import Point
from homeostat.core.query import RecordsQuery
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.judge.findings.noticed import Noticed
from homeostat.observe.fold import moments_of
from homeostat.stats.sketch import sketch
from homeostat.store.open import open_store
from homeostat.testing.small_node import SmallNode

LATENCY = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"operation": "answer", "service": "web"})


class Scene:
    """A node whose one operation takes as long as it is told to, and a desk that looks every 10 s."""

    def __init__(self) -> None:
        self.node = SmallNode()
        self.rng = np.random.default_rng(31)
        self.desk = self.open()

    def open(self, followed_max: int = 200) -> ChangeDesk:
        node = self.node
        return ChangeDesk(node.store, node.clock, node.losses, node.catalogue, followed_max=followed_max)

    def run(self, minutes: int, level_ms: float, look: bool = True) -> list[Noticed]:
        told: list[Noticed] = []
        for _ in range(6 * minutes):
            values = self.rng.lognormal(np.log(level_ms), 0.3, 30)
            point = Point(LATENCY, self.node.clock.now_ns(), moments_of(values), sketch(values))
            self.node.store.write(Batch(points=(point,)))
            self.node.clock.advance(10)
            told += self.desk.look() if look else ()
        return told


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_change_is_noticed_and_kept_until_it_expires(scene: Scene) -> None:
    assert scene.run(30, 100.0) == []
    (told,) = scene.run(10, 160.0)
    assert read_noticed(scene.node.store) == (told,)
    (record,) = scene.node.store.read(RecordsQuery(NOTICED))
    assert record.expires_ns > scene.node.clock.now_ns() + 29 * 24 * HOUR_NS


def test_after_a_restart_nothing_is_told_twice_and_nothing_is_missed(scene: Scene) -> None:
    scene.run(30, 100.0)
    first = scene.run(10, 160.0)
    scene.desk.close()
    assert len(read_followed(scene.node.store)) == 1
    missed = scene.run(10, 300.0, look=False)
    scene.desk = scene.open()
    told = [*missed, *scene.desk.look(), *scene.run(10, 300.0)]
    assert [n.rises for n in (*first, *told)] == [True, True]
    assert len(read_noticed(scene.node.store)) == 2


def test_after_a_kill_the_monitors_go_on_from_what_was_kept_and_tell_the_same(scene: Scene) -> None:
    scene.run(30, 100.0)
    scene.desk.keep()
    (told,) = scene.run(10, 160.0)
    scene.desk = scene.open()  # the other one was not closed
    assert scene.desk.look() == (told,)
    assert read_noticed(scene.node.store) == (told,)


def test_state_that_cannot_be_read_begins_anew(scene: Scene) -> None:
    scene.run(30, 100.0)
    scene.desk.keep()
    (kept,) = scene.node.store.read(RecordsQuery(FOLLOWED))
    scene.node.store.write(Batch(records=(Record(FOLLOWED, kept.key, kept.time_ns, b"\x93\x01"),)))
    scene.desk = scene.open()
    assert scene.run(30, 100.0) == []


def test_series_over_the_limit_are_counted_once(scene: Scene) -> None:
    scene.desk = scene.open(followed_max=0)
    scene.run(5, 100.0)
    assert scene.node.losses.totals() == {"findings.series_over_limit": 1}


def test_what_is_kept_is_bounded_and_what_goes_is_counted(scene: Scene) -> None:
    now_ns = scene.node.clock.now_ns()
    old = tuple(Record(NOTICED, f"old.{i}", now_ns - i * SECOND_NS, b"{}") for i in range(1, NOTICED_MAX + 1))
    scene.node.store.write(Batch(records=old))
    scene.run(30, 100.0)
    assert len(scene.run(10, 160.0)) == 1
    kept = scene.node.store.read(RecordsQuery(NOTICED, limit=2 * NOTICED_MAX))
    assert len(kept) == NOTICED_MAX
    assert f"old.{NOTICED_MAX}" not in {r.key for r in kept}
    assert scene.node.losses.totals() == {"findings.noticed_over_limit": 1}


def test_homeostat_does_not_follow_itself_nor_the_machine(scene: Scene) -> None:
    values = np.array([1.0, 2.0])
    own = [
        SeriesKey.of("homeostat.flush.duration", Kind.HISTOGRAM, "ms", {"service": "web"}),
        SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"service": "homeostat"}),
        SeriesKey.of("process.cpu.usage", Kind.GAUGE, "ratio", {"service": "web"}),
    ]
    now_ns = scene.node.clock.now_ns()
    points = (
        Point(k, now_ns, moments_of(values), sketch(values) if k.kind is Kind.HISTOGRAM else None)
        for k in own
    )
    scene.node.store.write(Batch(points=tuple(points)))
    scene.run(1, 100.0)
    scene.desk.keep()
    assert [s.key for s in read_followed(scene.node.store)] == [LATENCY]


def test_a_node_follows_what_its_store_holds_and_keeps_what_it_knows_when_it_ends(tmp_path: Path) -> None:
    options = NodeOptions(store=str(tmp_path / "h.db"))
    node = Node(options)
    began_ns = node.clock.now_ns() // SECOND_NS * SECOND_NS - 120 * SECOND_NS
    values = np.random.default_rng(1).lognormal(4.0, 0.3, (8, 30))
    points = [
        Point(LATENCY, began_ns + i * 10 * SECOND_NS, moments_of(v), sketch(v)) for i, v in enumerate(values)
    ]
    node.store.write(Batch(points=tuple(points)))
    changes = next(duty for duty in node.duties.running if isinstance(duty, ChangeDesk))
    changes.look()
    node.close()
    store = open_store(str(tmp_path / "h.db"))
    (kept,) = read_followed(store)
    store.close()
    assert kept.key == LATENCY
    assert kept.monitor.count == 8
