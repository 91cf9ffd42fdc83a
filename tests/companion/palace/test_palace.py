"""The palace follows a person's memory: what is added, edited, removed, and read again."""

import random

import numpy as np
import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.palace.palace import Palace
from homeostat.companion.palace.views import Kind, Spot
from homeostat.companion.residents import Residents
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.core.errors import InputError
from homeostat.runtime.embed.rows import to_rows
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.digest_embedder import DigestEmbedder

THINGS = (
    "volcano lava crater ash",
    "invoice tax payment bank",
    "tulip garden seed spade",
    "violin concert score",
)
DAY_US = 86_400_000_000
NOW_US = 1_750_000_000_000_000


def said(count: int, first: int = 1) -> list[NewMessage]:
    """Messages about four things in turns of five, a day apart."""
    found = []
    for number in range(first, first + count):
        turn = number // 5
        words = THINGS[turn % 4].split()
        text = f"{words[number % len(words)]} and the {words[turn % len(words)]} so number{number}x"
        at_us = NOW_US - 90 * DAY_US + turn * DAY_US // 4 + number * 10_000_000
        found.append(NewMessage(id=f"m{number}", text=text, at_us=at_us, author=("Ann", "Bob")[number % 2]))
    return found


def follow(palace: Palace, memory: Memory, limit: int = 64) -> int:
    """Have the palace catch up; return in how many steps."""
    steps = 1
    while not palace.catch_up(memory, limit):
        steps += 1
        assert steps < 200
    return steps


def everything(palace: Palace, memory: Memory) -> tuple[Spot, ...]:
    """Return all memories as they stand."""
    return palace.memories(memory, limit=10_000).spots


def anew(limit: int = 1 << 26) -> Palace:
    """Return a palace of another process."""
    return Palace(BareHost(), Residents(limit))


def test_an_empty_memory_has_an_empty_palace(palace: Palace, memory: Memory) -> None:
    assert palace.catch_up(memory, 64)
    assert palace.rooms(memory) == palace.rooms(memory, Kind.PERSON) == palace.rooms(memory, Kind.TIME) == []
    assert everything(palace, memory) == ()
    assert palace.nearest(memory, (0, 0, 0), 5) == ()
    assert [tier.size for tier in palace.tiers(memory)] == [0, 0, 0]
    with pytest.raises(InputError, match="nothing was said"):
        palace.walk(memory)


def test_one_message_stands_in_a_room_of_every_kind(palace: Palace, memory: Memory) -> None:
    memory.messages.add([NewMessage(id="a", text="tulips in spring", at_us=NOW_US, author="Ann")])
    follow(palace, memory)
    rooms = [palace.rooms(memory, kind)[0] for kind in Kind]
    assert [room.size for room in rooms] == [1, 1, 1]
    assert [room.name for room in rooms] == ["spring tulips", "Ann", "15 Jun 2025"]
    assert palace.nearest(memory, (9, 9, 9), 3)[0].seq == 1


def test_every_memory_stands_in_one_room_of_every_kind(palace: Palace, memory: Memory) -> None:
    memory.messages.add(said(300))
    follow(palace, memory)
    for kind in Kind:
        rooms = palace.rooms(memory, kind)
        seqs = [spot.seq for room in rooms for spot in palace.memories(memory, room.id, limit=10_000).spots]
        assert sorted(seqs) == list(range(1, 301))
        assert sum(room.size for room in rooms) == 300
    assert {room.name for room in palace.rooms(memory, Kind.PERSON)} == {"Ann", "Bob"}
    names = " ".join(room.name for room in palace.rooms(memory))
    assert "and" not in names.split()
    assert "volcano" in names or "lava" in names


