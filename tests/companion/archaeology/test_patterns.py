"""Topics, habits and changes of voice, in streams of made-up messages."""

import numpy as np
import pytest

from homeostat.companion.archaeology.habits import NO_HOURS, Hours, habits, kept_hours
from homeostat.companion.archaeology.rhythm import HOUR_US
from homeostat.companion.archaeology.topics import EPOCHS_MAX, NO_TOPICS, Topic, Topics, come_and_gone, noted
from homeostat.companion.archaeology.voice import (
    BLOCKS_MAX,
    NO_VOICE,
    Voice,
    VoiceChange,
    heard,
    voice_changes,
)
from homeostat.companion.message import Message, NewMessage
from homeostat.companion.ngrams.spoken import spoken
from homeostat.companion.store.people import Memory

WORDS = [f"word{i}" for i in range(400)]
MONDAY_US = 1_600_041_600_000_000


def chatter(rng: np.random.Generator, count: int) -> list[str]:
    """Return messages whose words come evenly: common ones often, rare ones rarely."""
    rate = 1.0 / np.arange(1, len(WORDS) + 1)
    drawn = rng.choice(len(WORDS), (count, 10), p=rate / rate.sum())
    return [" ".join(WORDS[i] for i in row).capitalize() + "." for row in drawn.tolist()]


def messages(texts: list[str], first: int = 1) -> list[Message]:
    """Return the person's own messages."""
    return [Message(id=str(i), text=t, at_us=i, seq=first + i) for i, t in enumerate(texts)]


def topics(texts: list[str], batch: int = 500) -> Topics:
    """Return what is kept of some messages that came in batches."""
    kept, said = NO_TOPICS, messages(texts)
    for begin in range(0, len(said), batch):
        own = said[begin : begin + batch]
        kept = noted(kept, own, spoken([m.text for m in own]))
    return kept


def found_in(memory: Memory, texts: list[str]) -> list[Topic]:
    """Return the topics of messages that the memory keeps."""
    memory.messages.add([NewMessage(id=str(i), text=t, at_us=i) for i, t in enumerate(texts)])
    return come_and_gone(topics(texts), memory.reading)


def voice(texts: list[str], batch: int = 500) -> Voice:
    """Return the voice of messages that came in batches."""
    kept, said = NO_VOICE, messages(texts)
    for begin in range(0, len(said), batch):
        own = said[begin : begin + batch]
        kept = heard(kept, own, spoken([m.text for m in own]))
    return kept


def test_a_topic_that_came_and_went_is_told_with_its_words_place_and_evidence(memory: Memory) -> None:
    texts = chatter(np.random.default_rng(1), 1_500)
    for i in range(640, 900, 5):
        texts[i] += " My marathon training!"
    (topic,) = found_in(memory, texts)
    assert {"marathon", "training"} <= set(topic.words)
    assert abs(topic.seq_first - 641) <= 64
    assert abs(topic.seq_last - 900) <= 64
    assert not topic.lasts
    assert topic.share.low > 10 * topic.elsewhere.high
    assert all("marathon" in m.text for m in memory.reading.by_seq(topic.seqs))


def test_a_topic_that_is_still_there_lasts(memory: Memory) -> None:
    texts = chatter(np.random.default_rng(2), 1_024)
    texts[896:] = [f"{t} Our garden" for t in texts[896:]]
    assert [topic.lasts for topic in found_in(memory, texts)] == [True]


@pytest.mark.long
def test_words_that_come_evenly_make_a_topic_in_at_most_one_history_of_twenty(memory: Memory) -> None:
    told = 0
    for seed in range(60):
        told += bool(come_and_gone(topics(chatter(np.random.default_rng(seed), 2_000)), memory.reading))
    assert told <= 3


def test_topics_are_the_same_in_whatever_batches_they_are_learned_and_stay_bounded() -> None:
    texts = chatter(np.random.default_rng(3), 64 * (EPOCHS_MAX + 20))
    whole, parts = topics(texts, 10_000), topics(texts, 997)
    assert whole.ended == parts.ended == EPOCHS_MAX + 20
    assert whole.first_seqs.tolist() == parts.first_seqs.tolist()
    assert whole.first_seqs.size == EPOCHS_MAX
    assert whole.open_seqs.tolist() == parts.open_seqs.tolist()
    assert whole.keys.size <= EPOCHS_MAX * 24


