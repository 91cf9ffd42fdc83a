"""What is learned stays where it is, within bounds, however the messages were cut into pieces."""

import random

import numpy as np
import pytest

from homeostat.companion.message import Message
from homeostat.companion.palace import keeping
from homeostat.companion.palace.building import Building, Shape
from homeostat.companion.palace.learning import SETTLE_EVERY, learn
from homeostat.companion.palace.loci import HALL
from homeostat.companion.palace.vocabulary import SKETCH_DIMENSIONS

TOPICS = [
    ["volcano", "lava", "crater", "ash", "magma", "eruption"],
    ["invoice", "tax", "payment", "bank", "ledger", "audit"],
    ["tulip", "garden", "seed", "spade", "compost", "hedge"],
    ["violin", "concert", "score", "tempo", "sonata", "cello"],
    ["marathon", "sprint", "hurdle", "relay", "stadium", "medal"],
    ["compiler", "linker", "pointer", "syntax", "kernel", "thread"],
]


def talk(number: int, seed: int = 1) -> list[Message]:
    """Messages about six topics, ten or so at a time about one."""
    rng = random.Random(seed)
    messages = []
    at_us = 1_700_000_000_000_000
    topic = TOPICS[0]
    for seq in range(1, number + 1):
        if rng.random() < 0.1:
            topic = rng.choice(TOPICS)
            at_us += 7_200_000_000
        at_us += 20_000_000
        text = " ".join(rng.choices(topic, k=6) + rng.choices(("the", "and", "is", "so"), k=3))
        author = rng.choice(("Ann", "Bob"))
        messages.append(Message(id=f"m{seq}", text=text, at_us=at_us, talk="t", author=author, seq=seq))
    return messages


def learned(messages: list[Message], shape: Shape | None = None, capacity: int = 256) -> Building:
    """Return what is learned of messages in one go."""
    building = Building("words", SKETCH_DIMENSIONS, capacity)
    for message in messages:
        learn(building, message, None, shape or Shape())
    return building


def restored(building: Building) -> Building:
    """Return the building as the notes give it back."""
    notes = keeping.kept(building, 0)
    note = notes[keeping.HEAD]
    assert note is not None
    head = keeping.head_of(note)
    assert head is not None
    pages = [body for name, body in sorted(notes.items()) if name != keeping.HEAD and body]
    found = keeping.restored(head, pages)
    assert found is not None
    return found


def test_to_be_kept_and_read_again_in_between_changes_nothing() -> None:
    messages = talk(300)
    straight = learned(messages)
    broken = learned(messages[:SETTLE_EVERY])
    for i in range(SETTLE_EVERY, 300):
        if i % SETTLE_EVERY == 0:
            broken = restored(broken)
        learn(broken, messages[i], None, Shape())
    assert broken.columns.rows.tobytes() == straight.columns.rows.tobytes()
    assert broken.positions().tolist() == straight.positions().tolist()
    assert broken.loci.words == straight.loci.words


def test_hardly_any_memory_changes_its_room_or_moves_far() -> None:
    messages = talk(1_000)
    building = learned(messages[:400])
    rooms, points = building.room_of(), building.positions()
    for message in messages[400:]:
        learn(building, message, None, Shape())
    assert (building.room_of(slice(0, 400)) != rooms).mean() < 0.3
    apart = np.linalg.norm(building.positions(slice(0, 400)) - points, axis=1)
    extent = np.linalg.norm(points - points.mean(0), axis=1).mean()
    assert np.median(apart) < 0.3 * extent


def test_rooms_are_about_topics() -> None:
    messages = talk(600)
    building = learned(messages)
    topic = np.array(
        [next(i for i, words in enumerate(TOPICS) if m.text.split()[0] in words) for m in messages]
    )
    rooms = building.room_of()
    alike = sum(np.bincount(topic[rooms == room]).max() for room in np.unique(rooms))
    assert alike / len(messages) > 0.8


def test_memories_about_the_same_stand_nearer_than_others() -> None:
    messages = talk(600)
    points = learned(messages).positions()
    own = np.array([m.text.split()[0] in TOPICS[2] for m in messages])
    within = np.linalg.norm(points[own][:, None] - points[own][None], axis=-1).mean()
    across = np.linalg.norm(points[own][:, None] - points[~own][None], axis=-1).mean()
    assert within < 0.8 * across


@pytest.mark.parametrize("rooms_max", [4, 16])
def test_there_are_never_more_rooms_and_loci_than_allowed(rooms_max: int) -> None:
    rng = random.Random(4)
    shape = Shape(rooms_max=rooms_max)
    building = Building("words", SKETCH_DIMENSIONS, 4 * rooms_max)
    for seq in range(1, 1_500):
        text = " ".join(f"w{rng.randrange(5_000)}x" for _ in range(6))
        learn(building, Message(id=str(seq), text=text, at_us=seq * 10**10, seq=seq), None, shape)
        assert len(building.rooms) - 1 <= rooms_max
        assert building.loci.used <= 4 * rooms_max
    assert int(building.loci.count.sum()) == len(building.columns) == 1_499
    named = building.columns.rows["locus"]
    assert np.bincount(named, minlength=len(building.loci.count)).tolist() == building.loci.count.tolist()


def test_fewer_rooms_allowed_than_there_are_are_joined_one_by_one() -> None:
    messages = talk(900)
    building = learned(messages[:600])
    assert len(building.rooms) > 5
    for message in messages[600:]:
        learn(building, message, None, Shape(rooms_max=4))
    assert len(building.room_sums()[0]) == 4


def test_the_same_text_a_thousand_times_is_one_room_at_one_place() -> None:
    same = [Message(id=str(i), text="good morning", at_us=i * 10**10, seq=i) for i in range(1, 1_001)]
    building = learned(same)
    assert len(set(building.room_of().tolist())) == 1
    assert np.ptp(building.positions(), axis=0).max() < 0.5


@pytest.mark.parametrize("text", ["", "\0", "12345", "🙂🙂", " \n "])
def test_what_has_no_words_stands_in_the_hall_or_with_its_talk(text: str) -> None:
    building = learned([Message(id="a", text=text, at_us=5, seq=1)])
    assert building.room_of().tolist() == [HALL]
    said = talk(50)
    more = Message(id="x", text=text, at_us=said[-1].at_us + 1, talk="t", seq=51)
    building = learned([*said, more])
    assert building.room_of()[-1] == building.room_of()[-2]


def test_a_text_of_a_million_characters_is_learned_in_well_under_a_second() -> None:
    long = Message(id="x", text="lorem ipsum dolor " * 60_000, at_us=5, seq=1)
    assert learned([long]).loci.used == 1


def test_who_said_little_takes_little_memory() -> None:
    assert learned(talk(50)).size_bytes < 200_000
    assert learned(talk(800)).size_bytes < 1_500_000