@pytest.mark.parametrize("limit", [1, 7, 500])
def test_pieces_of_any_size_come_to_the_same_and_so_does_another_process(
    palace: Palace, memory: Memory, limit: int
) -> None:
    memory.messages.add(said(150))
    follow(palace, memory, limit)
    straight = anew()
    follow(straight, memory, 64)
    assert everything(palace, memory) == everything(straight, memory)
    assert everything(anew(), memory) == everything(straight, memory)
    assert anew().rooms(memory) == straight.rooms(memory)


@pytest.mark.parametrize("limit", [10, 64])
def test_a_palace_that_finds_no_room_in_memory_gets_on_as_well(memory: Memory, limit: int) -> None:
    memory.messages.add(said(150))
    homeless = anew(limit=0)
    assert follow(homeless, memory, limit) <= 150 // limit + 3
    assert len(everything(homeless, memory)) == 150
    assert everything(homeless, memory) == everything(anew(), memory)


def test_what_was_not_touched_stays_in_its_place_when_others_are_edited_and_removed(
    palace: Palace, memory: Memory
) -> None:
    memory.messages.add(said(200))
    follow(palace, memory)
    before = {spot.seq: spot for spot in everything(palace, memory)}
    memory.messages.remove(["m3", "m77", "m200"])
    memory.messages.edit("m50", "violin concert tonight", NOW_US)
    memory.messages.add(said(3, first=201))
    follow(palace, memory, 32)
    after = {spot.seq: spot for spot in everything(palace, memory)}
    assert set(after) == set(before) - {3, 77, 200} | {201, 202, 203}
    same = [seq for seq in after if seq in before and seq != 50]
    assert [after[seq].room for seq in same] == [before[seq].room for seq in same]
    assert [after[seq].at for seq in same] == [before[seq].at for seq in same]
    assert sum(room.size for room in palace.rooms(memory)) == 200


