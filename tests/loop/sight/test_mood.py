"""Claims about the mood: what happens moves the hormones, unless they are switched off."""

from homeostat.act.endocrine import Endocrine, Modulation
from homeostat.core.clock import SECOND_NS
from homeostat.core.verdict import State
from homeostat.loop.policy.policy_file import policy_of
from homeostat.loop.sight.mood import Mood
from homeostat.testing.situations import judged


def felt(mood: Mood) -> Endocrine:
    """Return the levels after a target was violated for ten minutes while the load rose tenfold."""
    levels = mood.feel(0, (), 1.0, None, ())
    for second in range(10, 600, 10):
        violated = (judged("p95 < 1 s", State.VIOLATED),)
        levels = mood.feel(second * SECOND_NS, violated, 10.0, None, ())
    return levels


def test_trouble_is_felt() -> None:
    levels = felt(Mood(0))
    assert levels.cortisol > 0.3
    assert levels.norepinephrine > 0.3


def test_without_hormones_nothing_that_happens_changes_how_boldly_is_tried() -> None:
    assert felt(Mood(0, hormones=False)).modulation == Modulation()


def test_the_policy_file_switches_hormones_off() -> None:
    document: dict[str, object] = {"objective": {"improve": "p95(duration)"}}
    assert policy_of(document).hormones
    assert not policy_of({**document, "hormones": {"on": False}}).hormones
