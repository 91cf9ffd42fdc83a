"""Claims about what is kept of each message, what is chosen by it, and what dreams may spend."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.companion.dream import features
from homeostat.companion.dream.budget import Budget
from homeostat.companion.dream.features import ANSWERED, ASKS, OWN, PLANS, Features
from homeostat.companion.dream.learning import QUIET_USUAL_S, STRIDE, DreamPart, quiet_s
from homeostat.companion.dream.replay import Weighing, pooled, weighed
from homeostat.companion.dream.scene import Reason
from homeostat.companion.message import Message
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.dreamers import LIFE, NOW_US, Dreamers


def message(seq: int, text: str, author: str = "ann", talk: str = "t") -> Message:
    """Return a message, a day each."""
    return Message(
        seq=seq, id=f"m{seq}", text=text, at_us=seq * 10**9, own=author == "ann", author=author, talk=talk
    )


def flags(messages: Sequence[Message]) -> list[int]:
    """Return the flags of messages."""
    learned = Features(0)
    learned.learn(messages)
    found: list[int] = learned.rows["flags"].tolist()
    return found


def test_a_question_waits_until_somebody_else_speaks_in_its_talk() -> None:
    said = [
        message(1, "Shall we go there?"),
        message(2, "I would like that"),
        message(3, "No idea", "bob", talk="other"),
        message(4, "Where are the keys of it?", talk="other"),
        message(5, "Yes, let us go", "bob"),
    ]
    assert flags(said) == [OWN | ASKS | ANSWERED, OWN, 0, OWN | ASKS, 0]


@pytest.mark.parametrize("text", ["I will call her", "We're going to paint it", "I can't wait to see it"])
def test_plans_are_known(text: str) -> None:
    assert flags([message(1, text)]) == [OWN | PLANS]


@given(st.lists(st.sampled_from([*LIFE, "", "🙂", "\ud7ff?"]), max_size=30), st.integers(1, 30))
def test_learned_in_pieces_is_learned_at_once(texts: list[str], piece: int) -> None:
    said = [message(n, text, "bob" if n % 3 == 0 else "ann", f"t{n % 2}") for n, text in enumerate(texts, 1)]
    whole, pieces = Features(0), Features(0)
    whole.learn(said)
    for at in range(0, len(said), piece):
        pieces.learn(said[at : at + piece])
    assert whole.rows.tolist() == pieces.rows.tolist()


def test_the_notes_bring_it_back_and_go_with_a_removal(people: SqlitePeople) -> None:
    dreamers = Dreamers(people)
    dreamers.say("ann", LIFE * 4)
    part = DreamPart(ManualClock())
    with people.open("ann") as memory:
        while not part.catch_up(memory, STRIDE):
            pass
        assert len(Features.of(memory.notes, 0).rows) == STRIDE  # the rest waits, and a dream reads on
        kept = features.features_now(memory, 1_000)
        assert (kept.last, len(kept.rows)) == (96, 96)
        fresh = Features(0)
        fresh.learn(memory.reading.after(0, 200))
        assert fresh.rows.tolist() == kept.rows.tolist()
        memory.messages.remove(["m0"])
        assert part.catch_up(memory, 1_000)
        assert len(Features.of(memory.notes, memory.extent().generation).rows) == 95
        features.forget(memory.notes)
        assert features.head_of(memory.notes) is None
        assert quiet_s(memory) == QUIET_USUAL_S


def test_chance_grows_with_temperature_and_novelty_turns_to_what_was_not_dreamed() -> None:
    learned = Features(0)
    learned.learn([message(n, LIFE[n % len(LIFE)]) for n in range(1, 400)])
    dreamt = frozenset(range(1, 200))

    def chosen(novelty: float, temperature: float, seed: int) -> set[int]:
        weighing = Weighing(NOW_US, None, dreamt)
        rng = np.random.default_rng(seed)
        return set(pooled(learned, weighed(learned, weighing), weighing, 40, novelty, temperature, rng))

    assert chosen(0.5, 0.0, 1) == chosen(0.5, 0.0, 2)
    assert chosen(0.5, 1.0, 1) != chosen(0.5, 1.0, 2)
    assert not chosen(1.0, 0.5, 1) & dreamt
    assert chosen(0.0, 0.5, 1) & dreamt
    weights = weighed(learned, Weighing(NOW_US))
    assert weights[Reason.RECENT][-1] > weights[Reason.RECENT][0]


def test_who_spent_more_than_the_budget_waits_for_it_to_drain() -> None:
    clock = ManualClock()
    budget = Budget(BareHost(clock).clock, lambda: 0.5, burst_s=4.0)
    assert budget.wait_s == 0.0
    budget.spend(3.0)
    assert budget.wait_s == pytest.approx(2.0)
    clock.advance(2.0)
    assert budget.left