def test_who_begins_to_write_in_lower_case_has_changed_their_voice_there() -> None:
    texts = chatter(np.random.default_rng(4), 2_000)
    texts[1_200:] = [t.lower() for t in texts[1_200:]]
    found = {change.measure: change for change in voice_changes(voice(texts))}
    change = found["share of messages that begin with a capital"]
    assert len(found) == 1
    assert change.seq_low <= 1_201 <= change.seq_high + 16
    assert (round(change.before, 2), round(change.after, 2)) == (1.0, 0.0)
    assert change.change.low <= -1.0 <= change.change.high + 0.05


def test_longer_messages_are_told_with_an_interval_that_holds_the_difference() -> None:
    rng = np.random.default_rng(5)
    texts = [
        " ".join(["yes"] * int(n)) for n in np.concatenate((rng.poisson(8, 1_000), rng.poisson(12, 800)))
    ]
    (change,) = [c for c in voice_changes(voice(texts)) if c.measure == "words a message"]
    assert change.change.low < 4.0 < change.change.high
    assert abs(change.seq - 1_001) < 60


def test_a_voice_that_does_not_change_is_told_to_change_in_one_of_ten_histories_at_most() -> None:
    found: list[list[VoiceChange]] = [
        voice_changes(voice(chatter(np.random.default_rng(seed), 600))) for seed in range(40)
    ]
    assert sum(map(bool, found)) <= 4


def test_the_voice_is_the_same_in_whatever_batches_it_is_learned_and_stays_bounded() -> None:
    texts = chatter(np.random.default_rng(6), 9_000)
    whole, parts = voice(texts, 9_000), voice(texts, 61)
    assert whole.size == parts.size == 64
    assert np.allclose(whole.sums, parts.sums)
    assert whole.begins.tolist() == parts.begins.tolist()
    assert whole.begins.size <= BLOCKS_MAX


def hours(at_us: list[int], batch: int = 1_000) -> Hours:
    """Return the hours of messages at some times."""
    kept = NO_HOURS
    said = [Message(id="", text="", at_us=at, seq=i + 1, offset_min=120) for i, at in enumerate(at_us)]
    for begin in range(0, len(said), batch):
        kept = kept_hours(kept, said[begin : begin + batch])
    return kept


def test_a_weekly_and_a_daily_habit_are_told_in_the_persons_own_time() -> None:
    rng = np.random.default_rng(7)
    at = []
    for day in range(140):
        at.append(MONDAY_US + (day * 24 + 5) * HOUR_US + 600_000_000)  # 7 in the morning where they live
        if day % 7 == 6:
            at.append(MONDAY_US + (day * 24 + 13) * HOUR_US)  # Sundays at 3
        if rng.random() < 0.5:
            at.append(MONDAY_US + int((day + rng.random()) * 24 * HOUR_US))
    found = habits(hours(sorted(at)))
    assert [(h.every, h.hour, h.weekday) for h in found] == [("day", 7, None), ("week", 15, 6)]
    assert found[0].share.low > 0.9 > 5 * found[0].otherwise
    assert found[1].periods == 20


def test_hours_come_out_the_same_in_whatever_batches() -> None:
    at = (MONDAY_US + np.random.default_rng(8).uniform(0, 100, 2_000) * 24 * HOUR_US).astype(np.int64)
    whole, parts = hours(sorted(at.tolist())), hours(sorted(at.tolist()), 7)
    assert whole.counts.tolist() == parts.counts.tolist()
    assert whole.seqs.tolist() == parts.seqs.tolist()


def test_who_comes_at_any_hour_has_habits_in_one_of_ten_histories_at_most() -> None:
    told = 0
    for seed in range(40):
        at = MONDAY_US + np.random.default_rng(seed).uniform(0, 200, 600) * 24 * HOUR_US
        told += bool(habits(hours(sorted(at.astype(np.int64).tolist()))))
    assert told <= 4


def test_three_weeks_are_too_few_for_a_habit() -> None:
    assert habits(hours([MONDAY_US + day * 24 * HOUR_US for day in range(21)])) == []
    assert habits(NO_HOURS) == []
