"""Claims about the enrichment: every part learns everything, in small batches, whatever the others do."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.companion.enrichment import Enrichment
from homeostat.companion.knobs import FlowKnobs
from homeostat.companion.message import NewMessage
from homeostat.companion.residents import Residents
from homeostat.companion.rounds import JOB, Rounds
from homeostat.companion.store.people import Memory, People
from homeostat.companion.turns import KIND, Turns
from homeostat.companion.unspoken import Failed
from homeostat.core.clock import SystemClock
from homeostat.core.errors import StoreBusy
from homeostat.runtime.embed.rows import to_rows
from homeostat.runtime.jobs import Jobs, State
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.digest_embedder import DigestEmbedder
from homeostat.testing.eventually import eventually


class Reader:
    """A part that reads, and notes how far."""

    def __init__(self, name: str = "reader") -> None:
        self.name = name
        self.batches: list[int] = []
        self.seen: list[int] = []

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Read on."""
        last = int(memory.notes.get(self.name) or b"0")
        messages = memory.reading.after(last, limit)
        if messages:
            memory.notes.put({self.name: str(messages[-1].seq).encode()})
            self.batches.append(len(messages))
            self.seen += [message.seq for message in messages]
        return len(messages) < limit


class Broken:
    """A part that fails, with a person's words in its error."""

    name = "broken"

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Fail."""
        raise KeyError("swordfish")


def fill(people: People, person: str, count: int, begin: int = 0) -> None:
    with people.open(person, create=True) as memory:
        memory.messages.add(
            [NewMessage(id=f"m{n}", text=f"number {n}", at_us=n) for n in range(begin, begin + count)]
        )


@pytest.fixture
def knobs(host: BareHost) -> FlowKnobs:
    return FlowKnobs.declared(host, Residents(1 << 20))


def test_parts_learn_in_batches_of_the_knobs_size(host: BareHost, people: People, knobs: FlowKnobs) -> None:
    fill(people, "ann", 20)
    knobs.enrich_batch.pin(8)
    reader = Reader()
    assert Enrichment(host, people, [reader], knobs).catch_up("ann")
    assert reader.batches == [8, 8, 4]
    assert host.snapshot("operation.duration", operation="companion.enrich.reader").count == 3


def test_a_part_that_fails_keeps_no_other_from_learning_and_tells_no_words(
    host: BareHost, people: People, knobs: FlowKnobs
) -> None:
    fill(people, "ann", 3)
    reader = Reader()
    with pytest.raises(
        Failed, match=r"part 'broken' failed with KeyError at test_enrichment.py:\d+"
    ) as caught:
        Enrichment(host, people, [Broken(), reader], knobs).catch_up("ann")
    assert "swordfish" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert reader.seen == [1, 2, 3]


def test_a_part_whose_flag_is_off_learns_nothing(host: BareHost, people: People, knobs: FlowKnobs) -> None:
    fill(people, "ann", 3)
    on, off = Reader("on"), Reader("off")
    Enrichment(host, people, [on, off], knobs, lambda part, person: part == "on").catch_up("ann")
    assert (on.seen, off.seen) == ([1, 2, 3], [])


def test_a_forgotten_person_is_not_enriched_and_not_made_again(
    host: BareHost, people: People, knobs: FlowKnobs
) -> None:
    fill(people, "ann", 3)
    people.forget("ann")
    assert not Enrichment(host, people, [Reader()], knobs).catch_up("ann")
    assert people.names("", 10) == []


def test_rows_of_turns_that_are_missing_are_made_and_no_other(
    host: BareHost, people: People, knobs: FlowKnobs, embedder: DigestEmbedder
) -> None:
    fill(people, "ann", 10)
    turns = Turns(embedder)
    with people.open("ann") as memory:
        turns.keep(memory, [4], turns.row("number 3")[None])
    enrichment = Enrichment(host, people, [], knobs, turns=turns)
    knobs.enrich_batch.pin(4)
    enrichment.catch_up("ann")
    enrichment.catch_up("ann")
    with people.open("ann") as memory:
        assert memory.vectors.load(KIND, embedder.model)[0].tolist() == list(range(1, 11))
        memory.messages.edit("m5", "edited", 1)
    assert embedder.texts == 10
    enrichment.catch_up("ann")
    with people.open("ann") as memory:
        assert memory.vectors.load(KIND, embedder.model)[0].tolist() == list(range(1, 11))
    assert embedder.texts == 11


def test_a_message_that_is_edited_while_it_is_embedded_keeps_the_row_of_its_new_text(
    host: BareHost,
    people: People,
    knobs: FlowKnobs,
    embedder: DigestEmbedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fill(people, "ann", 3)
    turns = Turns(embedder)
    known = DigestEmbedder()

    def meanwhile(texts: Sequence[str]) -> NDArray[np.float32]:
        monkeypatch.undo()
        with people.open("ann") as memory:
            memory.messages.edit("m1", "edited", 1)
            turns.keep(memory, [2], known.embed(["edited"]))
        return known.embed(texts)

    monkeypatch.setattr(embedder, "embed", meanwhile)
    Enrichment(host, people, [], knobs, turns=turns).catch_up("ann")
    with people.open("ann") as memory:
        seqs, rows = memory.vectors.load(KIND, embedder.model)
    assert seqs.tolist() == [1, 2, 3]
    assert rows[1].tolist() == to_rows(known.embed(["edited"]))[0].tolist()


def rounds_of(tmp_path: Path, people: People, host: BareHost, reader: Reader) -> tuple[Jobs, Rounds]:
    knobs = FlowKnobs.declared(host, Residents(1 << 20))
    jobs = Jobs(host, tmp_path / "jobs.db")
    return jobs, Rounds(host, people, Enrichment(host, people, [reader], knobs), jobs, knobs)


def test_a_hundred_messages_of_one_round_are_one_job(tmp_path: Path, people: People) -> None:
    async def run() -> list[int]:
        clock = ManualClock()
        jobs, rounds = rounds_of(tmp_path, people, BareHost(clock), Reader())
        counts = []
        for _ in range(3):
            for _ in range(100):
                rounds.due("ann")
                rounds.due("bob")
                await rounds.enqueue()
            depth = await jobs.depth()
            counts.append(depth.scheduled + depth.ready)
            clock.advance(60.0)
        await jobs.close()
        return counts

    assert asyncio.run(run()) == [2, 4, 6]


def test_what_was_learned_from_a_message_that_changed_goes_within_a_second(
    tmp_path: Path, people: People
) -> None:
    fill(people, "ann", 3)
    reader = Reader()

    async def run() -> None:
        host = BareHost(SystemClock())
        jobs, rounds = rounds_of(tmp_path, people, host, reader)
        host.knob_set.pin("companion_enrich_delay_ms", 600_000)
        worker = await jobs.worker(1, 1.0)
        working = asyncio.create_task(worker.run())
        rounds.due("ann")
        rounds.changed("ann")
        rounds.changed("ann")
        await rounds.enqueue()
        assert (await jobs.depth()).scheduled == 2
        await eventually(lambda: len(reader.seen) == 3)
        worker.stop(at_once=True)
        await working
        await jobs.close()

    asyncio.run(run())


def test_two_processes_before_one_queue_enqueue_a_round_once(tmp_path: Path, people: People) -> None:
    async def run() -> int:
        host = BareHost(ManualClock())
        made = [rounds_of(tmp_path, people, host, Reader()) for _ in range(2)]
        for _, rounds in made:
            rounds.due("ann")
            await rounds.enqueue()
        depth = await made[0][0].depth()
        for jobs, _ in made:
            await jobs.close()
        return depth.scheduled + depth.ready

    assert asyncio.run(run()) == 1


def test_what_was_not_enqueued_before_the_end_is_found_by_the_next_start(
    tmp_path: Path, people: People
) -> None:
    fill(people, "ann", 3)
    fill(people, "bob", 2)
    people.forget("bob")
    reader = Reader()

    async def run() -> None:
        host = BareHost(SystemClock())
        knobs = FlowKnobs.declared(host, Residents(1 << 20))
        knobs.enrich_delay_ms.pin(50)
        jobs = Jobs(host, tmp_path / "jobs.db")
        rounds = Rounds(host, people, Enrichment(host, people, [reader], knobs), jobs, knobs)
        worker = await jobs.worker(1, 1.0)
        tasks = [asyncio.create_task(worker.run()), asyncio.create_task(rounds.serve())]
        await eventually(lambda: len(reader.seen) == 3)
        rounds.due("bob")
        await rounds.enqueue()
        await asyncio.sleep(0.3)
        assert await jobs.list(State.DEAD, JOB) == []
        tasks[1].cancel()
        worker.stop(at_once=True)
        await tasks[0]
        await jobs.close()

    asyncio.run(run())
    assert reader.seen == [1, 2, 3]
    assert people.names("", 10) == ["ann"]


class Away:
    """A store that is away when its people are asked for first."""

    def __init__(self, people: People) -> None:
        self._people = people
        self.names_asked = 0
        self.open = people.open
        self.forget = people.forget
        self.close = people.close

    def names(self, after: str, limit: int) -> list[str]:
        """Fail once."""
        self.names_asked += 1
        if self.names_asked == 1:
            raise StoreBusy("the database is away")
        return self._people.names(after, limit)


def test_a_store_that_was_away_at_the_start_is_swept_when_it_is_back(
    tmp_path: Path, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeostat.companion.rounds.SWEEP_S", 0.01)
    fill(people, "ann", 3)

    async def run() -> int:
        host = BareHost(ManualClock())
        knobs = FlowKnobs.declared(host, Residents(1 << 20))
        jobs = Jobs(host, tmp_path / "jobs.db")
        away = Away(people)
        rounds = Rounds(host, away, Enrichment(host, people, [Reader()], knobs), jobs, knobs)
        task = asyncio.create_task(rounds.serve())
        await eventually(lambda: away.names_asked == 3)
        task.cancel()
        depth = await jobs.depth()
        await jobs.close()
        assert host.losses.totals()["companion.sweep_put_off"] == 1
        return depth.scheduled + depth.ready

    assert asyncio.run(run()) == 1


def test_a_full_queue_puts_enrichment_off_and_counts_it(tmp_path: Path, people: People) -> None:
    async def run() -> None:
        host = BareHost(ManualClock())
        knobs = FlowKnobs.declared(host, Residents(1 << 20))
        jobs = Jobs(host, tmp_path / "jobs.db", waiting_max=1)
        rounds = Rounds(host, people, Enrichment(host, people, [Reader()], knobs), jobs, knobs)
        for name in ("ann", "bob", "eve"):
            rounds.due(name)
        await rounds.enqueue()
        assert rounds.waiting == 3
        assert host.losses.totals()["companion.enrichment_put_off"] == 3
        await jobs.close()
        jobs.settings = replace(jobs.settings, waiting_max=10)
        await rounds.enqueue()
        assert rounds.waiting == 0
        assert (await jobs.depth()).scheduled == 3
        await jobs.close()

    asyncio.run(run())


def test_the_budget_of_residents_is_a_knob(host: BareHost) -> None:
    residents = Residents(64 << 20)
    for person in ("ann", "bob"):
        residents.put(person, "palace", [1], size_bytes=12 << 20)
    FlowKnobs.declared(host, residents)
    host.knob_set.pin("companion_resident_mb", 16)
    assert residents.get("ann", "palace", list) is None
    assert residents.get("bob", "palace", list) == [1]
