"""The part: learns in strides, starts anew, answers with what waits, takes anything."""

import numpy as np
import pytest

from homeostat.companion.archaeology.archaeology import STRIDE, Archaeology
from homeostat.companion.archaeology.learned import NO_NOTES
from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Memory
from homeostat.testing.bare_host import BareHost

DAY_US = 24 * 3_600_000_000


def say(memory: Memory, texts: list[str], own: bool = True) -> None:
    """Keep messages, a minute apart, after those that are there."""
    first = memory.extent().last
    memory.messages.add(
        [
            NewMessage(id=f"m{first + i}", text=text, at_us=(first + i) * 60_000_000, own=own)
            for i, text in enumerate(texts)
        ]
    )


def kept(memory: Memory) -> dict[str, bytes | None]:
    """Return the notes of the part."""
    return {name: memory.notes.get(name) for name in NO_NOTES}


def caught_up(part: Archaeology, memory: Memory, limit: int) -> int:
    """Catch up; return in how many steps."""
    steps = 1
    while not part.catch_up(memory, limit):
        steps += 1
    return steps


def test_work_is_bounded_and_many_small_steps_teach_the_same_as_one(memory: Memory) -> None:
    say(memory, [f"good morning number {i}" for i in range(700)])
    part = Archaeology(BareHost())
    assert caught_up(part, memory, 100) == 8
    small = kept(memory)
    memory.notes.put(NO_NOTES)
    assert caught_up(part, memory, 1_000) == 1
    assert part.fingerprint(memory).count("good morning") == (700, 700)
    assert {name: len(body or b"") for name, body in small.items()} == {
        name: len(body or b"") for name, body in kept(memory).items()
    }


def test_answers_hold_messages_that_wait_to_be_learned(memory: Memory) -> None:
    part = Archaeology(BareHost())
    say(memory, ["tea please"] * (STRIDE - 1))
    assert part.catch_up(memory, 100)
    assert kept(memory) == NO_NOTES
    assert part.fingerprint(memory).count("tea please") == (STRIDE - 1, STRIDE - 1)
    say(memory, ["tea please"] * 10)
    assert part.catch_up(memory, 100)
    before = kept(memory)
    say(memory, ["tea please"])
    assert part.catch_up(memory, 100)
    assert kept(memory) == before
    assert part.fingerprint(memory).count("tea please") == (STRIDE + 10, STRIDE + 10)


def test_a_removed_message_is_unlearned_and_its_notes_go_at_once(memory: Memory) -> None:
    host = BareHost()
    part = Archaeology(host)
    say(memory, ["nothing to see"] * 80 + ["my secret garden"])
    part.catch_up(memory, 1_000)
    assert part.fingerprint(memory).count("secret garden") == (1, 1)
    memory.messages.remove(["m80"])
    assert part.fingerprint(memory).count("secret garden") == (0, 0)
    part.catch_up(memory, 10)
    assert part.fingerprint(memory).count("nothing to") == (80, 80)
    assert host.total("companion.archaeology.learned_again") == 1.0
    memory.messages.remove([f"m{i}" for i in range(80)])
    assert part.catch_up(memory, 10)
    assert part.fingerprint(memory).tally(1).total == 0


def test_an_edit_is_learned_again(memory: Memory) -> None:
    part = Archaeology(BareHost())
    say(memory, ["old words"] * 100)
    part.catch_up(memory, 1_000)
    memory.messages.edit("m5", "new words", 1)
    while not part.catch_up(memory, 30):
        pass
    assert part.fingerprint(memory).count("old words") == (99, 99)
    assert part.fingerprint(memory).count("new words") == (1, 1)


def test_only_the_persons_own_words_are_their_fingerprint(memory: Memory) -> None:
    say(memory, ["as an assistant"] * 100, own=False)
    say(memory, ["as a person"])
    part = Archaeology(BareHost())
    part.catch_up(memory, 1_000)
    found = part.fingerprint(memory)
    assert found.count("as an") == (0, 0)
    assert found.count("as a") == (1, 1)


@pytest.mark.parametrize(
    "texts",
    [
        [],
        ["hello"],
        [""] * 200,
        ["x" * 1_000_000, "y " * 500_000] + ["z"] * 100,
        ["שלום עולם? مرحبا"] * 100,
        ["🙂👩‍👩‍👧 🎉"] * 100,
        ["\x00\ud800 \u202e"] * 100,
    ],
    ids=["none", "one", "empty", "1 MB", "right to left", "emoji", "NUL and halves"],
)
def test_any_messages_are_taken_and_every_question_answered(memory: Memory, texts: list[str]) -> None:
    part = Archaeology(BareHost())
    say(memory, [text.encode("utf-8", "replace").decode() for text in texts])
    caught_up(part, memory, 64)
    assert part.gaps(memory) == []
    found = part.patterns(memory)
    assert (found.habits, found.voice) == ([], [])
    assert len(part.fingerprint(memory).most(1, 5)) <= 5
    for name, body in kept(memory).items():
        assert len(body or b"") < 200_000, name
    if len(texts) > 1:
        assert part.reconstruct(memory, 1, 2).confidence < 1.0


def test_all_messages_at_one_moment_and_a_clock_that_goes_back_are_taken(memory: Memory) -> None:
    at = [5] * 100 + list(range(10**15, 0, -(10**13)))
    memory.messages.add([NewMessage(id=str(i), text="hm", at_us=t) for i, t in enumerate(at)])
    part = Archaeology(BareHost())
    caught_up(part, memory, 50)
    assert part.gaps(memory) == []
    assert part.patterns(memory).topics == []


def test_questions_are_measured_and_carry_no_text(memory: Memory) -> None:
    host = BareHost()
    part = Archaeology(host)
    say(memory, ["a very private thing"] * 100)
    caught_up(part, memory, 1_000)
    part.gaps(memory)
    part.patterns(memory)
    assert host.total("companion.archaeology.learned") == 100.0
    assert host.snapshot("companion.archaeology.duration", asked="gaps").count == 1
    assert host.snapshot("companion.archaeology.duration", asked="patterns").count == 1


@pytest.mark.long
def test_notes_of_ten_thousand_messages_stay_below_700_kilobytes(memory: Memory) -> None:
    rng = np.random.default_rng(1)
    words = [f"w{i}" for i in range(20_000)]
    say(memory, [" ".join(words[i] for i in row) for row in (rng.zipf(1.3, (10_000, 20)) % 20_000).tolist()])
    part = Archaeology(BareHost())
    caught_up(part, memory, 2_000)
    assert sum(len(body or b"") for body in kept(memory).values()) < 700_000
