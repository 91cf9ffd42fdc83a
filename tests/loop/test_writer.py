"""The writer keeps the order, waits out a busy sink, refuses what does not fit, and counts what it loses."""

import threading

from homeostat.core.batch import Batch
from homeostat.core.errors import StoreBusy, StoreCorrupt, StoreFull
from homeostat.core.losses import Losses
from homeostat.core.span import LogRecord
from homeostat.loop.writer import Fate, Writer


def batch(*names: str) -> Batch:
    return Batch(logs=tuple(LogRecord(1, "s", "INFO", name) for name in names))


class MemorySink:
    """Keeps batches; raises the given errors first; can be held shut."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.names: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    def write(self, batch: Batch) -> None:
        self.entered.set()
        self.gate.wait(60)
        if self.errors:
            raise self.errors.pop(0)
        self.names += [record.name for record in batch.logs]

    def close(self) -> None:
        self.gate.set()


def test_batches_arrive_in_order_and_drain_waits_for_them() -> None:
    sink = MemorySink()
    writer = Writer(lambda: sink, Losses())
    for i in range(100):
        assert writer.offer(batch(str(i)))
    assert writer.drain(60)
    assert sink.names == [str(i) for i in range(100)]
    writer.close()


def test_a_busy_or_full_store_is_tried_again_and_nothing_is_lost() -> None:
    sink = MemorySink(StoreBusy("locked"), StoreFull("disk full"))
    losses = Losses()
    writer = Writer(lambda: sink, losses)
    writer.offer(batch("kept"))
    assert writer.drain(60)
    assert sink.names == ["kept"]
    assert losses.totals() == {}
    writer.close()


def test_a_batch_that_the_store_can_never_take_is_counted_and_the_next_one_is_kept() -> None:
    sink = MemorySink(StoreCorrupt("damaged"))
    losses = Losses()
    writer = Writer(lambda: sink, losses)
    writer.offer(batch("a", "b"))
    assert writer.drain(60)
    writer.offer(batch("c"))
    assert writer.drain(60)
    assert sink.names == ["c"]
    assert losses.totals() == {"writer.sink_refused": 2}
    writer.close()


def test_an_unexpected_exception_does_not_end_the_writer() -> None:
    sink = MemorySink(ZeroDivisionError("a bug"))
    losses = Losses()
    writer = Writer(lambda: sink, losses)
    writer.offer(batch("a"))
    assert writer.drain(60)
    writer.offer(batch("b"))
    assert writer.drain(60)
    assert sink.names == ["b"]
    assert losses.totals() == {"internal_error.writer": 1}
    writer.close()


def test_a_full_queue_refuses_and_takes_again_once_there_is_room() -> None:
    sink = MemorySink()
    sink.gate.clear()
    writer = Writer(lambda: sink, Losses(), items_max=10)
    assert writer.offer(batch("first"))
    assert sink.entered.wait(60)
    assert writer.offer(batch(*("x" * 9)))
    assert not writer.offer(batch("too much"))
    sink.gate.set()
    assert writer.drain(60)
    assert writer.offer(batch("again"))
    assert writer.drain(60)
    assert sink.names[-1] == "again"
    assert "too much" not in sink.names
    writer.close()


def test_a_batch_larger_than_the_whole_queue_is_taken_when_nothing_waits() -> None:
    sink = MemorySink()
    writer = Writer(lambda: sink, Losses(), items_max=3)
    assert writer.offer(batch(*"abcdef"))
    assert writer.drain(60)
    assert sink.names == list("abcdef")
    writer.close()


def test_what_cannot_be_written_before_the_end_is_counted() -> None:
    sink = MemorySink()
    sink.gate.clear()
    losses = Losses()
    writer = Writer(lambda: sink, losses)
    writer.offer(batch("a", "b", "c"))
    writer.close(timeout_s=0.05)
    assert losses.totals() == {"writer.closed_before_written": 3}
    assert not writer.offer(batch("late"))
    sink.gate.set()


def test_whoever_offers_is_told_what_became_of_it() -> None:
    sink, told = MemorySink(StoreBusy("locked"), StoreCorrupt("damaged")), list[tuple[str, Fate]]()
    writer = Writer(lambda: sink, Losses())
    writer.offer(batch("refused"), lambda fate: told.append(("refused", fate)))
    assert writer.drain(60)
    writer.offer(batch("written"), lambda fate: told.append(("written", fate)))
    writer.offer(Batch(), lambda fate: told.append(("empty", fate)))
    assert writer.drain(60)
    sink.gate.clear()
    sink.entered.clear()
    writer.offer(batch("under way"), lambda fate: told.append(("under way", fate)))
    assert sink.entered.wait(60)
    writer.offer(batch("left"), lambda fate: told.append(("left", fate)))
    writer.close(0.01)
    assert ("left", Fate.LEFT) in told
    sink.gate.set()
    assert dict(told)["refused"] is Fate.REFUSED
    assert dict(told)["written"] is dict(told)["empty"] is Fate.WRITTEN


def test_a_listener_that_fails_harms_nobody() -> None:
    def fails(fate: Fate) -> None:
        raise OSError(fate)

    sink, losses = MemorySink(), Losses()
    writer = Writer(lambda: sink, losses)
    writer.offer(batch("a"), fails)
    writer.offer(batch("b"))
    assert writer.drain(60)
    assert sink.names == ["a", "b"]
    assert losses.totals() == {"internal_error.writer.settled": 1}
    writer.close()
