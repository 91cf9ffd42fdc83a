"""Whether what a person is told fits them better as time goes on."""

import random

from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.personal.adaptation import SEGMENTS_MAX, Adaptation

DAY_US = 86_400_000_000
ANN = Context(likes=("sailing",))


def told(shares: list[float], seed: int = 1) -> list[Segment]:
    """Return a segment a day that touches the like with the probability of that day."""
    rng = random.Random(seed)
    return [
        Segment(text="We sailed." if rng.random() < share else "We slept.", at_us=day * DAY_US)
        for day, share in enumerate(shares)
    ]


def adaptation(segments: list[Segment], context: Context = ANN) -> Score | None:
    return judged(Adaptation(), segments, context)


def test_a_fit_that_rises_is_told_with_its_slope_and_interval() -> None:
    score = adaptation(told([day / 200 for day in range(200)]))
    assert score is not None
    assert score.value > 0.975
    assert 0 < score.parts["slope_low"] < 1 / 200 < score.parts["slope_high"]


def test_a_fit_that_falls_is_told_as_well() -> None:
    score = adaptation(told([1 - day / 200 for day in range(200)]))
    assert score is not None
    assert score.value < 0.025


def test_where_nothing_changes_a_rise_is_told_in_one_of_forty() -> None:
    scores = [adaptation(told([0.5] * 100, seed)) for seed in range(400)]
    risen = sum(score is not None and score.value > 0.975 for score in scores)
    assert 2 <= risen <= 20


def test_the_order_of_time_counts_and_not_that_of_reading() -> None:
    segments = told([day / 200 for day in range(200)])
    assert adaptation(segments[::-1]) == adaptation(segments)


def test_nothing_is_said_of_too_little_without_times_or_without_change() -> None:
    assert adaptation(told([0.5] * 19)) is None
    assert adaptation([Segment(text="We sailed.")] * 50) is None
    assert adaptation([Segment(text="We sailed.", at_us=5)] * 50) is None
    assert adaptation(told([1.0] * 50)) is None
    assert adaptation(told([0.5] * 50), Context()) is None


def test_what_lies_behind_the_last_5000_segments_changes_nothing() -> None:
    late = told([0.5] * SEGMENTS_MAX)
    early = [Segment(text="We slept.", at_us=-(day + 1) * DAY_US) for day in range(SEGMENTS_MAX // 2)]
    assert adaptation(early + late) == adaptation(late)


def test_of_a_long_history_the_last_part_is_held() -> None:
    judging = Adaptation().begin(ANN)
    for segment in told([0.5] * (3 * SEGMENTS_MAX)):
        judging.add(segment)
    assert len(judging._fits) <= 2 * SEGMENTS_MAX
    assert judging.score() is not None
