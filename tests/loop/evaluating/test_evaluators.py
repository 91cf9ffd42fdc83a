"""Claims about evaluators that are attached to operations, and about asking them directly."""

import logging
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from homeostat import Homeostat
from homeostat.core.errors import ConfigError, NotAvailable, TooLarge
from homeostat.core.plant import Steering
from homeostat.evaluate.evaluator import Judging, Score, Validation
from homeostat.evaluate.passage import Context, Segment, Source
from homeostat.loop.evaluating.lane import MEDIA_BYTES_MAX, TEXTS_MAX

NONE = Validation("nothing", "none", 0.0, 0.0, "none", 0)


class Reading:
    """All that was read of one passage, and the function that scores it."""

    def __init__(self, name: str, value: Callable[[str], float | None]) -> None:
        self._name = name
        self._value = value
        self._texts: list[str] = []

    def add(self, segment: Segment) -> None:
        self._texts.append(segment.text)

    def score(self) -> Score | None:
        value = self._value(" ".join(self._texts))
        return None if value is None else Score(evaluator=self._name, value=value)


class By:
    """An evaluator by a function of the text."""

    validation = NONE

    def __init__(self, name: str, value: Callable[[str], float | None]) -> None:
        self.name = name
        self._value = value

    def begin(self, context: Context) -> Judging:
        return Reading(self.name, self._value)


def share_of_words(text: str) -> float | None:
    return min(1.0, len(text.split()) / 10) if text else None


@pytest.fixture
def hs() -> Iterator[Homeostat]:
    with Homeostat("svc", keep=False, collect=False) as made:
        yield made


def say(hs: Homeostat, text: str, operation: str = "answer", times: int = 1) -> None:
    for _ in range(times):
        with hs.operation(operation):
            hs.said(text)
    assert hs.evaluators.wait(60.0)


def test_a_judgement_is_a_metric_of_its_operation(hs: Homeostat) -> None:
    hs.evaluators.attach("answer", By("words", share_of_words), rate=1.0)
    say(hs, "One two. Three!")
    say(hs, "Four", operation="other")
    found = hs.snapshot("quality.words", operation="answer")
    assert (found.count, found.mean) == (1, 0.3)
    assert hs.snapshot("quality.words", operation="other").count == 0
    assert hs.knob_set.pinned == {"evaluating_share": 0.25}
    assert hs.snapshot("evaluate.duration", evaluator="words").count == 1


def test_what_is_said_deep_within_is_judged_by_the_nearest_operation_around(hs: Homeostat) -> None:
    hs.evaluators.attach("outer", By("words", share_of_words), rate=1.0)
    hs.evaluators.attach("middle", By("words", share_of_words), rate=1.0)
    with hs.operation("outer"), hs.operation("middle"), hs.operation("inner"), hs.llm("m"):
        hs.said("One two.")
    assert hs.evaluators.wait(60.0)
    assert hs.snapshot("quality.words", operation="middle").count == 1
    assert hs.snapshot("quality.words", operation="outer").count == 0


def test_sampling_comes_before_any_work(hs: Homeostat) -> None:
    before = set(threading.enumerate())

    def never() -> Context:
        raise AssertionError("the context of what nobody judges was made")

    hs.evaluators.attach("answer", By("words", share_of_words), rate=0.0)
    for _ in range(100):
        with hs.operation("answer"):
            hs.said("One.", never)
    assert set(threading.enumerate()) <= before
    assert "evaluating_share" not in hs.knob_set.knobs
    assert hs.losses.totals() == {}


def test_about_the_given_share_is_judged_and_what_is_rare_is_judged_by_all(hs: Homeostat) -> None:
    seen: dict[str, set[str]] = {"often": set(), "rarely": set()}

    def noting(name: str) -> By:
        return By(name, lambda text: seen[name].add(text) or 1.0)  # type: ignore[func-returns-value]

    hs.evaluators.attach("answer", noting("often"), rate=0.5)
    hs.evaluators.attach("answer", noting("rarely"), rate=0.1)
    for number in range(20):
        for part in range(50):
            with hs.operation("answer"):
                hs.said(f"text {number} {part}")
        assert hs.evaluators.wait(60.0)
    assert 400 < len(seen["often"]) < 600
    assert 50 < len(seen["rarely"]) < 150
    assert seen["rarely"] <= seen["often"]


def test_more_than_can_wait_is_counted_and_harms_nobody(hs: Homeostat) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slow(text: str) -> float:
        begun.set()
        go_on.wait(60.0)
        return 1.0

    hs.evaluators.attach("answer", By("slow", slow), rate=1.0)
    with hs.operation("answer"):
        hs.said("One.")
        assert begun.wait(60.0)
        for _ in range(TEXTS_MAX + 7):
            hs.said("One.")
        hs.said("long " * 300_000)
    assert hs.snapshot("evaluate.waiting", lane="here").last == TEXTS_MAX
    go_on.set()
    assert hs.evaluators.wait(60.0)
    assert hs.snapshot("evaluate.waiting", lane="here").last == 0
    assert hs.snapshot("quality.slow").count == TEXTS_MAX + 1
    assert hs.snapshot("evaluate.dropped", reason="no_room").total == 7
    assert hs.snapshot("evaluate.dropped", reason="too_long").total == 1


