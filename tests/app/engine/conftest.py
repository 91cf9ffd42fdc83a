"""An engine over a small node: empty, busy, and with a loop that obeys."""

from collections.abc import Iterator

import pytest

from homeostat.app.engine.engine import Engine
from homeostat.core.batch import Batch
from homeostat.core.change import Change, Move
from homeostat.core.clock import MINUTE_NS
from homeostat.core.interval import Interval
from homeostat.core.order import Mode, Order, Pin, Try
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.order_box import OrderBox
from homeostat.loop.governing.published import Published, PublishedAdvice, PublishedKnob, publish
from homeostat.loop.writer import together
from homeostat.prove.ledger import notes
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry, Moved, Note
from homeostat.prove.ledger.records import record_of
from homeostat.testing.sample_traffic import SampleTraffic
from homeostat.testing.small_node import SmallNode


def engine_of(node: SmallNode) -> Engine:
    """Return an engine of a node, ordering as ann."""
    return Engine(node.store, node.clock, node.catalogue, node.losses, by="ann")


@pytest.fixture
def node() -> Iterator[SmallNode]:
    node = SmallNode()
    yield node
    node.close()


@pytest.fixture
def engine(node: SmallNode) -> Iterator[Engine]:
    engine = engine_of(node)
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def busy() -> Iterator[Engine]:
    """An engine that has seen 35 minutes of an assistant; read only."""
    node = SmallNode()
    now_ns = node.clock.now_ns()
    node.store.write(together(list(SampleTraffic().seconds(now_ns - 35 * MINUTE_NS, now_ns))))
    engine = engine_of(node)
    yield engine
    engine.close()
    node.close()


class ObedientLoop:
    """A loop of the service `assistant` that obeys at once, and decides a trial at the next look.

    Its clock stands still: a step is made whenever the engine waits.
    """

    def __init__(self, node: SmallNode, advice: tuple[PublishedAdvice, ...] = ()) -> None:
        self.node = node
        self.box = OrderBox(node.store, "assistant", node.losses)
        self.orders: list[Order] = []
        self.book = Book(keep=self._keep)
        self.running: list[Note] = []
        self.keeps = True
        self.answers = True
        self.advice = advice
        self.tell()

    def tell(self) -> None:
        """Publish itself, as a loop does that runs."""
        knobs = (
            PublishedKnob("batch", 16, 8, "1 to 64", "process", False, "", low=1, high=64),
            PublishedKnob("cache_mb", 200.0, 100.0, "10 to 400", "process", False, "", low=10.0, high=400.0),
            PublishedKnob("model", "small", "small", "small, large", "request", False, ""),
        )
        told = Published(
            service="assistant",
            time_ns=self.node.clock.now_ns(),
            pid=1,
            mode=Mode.ADVISE,
            objective="p95 of duration (lower is better)",
            regime="normal",
            load_per_s=12.5,
            knobs=knobs,
            trials=(),
            advice=self.advice,
            targets=(),
            hormones={},
        )
        publish(self.node.store, told)

    def _keep(self, entry: LedgerEntry) -> None:
        self.node.store.write(Batch(records=(record_of(entry, "assistant"),)))

    def _write(self, note: Note) -> None:
        self.book.write(note, self.node.clock.now_ns())

    def step(self, _seconds: float) -> None:
        """Obey what was ordered, after deciding what runs."""
        if not self.answers:
            return
        for note in self.running:
            self._write(self._decided(note))
        self.running = []
        for order in self.box.take(self.node.clock.now_ns()):
            self.orders.append(order)
            match order:
                case Try(by=by, values=values) if values.get("batch") == 1:
                    self._write(notes.said(EntryKind.REFUSED, by, "a trial of one of these knobs is running"))
                case Try(by=by, values=values):
                    moves = tuple(Moved(knob, 16, value) for knob, value in values.items())
                    begun = Note(
                        kind=EntryKind.BEGUN, by=by, reason="asked", moves=moves, trial=f"t{len(self.orders)}"
                    )
                    self._write(begun)
                    self.running.append(begun)
                case Pin(by=by, knob=knob, value=value):
                    change = Change((Move(knob, 200.0, value),), by, "ordered")
                    self._write(notes.put(EntryKind.PINNED, change))
                case _:
                    self._write(notes.said(EntryKind.RELIEVED, order.by, "done"))

    def _decided(self, begun: Note) -> Note:
        effect = Effect("p95 of duration", 200.0, 150.0, -0.25, Interval(-0.31, -0.19, 0.95))
        decision = Decision.KEEP if self.keeps else Decision.ROLL_BACK
        proof = Proof(decision, "as it turned out", effect, (effect,), (), 500, 500, 0, 1, "per request")
        assert begun.change is not None
        return notes.decided(begun.trial, begun.change, proof)


@pytest.fixture
def governed(node: SmallNode) -> Iterator[tuple[Engine, ObedientLoop]]:
    """An engine, and the loop that obeys it."""
    advice = (
        PublishedAdvice("batch 16 → 40", "climb", "it grew", (), None, {"batch": 40}),
        PublishedAdvice("batch 16 → 20", "climb", "it grew", (), None, {"batch": 20}),
    )
    loop = ObedientLoop(node, advice)
    engine = Engine(node.store, node.clock, node.catalogue, node.losses, by="ann", sleep=loop.step)
    yield engine, loop
    engine.close()