def test_an_edited_memory_goes_to_the_room_of_what_it_says_now(palace: Palace, memory: Memory) -> None:
    memory.messages.add(said(200))
    follow(palace, memory)
    violins = [spot.room for spot in everything(palace, memory) if (spot.seq // 5) % 4 == 3 and spot.seq > 60]
    memory.messages.edit("m20", "violin concert score violin concert", NOW_US)
    follow(palace, memory)
    assert next(spot.room for spot in everything(palace, memory) if spot.seq == 20) in violins


def notes_of(memory: Memory) -> bytes:
    """Return all that the palace keeps."""
    names = ("palace", "palace.uses", *(f"palace.{page}" for page in range(4)))
    return b"".join(memory.notes.get(name) or b"" for name in names)


def test_nothing_of_a_removed_message_is_left_from_the_first_step_on(palace: Palace, memory: Memory) -> None:
    secret = NewMessage(id="s", text="xylophone zeppelin", at_us=NOW_US, author="Mallory", talk="affair")
    memory.messages.add([*said(70), secret])
    follow(palace, memory, 71)
    memory.messages.add(said(64, first=71))
    follow(palace, memory)
    assert b"xylophone" in notes_of(memory)
    assert b"Mallory" in notes_of(memory)
    memory.messages.remove(["s"])
    palace.catch_up(memory, 10)
    for word in (b"xylophone", b"zeppelin", b"Mallory", b"affair"):
        assert word not in notes_of(memory)
    follow(palace, memory, 10)
    assert "xylophone" not in " ".join(room.name for room in palace.rooms(memory))
    assert len(everything(palace, memory)) == 134


def test_a_renewal_that_was_interrupted_goes_on_and_one_more_edit_begins_it_again(
    palace: Palace, memory: Memory
) -> None:
    memory.messages.add(said(200))
    follow(palace, memory)
    before = {spot.seq: spot.at for spot in everything(palace, memory)}
    memory.messages.remove(["m10"])
    palace.catch_up(memory, 30)
    other = anew()
    other.catch_up(memory, 30)
    memory.messages.remove(["m150"])
    other.catch_up(memory, 30)
    follow(anew(), memory, 30)
    after = {spot.seq: spot.at for spot in everything(anew(), memory)}
    assert after == {seq: at for seq, at in before.items() if seq not in (10, 150)}


def test_all_messages_removed_leaves_an_empty_palace_that_fills_again(palace: Palace, memory: Memory) -> None:
    memory.messages.add(said(100))
    follow(palace, memory)
    memory.messages.remove([f"m{i}" for i in range(1, 101)])
    follow(palace, memory)
    assert palace.rooms(memory) == []
    memory.messages.add(said(20, first=101))
    follow(palace, memory)
    assert len(everything(palace, memory)) == 20


def test_space_is_asked_by_box_sphere_and_nearest(palace: Palace, memory: Memory) -> None:
    memory.messages.add(said(200))
    follow(palace, memory)
    spots = everything(palace, memory)
    at = np.array([spot.at for spot in spots])
    x, y, z = spots[99].at
    apart = np.linalg.norm(at - at[99], axis=1)
    inside = {spot.seq for spot in palace.sphere(memory, (x, y, z), 1.5)}
    assert inside == {spot.seq for spot, far in zip(spots, apart, strict=True) if far <= 1.5}
    nearest = palace.nearest(memory, (x, y, z), 5)
    assert sorted(apart.tolist())[:5] == pytest.approx(
        [float(np.linalg.norm(np.array(spot.at) - at[99])) for spot in nearest], abs=1e-5
    )
    boxed = palace.box(memory, (x - 1, y - 1, z - 1), (x + 1, y + 1, z + 1))
    assert spots[99].seq in {spot.seq for spot in boxed}


@pytest.mark.parametrize("point", [(np.nan, 0, 0), (np.inf, 0, 0), (0, 0)])
def test_what_is_no_point_is_refused(
    palace: Palace, memory: Memory, point: tuple[float, float, float]
) -> None:
    with pytest.raises(InputError, match="three finite numbers"):
        palace.nearest(memory, point, 1)


def test_what_cannot_be_answered_is_refused_with_the_reason(palace: Palace, memory: Memory) -> None:
    memory.messages.add(said(5))
    follow(palace, memory)
    for room in ("topic-99", "cellar", "person--1", "time-x", "", "topic-²"):
        with pytest.raises(InputError, match="there is no room"):
            palace.memories(memory, room)
    with pytest.raises(InputError, match="1 to 10000"):
        palace.memories(memory, limit=0)
    with pytest.raises(InputError, match="radius"):
        palace.sphere(memory, (0, 0, 0), float("nan"))
    with pytest.raises(InputError, match="there is no room"):
        palace.walk(memory, ["topic-99"])
    with pytest.raises(InputError, match="embedder"):
        palace.recall(memory, np.zeros(4, np.float32))


def test_pages_of_memories_hold_each_once(palace: Palace, memory: Memory) -> None:
    memory.messages.add(said(25))
    follow(palace, memory)
    seqs, after = [], 0
    while True:
        page = palace.memories(memory, after=after, limit=10)
        seqs += [spot.seq for spot in page.spots]
        if page.next is None:
            break
        after = page.next
    assert seqs == list(range(1, 26))


def test_uses_make_strong_move_up_and_last_in_another_process(
    palace: Palace, memory: Memory, clock: ManualClock, host: BareHost
) -> None:
    memory.messages.add([NewMessage(id=f"m{i}", text=f"tulip {i}", at_us=NOW_US) for i in range(64)])
    follow(palace, memory)
    assert [tier.size for tier in palace.tiers(memory)] == [64, 0, 0]
    clock.advance(86_400)
    assert [tier.size for tier in palace.tiers(memory)] == [0, 64, 0]
    weak = everything(palace, memory)[0].strength
    for _ in range(16):
        palace.use(memory, [1, 2, 999])
        clock.advance(3_700)
    assert [tier.size for tier in palace.tiers(memory)] == [0, 62, 2]
    assert everything(palace, memory)[0].strength > weak > everything(palace, memory)[5].strength
    assert host.total("companion.tier.consolidated", reason="rehearsed") == 2
    assert host.total("companion.tier.uses", tier="short") == 4
    other = Palace(BareHost(clock), Residents(1 << 26))
    assert everything(other, memory) == everything(palace, memory)


def test_uses_of_a_palace_that_is_not_resident_count_when_it_is(
    palace: Palace, memory: Memory, clock: ManualClock, host: BareHost
) -> None:
    memory.messages.add([NewMessage(id=f"m{i}", text=f"tulip {i}", at_us=NOW_US) for i in range(64)])
    follow(palace, memory)
    other = Palace(BareHost(clock), Residents(1 << 26))
    for _ in range(2):
        clock.advance(7_200)
        other.use(memory, [3])
    assert [tier.size for tier in other.tiers(memory)] == [0, 63, 1]


def test_a_memory_that_was_edited_while_history_is_learned_again_finds_its_room(
    palace: Palace, memory: Memory
) -> None:
    memory.messages.add(said(200))
    follow(palace, memory)
    memory.messages.edit("m20", "violin concert score violin concert", NOW_US)
    palace.catch_up(memory, 50)
    memory.messages.remove(["m190"])
    follow(palace, memory, 50)
    (spot,) = [spot for spot in everything(palace, memory) if spot.seq == 20]
    assert spot.room != "topic-0"


def test_what_nobody_used_goes_to_the_long_term_after_a_week(
    palace: Palace, memory: Memory, host: BareHost
) -> None:
    memory.messages.add(said(128))
    follow(palace, memory)
    assert host.total("companion.tier.consolidated", reason="aged") == 128


class TestWithAnEmbedder:
    """Rows of turns come from somebody else, and may come later."""

    @pytest.fixture
    def embedder(self) -> DigestEmbedder:
        """Vectors that are near nothing."""
        return DigestEmbedder(32)

    @pytest.fixture
    def palace(self, host: BareHost, embedder: DigestEmbedder) -> Palace:
        """A palace that goes by vectors."""
        return Palace(host, Residents(1 << 26), embedder)

    def embedded(self, memory: Memory, embedder: DigestEmbedder, seqs: range) -> None:
        """Make rows."""
        messages = memory.reading.by_seq(seqs)
        rows = to_rows(embedder.embed([message.text for message in messages]))
        memory.vectors.put("turn", embedder.model, [message.seq for message in messages], rows)

    def test_it_waits_for_rows_that_are_not_made_yet(
        self, palace: Palace, memory: Memory, embedder: DigestEmbedder
    ) -> None:
        memory.messages.add(said(100))
        assert palace.catch_up(memory, 64)
        assert everything(palace, memory) == ()
        self.embedded(memory, embedder, range(1, 41))
        assert palace.catch_up(memory, 64)
        assert len(everything(palace, memory)) == 40
        self.embedded(memory, embedder, range(41, 101))
        follow(palace, memory, 16)
        assert len(everything(palace, memory)) == 100

    def test_a_message_without_a_row_between_others_is_not_waited_for(
        self, palace: Palace, memory: Memory, embedder: DigestEmbedder
    ) -> None:
        memory.messages.add(said(10))
        self.embedded(memory, embedder, range(1, 5))
        self.embedded(memory, embedder, range(6, 11))
        follow(palace, memory)
        assert len(everything(palace, memory)) == 10

    def test_pieces_edits_and_other_processes_come_to_the_same(
        self, palace: Palace, memory: Memory, embedder: DigestEmbedder
    ) -> None:
        memory.messages.add(said(200))
        self.embedded(memory, embedder, range(1, 201))
        follow(palace, memory, 200)
        before = {spot.seq: spot.at for spot in everything(palace, memory)}
        other = Palace(BareHost(), Residents(0), embedder)
        follow(other, memory, 13)
        assert {spot.seq: spot.at for spot in everything(other, memory)} == before
        memory.messages.edit("m50", "something else", NOW_US)
        self.embedded(memory, embedder, range(50, 51))
        memory.messages.remove(["m60"])
        follow(palace, memory, 50)
        after = {spot.seq: spot.at for spot in everything(palace, memory)}
        assert after.keys() == before.keys() - {60}
        assert all(after[seq] == before[seq] for seq in after if seq != 50)

    def test_what_is_asked_for_is_recalled_from_every_tier(
        self, palace: Palace, memory: Memory, embedder: DigestEmbedder, host: BareHost, clock: ManualClock
    ) -> None:
        old = said(64)
        new = [NewMessage(id=f"n{i}", text=f"new {i}", at_us=NOW_US) for i in range(64)]
        memory.messages.add([*old, *new])
        self.embedded(memory, embedder, range(1, 129))
        follow(palace, memory)
        for seq, tier in ((5, "long"), (70, "working")):
            (message,) = memory.reading.by_seq([seq])
            found = palace.recall(memory, embedder.embed([message.text])[0], 3)
            assert (found[0].seq, found[0].tier) == (seq, tier)
            assert found[0].alike == pytest.approx(1.0, abs=0.05)
        assert host.total("companion.tier.hits", tier="long") == 2
        memory.messages.add([NewMessage(id="late", text="quite late", at_us=NOW_US)])
        self.embedded(memory, embedder, range(129, 130))
        follow(palace, memory)
        assert palace.recall(memory, embedder.embed(["quite late"])[0], 1)[0].seq == 129
        with pytest.raises(InputError, match="32 finite numbers"):
            palace.recall(memory, np.zeros(3, np.float32))


def test_one_person_never_sees_anothers_palace(people: SqlitePeople, palace: Palace) -> None:
    with people.open("ann", create=True) as ann:
        ann.messages.add(said(20))
        follow(palace, ann)
    with people.open("bob", create=True) as bob:
        assert everything(palace, bob) == ()
        bob.messages.add(said(3))
        follow(palace, bob)
        assert len(everything(palace, bob)) == 3


@pytest.mark.parametrize("seed", range(2))
def test_whatever_is_done_in_whatever_order_all_memories_stand_somewhere(memory: Memory, seed: int) -> None:
    rng = random.Random(seed)
    palace = anew()
    texts: dict[str, str] = {}
    made = 0
    for _ in range(40):
        act = rng.random()
        if act < 0.5:
            more = said(rng.randrange(1, 60), first=made + 1)
            made += len(more)
            memory.messages.add(more)
            texts.update((message.id, message.text) for message in more)
        elif act < 0.7 and texts:
            gone = rng.sample(sorted(texts), min(len(texts), rng.randrange(1, 9)))
            memory.messages.remove(gone)
            for id in gone:
                del texts[id]
        elif act < 0.85 and texts:
            id = rng.choice(sorted(texts))
            memory.messages.edit(id, rng.choice(["", "volcano ash", "🙂", "entirely new words here"]), NOW_US)
        elif act < 0.9:
            palace = anew(rng.choice([0, 1 << 26]))
        palace.catch_up(memory, rng.choice([1, 10, 64, 300]))
        palace.use(memory, [rng.randrange(1, made + 2)])
    follow(palace, memory, 40)
    assert {f"m{spot.seq}" for spot in everything(palace, memory)} == set(texts)
    for kind in Kind:
        assert sum(room.size for room in palace.rooms(memory, kind)) == len(texts)
    assert all(np.isfinite(spot.at).all() and 0 <= spot.strength <= 1 for spot in everything(palace, memory))
    there = {(spot.seq, spot.at, spot.room) for spot in everything(palace, memory)}
    assert {(spot.seq, spot.at, spot.room) for spot in everything(anew(), memory)} == there