def test_pictures_and_sounds_that_wait_are_bounded_by_their_size(hs: Homeostat) -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slow(text: str) -> float:
        begun.set()
        go_on.wait(60.0)
        return 1.0

    hs.evaluators.attach("answer", By("slow", slow), rate=1.0)
    third = bytes(MEDIA_BYTES_MAX // 3)
    with hs.operation("answer"):
        hs.said("One.")
        assert begun.wait(60.0)
        for _ in range(2):
            hs.said("One.", Context(picture=third, sound=third))
        hs.said("One.", Context(picture=third))
    go_on.set()
    assert hs.evaluators.wait(60.0)
    assert hs.snapshot("quality.slow").count == 3
    assert hs.snapshot("evaluate.dropped", reason="no_room").total == 1


def test_a_failing_evaluator_is_counted_without_a_word_and_the_others_go_on(
    hs: Homeostat, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(text: str) -> float:
        raise ValueError(text)

    def missing(text: str) -> float:
        raise NotAvailable("a part is missing")

    hs.evaluators.attach("answer", By("fails", fails), rate=1.0)
    hs.evaluators.attach("answer", By("missing", missing), rate=1.0)
    hs.evaluators.attach("answer", By("beyond", lambda text: 1.5), rate=1.0)
    hs.evaluators.attach("answer", By("silent", lambda text: None), rate=1.0)
    hs.evaluators.attach("answer", By("words", share_of_words), rate=1.0)
    with caplog.at_level(logging.DEBUG):
        say(hs, "My doctor said so.", times=2)
    for name in ("fails", "missing", "beyond"):
        assert hs.snapshot("evaluate.failed", evaluator=name).total == 2
        assert hs.snapshot(f"quality.{name}").count == 0
    assert hs.snapshot("evaluate.silent", evaluator="silent").total == 2
    assert hs.snapshot("quality.words").count == 2
    assert hs.losses.totals() == {"internal_error.evaluate.fails": 2}
    assert "doctor" not in caplog.text


def test_an_application_is_not_harmed_by_what_it_hands_over(hs: Homeostat) -> None:
    def fails() -> Context:
        raise ValueError("no sources")

    hs.evaluators.attach("answer", By("words", share_of_words), rate=1.0)
    with hs.operation("answer"):
        hs.said("One.", fails)
        hs.said(7)  # type: ignore[arg-type]
        hs.said("")
    hs.said("outside")
    assert hs.evaluators.wait(60.0)
    lost = hs.losses.totals()
    assert lost["internal_error.evaluate.said"] == 2
    assert lost["evaluate.said_outside_of_operations"] == 1


def test_of_a_text_nothing_is_kept(hs: Homeostat) -> None:
    class Words(str):
        """A text that can be watched."""

    hs.evaluators.attach("answer", By("words", share_of_words), rate=1.0)
    text = Words("One two three.")
    watched = weakref.ref(text)
    with hs.operation("answer"):
        hs.said(text)
    del text
    assert hs.evaluators.wait(60.0)
    say(hs, "Another one.")
    assert watched() is None


def test_judgements_have_a_mean_with_an_interval_that_holds_at_every_look(hs: Homeostat) -> None:
    hs.evaluators.attach("answer", By("words", share_of_words), rate=1.0)
    say(hs, "One two three four five.", times=99)
    (few,) = hs.evaluators.standings()
    assert (few.operation, few.evaluator, few.n, few.interval) == ("answer", "words", 99, None)
    say(hs, "One two three four five.")
    (many,) = hs.evaluators.standings()
    assert many.interval is not None
    assert many.mean == pytest.approx(0.5)
    assert many.interval.low < 0.5 < many.interval.high


def test_the_outcome_of_a_request_is_what_was_found_of_it_under_its_arms(hs: Homeostat) -> None:
    plant = hs.knobs.plant
    plant.steer(Steering({}))
    hs.evaluators.attach("write", By("words", share_of_words), rate=1.0)
    with hs.request("answer", user="ann"), hs.operation("write"):
        hs.said("One two three.")
    assert hs.evaluators.wait(60.0)
    whole, answers = plant.outcomes()
    for outcomes in (whole, answers):
        assert np.nansum(outcomes.values["quality.words"]) == 0.3
        assert outcomes.units is not None
        assert len(set(outcomes.units.tolist())) == 1
    assert answers.operation == "answer"
    assert hs.snapshot("outcome.quality.words").count == 0


def test_two_that_judge_the_same_texts_are_held_against_each_other(hs: Homeostat) -> None:
    hs.evaluators.attach("answer", By("words", share_of_words), rate=1.0)
    hs.evaluators.attach("answer", By("letters", lambda text: len(text) / 20), rate=1.0, beside="words")
    for words in range(20):
        say(hs, "a " * (words % 10 + 1))
    found = hs.evaluators.agreement("letters", "words")
    assert 0.5 < hs.snapshot("evaluate.agreement", measure="alpha").last < 1.0
    assert hs.snapshot("evaluate.agreement.low", measure="alpha").last == found["alpha"].interval.low  # type: ignore[union-attr]


FORKING = """
import os, threading
from homeostat import Homeostat
from homeostat.evaluate.evaluator import Score

go_on, begun = threading.Event(), threading.Event()

class Slow:
    name, validation = "slow", None
    def begin(self, context):
        return self
    def add(self, segment):
        if "parent" in segment.text:
            begun.set()
            go_on.wait(60.0)
    def score(self):
        return Score(evaluator="slow", value=0.5)

def judged(hs, text, count):
    with hs.operation("answer"):
        hs.said(text)
    assert hs.evaluators.wait(60.0)
    assert hs.snapshot("quality.slow").count == count
    assert [standing.n for standing in hs.evaluators.standings()] == [count]

hs = Homeostat("app", keep=False, collect=False)
hs.evaluators.attach("answer", Slow(), rate=1.0)
with hs.operation("answer"):
    hs.said("The parent says.")
    assert begun.wait(60.0)
    hs.said("The parent says more.")
child = os.fork()
if child:
    assert os.waitpid(child, 0)[1] == 0
    go_on.set()
    judged(hs, "The parent goes on.", 3)
else:
    judged(hs, "The child says.", 1)
hs.close()
os._exit(0)
"""


def test_a_forked_child_judges_by_itself_what_its_parent_has_not() -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKING],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_what_waits_at_the_end_is_counted() -> None:
    go_on, begun = threading.Event(), threading.Event()

    def slow(text: str) -> float:
        begun.set()
        go_on.wait(60.0)
        return 0.5

    hs = Homeostat("svc", keep=False, collect=False)
    hs.evaluators.attach("answer", By("slow", slow), rate=1.0)
    with hs.operation("answer"):
        hs.said("One.")
        assert begun.wait(60.0)
        hs.said("Two.")
    hs.close(0.1)
    go_on.set()
    with hs.operation("answer"):
        hs.said("Three.")
    assert hs.snapshot("evaluate.dropped", reason="closed").total == 1
    assert hs.snapshot("evaluate.dropped", reason="no_room").total == 1


def test_who_attaches_nothing_pays_no_import_of_numpy() -> None:
    program = "import sys; from homeostat import Homeostat; print('numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_a_detached_evaluator_judges_no_longer(hs: Homeostat) -> None:
    hs.evaluators.attach("answer", By("words", share_of_words), rate=1.0)
    hs.evaluators.attach("answer", By("words", share_of_words), rate=0.0)
    say(hs, "One.")
    hs.evaluators.detach("answer", "words")
    say(hs, "One.")
    assert hs.snapshot("quality.words").count == 0
    with pytest.raises(ConfigError, match="no evaluator named 'words'"):
        hs.evaluators.detach("answer", "words")


@pytest.mark.parametrize(
    ("operation", "evaluator", "settings", "says"),
    [
        ("answer", "nonsense", {}, "no evaluator is named 'nonsense'; there are"),
        ("answer", By("words", share_of_words), {"rate": 1.5}, "share from 0 to 1"),
        ("answer", By("words", share_of_words), {"beside": "other"}, "attach it first"),
        ("", By("words", share_of_words), {}, "name the operation"),
    ],
)
def test_what_cannot_be_attached_is_said_to_be_so(
    hs: Homeostat, operation: str, evaluator: str | By, settings: dict[str, float], says: str
) -> None:
    with pytest.raises(ConfigError, match=says):
        hs.evaluators.attach(operation, evaluator, **settings)  # type: ignore[arg-type]


def test_a_text_is_judged_at_once_and_nothing_is_recorded(hs: Homeostat) -> None:
    needs = By("sourced", lambda text: None)
    needs.needs = ("sources",)  # type: ignore[attr-defined]

    def missing(text: str) -> float:
        raise NotAvailable("a part is missing")

    given = [By("words", share_of_words), needs, By("missing", missing), By("short", lambda text: None)]
    found = hs.evaluate("One two. Three!", evaluators=given)
    assert found.segments == 2
    assert {name: score.value for name, score in found.scores.items()} == {"words": 0.3}
    assert found.silent == {
        "sourced": "needs sources in the context",
        "missing": "a part is missing",
        "short": "there is too little that it could judge by",
    }
    sourced = Context(sources=(Source(id="1", text="One."),))
    assert "sources" not in hs.evaluate("One.", sourced, evaluators=[needs]).silent["sourced"]
    assert hs.evaluate("  ", evaluators=[needs]).silent == {"sourced": "there is no text"}
    assert hs.snapshot("quality.words").count == 0
    with pytest.raises(TooLarge, match="too many to judge"):
        hs.evaluate("a" * 1_000_001)
