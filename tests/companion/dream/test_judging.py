"""Claims about the judging of dreams: each is a judgement of its operation, against what it rests on."""

from homeostat.app.companion.node import JUDGED
from homeostat.companion.dream.scene import Steering
from homeostat.companion.dream.session import REQUEST
from homeostat.testing.dreamers import LIFE, Dreamers


def test_what_a_dream_tells_is_judged_by_all_that_are_attached(dreamers: Dreamers) -> None:
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")
    for name in JUDGED:
        dreamers.evaluators.attach(REQUEST, name, rate=1.0)
    dreamers.evaluators.use("none")
    session = dreamers.dream("ann", Steering(follow=("guitar",), avoid=("bread",)))
    assert session.scenes
    assert dreamers.evaluators.wait(60.0)
    judged = {name: dreamers.host.snapshot(f"quality.{name}", operation=REQUEST).count for name in JUDGED}
    assert judged == dict.fromkeys(JUDGED, 1)
    faithful = dreamers.host.snapshot("quality.personal.faithfulness", operation=REQUEST)
    assert faithful.mean > 0.5
    assert dreamers.host.snapshot("quality.personal.fit", operation=REQUEST).mean > 0.8
    dreamers.evaluators.close(5.0)


def test_a_dream_that_was_asked_to_follow_nothing_has_no_fit(dreamers: Dreamers) -> None:
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")
    for name in ("personal.fit", "personal.faithfulness"):
        dreamers.evaluators.attach(REQUEST, name, rate=1.0)
    assert dreamers.dream("ann", Steering(avoid=("bread",))).scenes
    assert dreamers.evaluators.wait(60.0)
    assert dreamers.host.snapshot("quality.personal.faithfulness", operation=REQUEST).count == 1
    assert dreamers.host.snapshot("quality.personal.fit", operation=REQUEST).count == 0
    dreamers.evaluators.close(5.0)


def test_a_dream_that_tells_nothing_is_not_judged(dreamers: Dreamers) -> None:
    dreamers.say("ann", LIFE)
    dreamers.evaluators.attach(REQUEST, "senses.vividness", rate=1.0)
    dreamers.dream("ann")
    assert dreamers.evaluators.standings() == ()
    assert dreamers.host.losses.totals() == {}
