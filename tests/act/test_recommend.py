"""The recommendation: one list from many proposals, of which any may be tried beside those before it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from homeostat.act.controller import Situation
from homeostat.act.endocrine import Endocrine
from homeostat.act.recommend import Pace, proposals, recommend
from homeostat.core.change import Change, Move
from homeostat.core.interval import Interval
from homeostat.core.knob import Configuration, Integers, Knob
from homeostat.testing.situations import after_trial, later, situation

KNOBS = tuple(Knob(name, 5, Integers(0, 10), step_max=0.5) for name in "abcd")
AT = situation(KNOBS)


def change(
    *knobs: str, to: int = 6, gain: float | None = None, urgent: bool = False, by: str = "x"
) -> Change:
    predicted = None if gain is None else Interval(-gain - 0.01, -gain + 0.01, 0.95)
    return Change(tuple(Move(k, 5, to) for k in knobs), by, "why", predicted=predicted, urgent=urgent)


def moved(at: Situation, *changes: Change, **options: object) -> list[str]:
    found = recommend(changes, at, **options)  # type: ignore[arg-type]
    return ["+".join(m.knob for m in c.moves) for c in found.changes]


def test_urgent_goes_first_and_the_rest_stays_in_the_order_of_the_controllers() -> None:
    some = (change("a"), change("c", gain=0.1), change("b", gain=0.3), change("d", urgent=True))
    assert moved(AT, *some) == ["d", "a", "c", "b"]


def test_no_two_move_one_knob() -> None:
    found = recommend((change("a", "b", gain=0.3, by="climb"), change("a", gain=0.1)), AT)
    assert [c.moves for c in found.changes] == [change("a", "b").moves]
    assert found.left_out[0][1] == "a is moved by climb already"


def test_no_forbidden_combination_comes_about_alone_or_together() -> None:
    def rule(at: Configuration) -> bool:
        return int(at["a"]) + int(at["b"]) < 12

    def three(at: Configuration) -> bool:
        return not (at["b"] == 6 and at["c"] == 6 and at["d"] == 5)

    assert moved(AT, change("a", to=7), allowed=[rule]) == []
    assert moved(AT, change("a"), change("b"), allowed=[rule]) == ["a"]
    # b and c stand together in some requests even where d takes part in the trials.
    assert moved(AT, change("d"), change("b"), change("c"), allowed=[three]) == ["d", "b"]


def test_what_cannot_be_done_is_left_out_with_the_reason() -> None:
    stale = replace(change("a"), moves=(Move("a", 4, 6),))
    fine, far, unknown = change("b", to=10), Change((Move("d", 5, 8),), "x", "why"), change("z")
    short = Knob("d", 5, Integers(0, 10), step_max=0.2)
    found = recommend((stale, fine, unknown, change("c", to=20), far), situation((*KNOBS[:3], short)))
    assert found.changes == (fine,)
    assert sorted(why for _, why in found.left_out) == [
        "a stands at 5 by now",
        "d to 8 is more than one step",
        "knob 'c': 20 is no whole number from 0 to 10",
        "z may not be turned now",
    ]


def test_the_pace_is_bounded_by_history_and_urgent_ones_may_exceed_it_by_half() -> None:
    at = AT
    for _ in range(2):
        at = after_trial(at, change("a"), kept=False)
    pace = Pace(changes_max=3)
    assert moved(at, change("b"), change("c"), change("d"), pace=pace) == ["b"]
    urgent = [change(k, urgent=True) for k in "bcd"]
    assert moved(at, *urgent, pace=pace) == ["b", "c"]
    for _ in range(2):
        at = after_trial(at, change("a"), kept=False)
    assert moved(at, *urgent, pace=pace) == []
    assert moved(replace(at, endocrine=Endocrine(norepinephrine=0.9)), *urgent, pace=pace) == ["b"]
    assert moved(later(at, 4_000.0), change("b"), change("c"), pace=pace) == ["b", "c"]


def test_while_something_is_urgent_one_change_goes() -> None:
    at = replace(AT, endocrine=Endocrine(norepinephrine=0.9))
    assert moved(at, change("a", gain=0.4), change("b", urgent=True)) == ["b"]


@given(
    st.lists(
        st.builds(
            lambda knobs, to, gain, urgent: change(*sorted(knobs), to=to, gain=gain, urgent=urgent),
            st.sets(st.sampled_from("abcdz"), min_size=1),
            st.integers(-1, 11),
            st.none() | st.floats(-0.5, 0.5),
            st.booleans(),
        ),
        max_size=8,
    )
)
def test_every_proposal_is_either_in_or_out_and_what_is_in_fits(some: list[Change]) -> None:
    found = recommend(some, AT, pace=Pace(changes_max=3))
    assert len(found.changes) + len(found.left_out) == len(some)
    names = [move.knob for c in found.changes for move in c.moves]
    assert len(set(names)) == len(names)
    assert all(AT.knobs[m.knob].checked(m.after) is not None for c in found.changes for m in c.moves)


def test_controllers_are_asked_in_their_order() -> None:
    class Says:
        def __init__(self, name: str) -> None:
            self.name = name

        def propose(self, at: Situation) -> tuple[Change, ...]:
            return (change(self.name),)

    assert [c.moves[0].knob for c in proposals([Says("b"), Says("a")], AT)] == ["b", "a"]
