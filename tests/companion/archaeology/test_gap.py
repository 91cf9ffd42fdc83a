"""Gaps: silences that are unusual for the person."""

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.companion.archaeology.gap import Gap, gaps, judged
from homeostat.companion.archaeology.rhythm import (
    HOUR_US,
    NO_RHYTHM,
    PAUSES_MAX,
    WEEK_US,
    followed,
    week_hour,
    yardstick,
)
from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.people import Memory, Pause

MONDAY_US = 1_600_041_600_000_000
"""2020-09-14, 0 o'clock UTC."""


def told(times: NDArray[np.int64], talks: list[str] | None = None) -> list[Gap]:
    """Return the gaps of messages at some times, as if the store had told all pauses."""
    names = talks or [""] * len(times)
    said = [
        Message(id=str(i), text="", at_us=int(at), seq=i + 1, talk=talk)
        for i, (at, talk) in enumerate(zip(times, names, strict=True))
    ]
    rhythm = followed(NO_RHYTHM, said)
    ends = zip(times[:-1].tolist(), times[1:].tolist(), strict=True)
    pauses = [Pause(i + 1, i + 2, begin, end) for i, (begin, end) in enumerate(ends)]
    return judged(pauses, yardstick(rhythm), rhythm)


def evenings(rng: np.random.Generator, days: int) -> NDArray[np.int64]:
    """Return talks of some messages, on most evenings but never at weekends."""
    at = [
        MONDAY_US + (day * 24 + rng.uniform(18.0, 22.0)) * HOUR_US + np.cumsum(rng.exponential(60e6, 6))
        for day in range(days)
        if day % 7 < 5 and rng.random() < 0.9
    ]
    return np.sort(np.concatenate(at)).astype(np.int64)


def test_who_keeps_to_their_week_has_no_gap() -> None:
    assert sum(bool(told(evenings(np.random.default_rng(seed), 200))) for seed in range(40)) <= 4


def test_three_weeks_of_silence_are_told_with_their_place_and_by_how_much_they_are_unusual() -> None:
    times = evenings(np.random.default_rng(1), 200)
    begin = MONDAY_US + 100 * 24 * HOUR_US
    times = times[(times < begin) | (times > begin + 3 * WEEK_US)]
    (gap,) = told(times)
    assert gap.kind == "silence"
    assert gap.begin_us < begin < begin + 3 * WEEK_US < gap.end_us
    assert times[gap.before - 1] == gap.begin_us
    assert times[gap.after - 1] == gap.end_us
    assert gap.size > 8 * gap.usual
    assert gap.expected < 0.05
    assert gap.longer.low <= 1 / 100 <= gap.longer.high


def test_of_few_talks_only_a_silence_far_beyond_all_others_is_told() -> None:
    def few(seed: int, days: int, missing_weeks: int) -> list[Gap]:
        times = evenings(np.random.default_rng(seed), days)
        later = times > MONDAY_US + days * 12 * HOUR_US
        return told(times + later * missing_weeks * WEEK_US)

    assert sum(bool(few(seed, days, 0)) for seed in range(40) for days in (21, 28, 35)) <= 3
    assert not any(few(seed, 28, 2) for seed in range(20))
    assert [len(few(seed, 28, 150)) for seed in range(20)] == [1] * 20
    assert not any(few(seed, 14, 150) for seed in range(20))  # nine evenings or so are too few


def test_a_weekend_is_no_silence_to_who_never_comes_then() -> None:
    times = evenings(np.random.default_rng(2), 200)
    usual = yardstick(followed(NO_RHYTHM, [Message(id="", text="", at_us=int(t), seq=1) for t in times]))
    by_day = usual.visits_by_hour.reshape(7, 24).sum(axis=1)
    assert by_day[:5].min() > 5 * by_day[5:].max()


def test_a_long_pause_in_a_talk_is_told_where_talks_have_names() -> None:
    rng = np.random.default_rng(3)
    talks, times, at = [], [], float(MONDAY_US)
    for talk in range(60):
        at += rng.uniform(10, 30) * HOUR_US
        for turn in range(8):
            at += rng.lognormal(17.5, 0.5)
            at += 5 * HOUR_US if (talk, turn) == (30, 4) else 0
            talks.append(f"talk {talk}")
            times.append(int(at))
    found = told(np.array(times), talks)
    assert [(gap.kind, gap.after) for gap in found] == [("turn", 30 * 8 + 5)]
    assert found[0].size == pytest.approx(5 * 3600, rel=0.05)


@pytest.mark.parametrize(
    "times",
    [
        [],
        [5],
        [5, 5],
        [7] * 100,
        [-(6 * 10**16), 25 * 10**16],
        list(range(100, 0, -1)),
        [0, 10**15, 3, 10**15 + 1],
    ],
    ids=["none", "one", "two at once", "all at once", "far apart", "clock going back", "clock jumping"],
)
def test_what_tells_nothing_has_no_gap(memory: Memory, times: list[int]) -> None:
    memory.messages.add([NewMessage(id=str(i), text="hello", at_us=at) for i, at in enumerate(times)])
    rhythm = followed(NO_RHYTHM, memory.reading.after(0, 1_000))
    assert gaps(memory, rhythm) == []
    assert (rhythm.lengths > 0).all()


def test_the_store_and_the_judge_agree_on_the_messages_around_a_gap(memory: Memory) -> None:
    times = evenings(np.random.default_rng(4), 120)
    begin = MONDAY_US + 60 * 24 * HOUR_US
    times = times[(times < begin) | (times > begin + 4 * WEEK_US)]
    memory.messages.add([NewMessage(id=str(i), text="hello", at_us=int(at)) for i, at in enumerate(times)])
    found = gaps(memory, followed(NO_RHYTHM, memory.reading.after(0, 10_000)))
    assert found == told(times)
    assert len(found) == 1


def test_the_rhythm_is_the_same_in_whatever_batches_it_is_learned_and_stays_bounded() -> None:
    times = evenings(np.random.default_rng(5), 1_500)
    said = [Message(id="", text="", at_us=int(t), seq=i + 1) for i, t in enumerate(times)]
    whole, rhythm = followed(NO_RHYTHM, said), NO_RHYTHM
    for begin in range(0, len(said), 37):
        rhythm = followed(rhythm, said[begin : begin + 37])
    assert rhythm.lengths.tolist() == whole.lengths.tolist()
    assert rhythm.afters.tolist() == whole.afters.tolist()
    assert rhythm.ended == whole.ended > PAUSES_MAX == rhythm.lengths.size


def test_hours_of_the_week_begin_on_monday() -> None:
    assert week_hour(np.array([MONDAY_US, MONDAY_US - 1])).tolist() == [0.0, pytest.approx(168.0)]
