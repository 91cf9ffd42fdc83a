"""Following: how a palace keeps up with a person's messages, edits and removals."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.palace import tiers
from homeostat.companion.palace.held import Held
from homeostat.companion.palace.learning import SETTLE_EVERY, learn
from homeostat.companion.palace.meter import Meter
from homeostat.companion.palace.settings import PalaceKnobs
from homeostat.companion.palace.tiers import Reason
from homeostat.companion.store.people import Memory
from homeostat.core.clock import Clock
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.rows import to_vectors

TURN = "turn"

Rows = Sequence[NDArray[np.float32] | None]


class Following:
    """Brings held palaces up to date, in bounded steps."""

    def __init__(self, clock: Clock, embedder: Embedder | None, knobs: PalaceKnobs, meter: Meter) -> None:
        self._clock = clock
        self._embedder = embedder
        self._knobs = knobs
        self._meter = meter

    def follow(self, memory: Memory, held: Held, limit: int) -> bool:
        """Learn from up to `limit` messages; return whether there is nothing more to learn for now.

        Notes are written where a multiple of `SETTLE_EVERY` is reached; and where a palace that was just read
        from them has more to learn, so that one which is never resident gets on as well.
        """
        fresh, held.fresh = held.fresh, False
        building = held.building
        extent = memory.extent()
        if extent.generation != building.generation:
            self._renew(memory, held, extent.generation)
        if building.deferred and not building.renewing:
            return self._place_deferred(memory, held, limit)
        messages, rows, last = self._next(memory, held, limit)
        if building.renewing:
            return self._relearn(memory, held, messages, rows, last)
        shape = self._knobs.shape()
        moved = building.moved
        boundary = (building.taken + len(messages)) // SETTLE_EVERY * SETTLE_EVERY
        to_keep = fresh and not last and boundary <= building.taken
        for message, row in zip(messages, rows, strict=True):
            learn(building, message, row, shape)
            if building.taken == boundary:
                self._keep(memory, held)
        if to_keep:
            building.settle()
            self._keep(memory, held)
        held.apply_uses()
        self._meter.moved(building.moved - moved)
        return last

    def _next(self, memory: Memory, held: Held, limit: int) -> tuple[list[Message], Rows, bool]:
        """Return messages to learn, their vectors, and whether there is nothing more to learn for now."""
        after = held.building.learned
        messages = memory.reading.after(after, limit)
        last = len(messages) < limit
        if self._embedder is None or not messages:
            return messages, [None] * len(messages), last
        vectors = self._vectors(memory, held, [message.seq for message in messages])
        while messages and messages[-1].seq not in vectors and not held.building.renewing:
            messages.pop()
            last = True
        zero = np.zeros(self._embedder.dimensions, np.float32)
        return messages, [vectors.get(message.seq, zero) for message in messages], last

    def _vectors(self, memory: Memory, held: Held, seqs: list[int]) -> dict[int, NDArray[np.float32]]:
        """Return the unit vectors of turns, by seq; what was read beyond is held for the next time."""
        assert self._embedder is not None
        if held.ahead is None or seqs[-1] > (held.ahead[0][-1] if len(held.ahead[0]) else 0):
            held.ahead = memory.vectors.load(TURN, self._embedder.model, seqs[0] - 1)
        have, rows = held.ahead
        chosen = np.isin(have, seqs)
        if not chosen.any():
            return {}
        vectors = to_vectors(rows[chosen])
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        beyond = have > seqs[-1]
        held.ahead = (have[beyond], rows[beyond]) if beyond.any() else None
        return dict(zip(have[chosen].tolist(), vectors, strict=True))

    def _renew(self, memory: Memory, held: Held, generation: int) -> None:
        held.ahead = held.rows = None
        held.building.renew(generation)
        self._keep(memory, held)

    def _relearn(
        self,
        memory: Memory,
        held: Held,
        messages: list[Message],
        rows: Rows,
        last: bool,
    ) -> bool:
        """Learn again what was known; what is new follows when that is done."""
        building = held.building
        shape = self._knobs.shape()
        known = building.columns.rows["seq"]
        highest = int(known[-1]) if len(known) else 0
        again = [
            (message, row) for message, row in zip(messages, rows, strict=True) if message.seq <= highest
        ]
        ended = last or len(again) < len(messages)
        after = building.learned
        upto = highest if ended else again[-1][0].seq
        building.verified(after, upto, np.array([message.seq for message, _ in again], np.int64))
        for message, row in again:
            learn(building, message, row, shape)
        if ended:
            building.renewed()
            held.ahead = held.rows = None
        building.settle()
        self._keep(memory, held)
        return ended and last and not building.deferred and len(again) == len(messages)

    def _place_deferred(self, memory: Memory, held: Held, limit: int) -> bool:
        building = held.building
        seqs = building.deferred[:limit]
        messages = memory.reading.by_seq(seqs)
        vectors = self._vectors(memory, held, seqs) if self._embedder else {}
        held.ahead = None
        for message in messages:
            row = vectors.get(message.seq, np.zeros(building.loci.dimensions, np.float32))
            building.place_anew(message, row if self._embedder else None, self._knobs.shape())
        building.deferred = building.deferred[limit:]
        building.settle()
        self._keep(memory, held)
        return False

    def _keep(self, memory: Memory, held: Held) -> None:
        rows = held.building.columns.rows
        aged = tiers.aged(rows, self._clock.now_ns() // 1_000, self._knobs.short_days.get())
        self._meter.consolidated(Reason.AGED, len(aged))
        held.building.columns.touch(aged)
        held.keep(memory)
