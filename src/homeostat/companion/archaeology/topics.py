"""Topics over time: what a person suddenly has much to say about, and later no more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.ngrams.spoken import Hashes, Spoken, mixed, spoken
from homeostat.companion.ngrams.tally import EMPTY, Tally, grouped, tallied
from homeostat.companion.store.people import Reading
from homeostat.core.interval import Interval
from homeostat.stats.wilson_interval import wilson_interval

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

EPOCH = 64
"""The person's own messages in an epoch: the grain in which topics come and go."""

EPOCHS_MAX = 512
CANDIDATES_MAX = 24
"""Words that are remembered of an epoch: those that stood out most when it ended."""

MESSAGES_MIN = 3
EVIDENCE = 3
WORDS_MAX = 8_192
FALSE_ALARMS = 0.05
_EPOCH_SALT = np.uint64(0xA0761D6478BD642F)
_TINY = 1e-12
_SHARED_MIN = 0.3
"""Words are of one topic where their evidence has this share of messages in common."""


class Topics(msgspec.Struct, frozen=True, array_like=True):
    """What is kept of a stream of messages to tell its topics.

    `known` counts in how many messages each word was. Of the epochs that ended: the seqs of their first and
    last messages, and for each word that stood out (`keys`, in the epoch `epochs`) its count of messages
    and the first few of them. Of the epoch that runs: each word of each message, and the seqs of those.
    `tested` counts the pairs of word and epoch that could have stood out.
    """

    known: Tally
    ended: int
    tested: int
    first_seqs: Ints
    last_seqs: Ints
    keys: Hashes
    epochs: Ints
    counts: Ints
    evidence: Ints
    open_keys: Hashes
    open_message: Ints
    open_seqs: Ints


_NONE = np.empty(0, dtype=np.int64)
_NO_KEYS = np.empty(0, dtype=np.uint64)
NO_TOPICS = Topics(EMPTY, 0, 0, _NONE, _NONE, _NO_KEYS, _NONE, _NONE, _NONE, _NO_KEYS, _NONE, _NONE)


@dataclass(frozen=True, slots=True)
class Topic:
    """Words that came into a person's messages together, and went again (or still stay).

    From the message `seq_first` to `seq_last` a share of their messages had the first of the words that lies
    in `share` (95%), of all others one in `elsewhere`. `messages` of them had it; `seqs` are some of those.
    """

    words: tuple[str, ...]
    seq_first: int
    seq_last: int
    lasts: bool
    messages: int
    share: Interval
    elsewhere: Interval
    seqs: tuple[int, ...]


def noted(topics: Topics, own: Sequence[Message], said: Spoken) -> Topics:
    """Return the topics after more of the person's own messages, whose words are `said`."""
    if not own:
        return topics
    number = np.int64(topics.open_seqs.size) + said.message
    once = grouped(mixed(said.hashes + number.astype(np.uint64) * _EPOCH_SALT))[0]
    once.sort()
    seqs = np.array([m.seq for m in own], dtype=np.int64)
    known = tallied(topics.known, said.hashes[once], seqs[said.message[once]], WORDS_MAX)
    keys = np.concatenate((topics.open_keys, said.hashes[once]))
    message = np.concatenate((topics.open_message, number[once]))
    all_seqs = np.concatenate((topics.open_seqs, seqs))
    ends = all_seqs.size // EPOCH
    begun = int(np.searchsorted(message, ends * EPOCH))
    ended = _ended(topics, known, keys[:begun], message[:begun], all_seqs[: ends * EPOCH])
    return msgspec.structs.replace(
        ended,
        known=known,
        open_keys=keys[begun:],
        open_message=message[begun:] - ends * EPOCH,
        open_seqs=all_seqs[ends * EPOCH :],
    )


def _ended(topics: Topics, known: Tally, keys: Hashes, message: Ints, seqs: Ints) -> Topics:
    """Return the topics with the epochs that these messages fill, and the words that stand out in each."""
    if not seqs.size:
        return topics
    epoch = message // EPOCH
    _, of = grouped(mixed(keys + epoch.astype(np.uint64) * _EPOCH_SALT))
    kinds = int(of.max(initial=-1)) + 1
    counts = np.bincount(of, minlength=kinds)
    often = np.flatnonzero(counts[of] >= MESSAGES_MIN)
    often = often[np.argsort(of[often], kind="stable")]
    firsts = np.flatnonzero(np.concatenate(([True], np.diff(of[often]) > 0))) if often.size else often
    word, of_epoch, count = keys[often[firsts]], epoch[often[firsts]], counts[of[often[firsts]]]
    evidence = seqs[message[often[np.minimum(firsts[:, None] + np.arange(EVIDENCE), often.size - 1)]]]
    others = np.maximum(held(known, word)[0] - count, 0)
    score = _surprise(count, others, max(int(known_messages(topics) + seqs.size) - EPOCH, 1))
    order = np.lexsort((-score, of_epoch))
    rank = np.arange(order.size) - np.searchsorted(of_epoch[order], of_epoch[order])
    kept = order[rank < CANDIDATES_MAX]
    bounds = seqs.reshape(-1, EPOCH)
    first = topics.ended + len(bounds) - EPOCHS_MAX
    old = topics.epochs >= first
    return msgspec.structs.replace(
        topics,
        ended=topics.ended + len(bounds),
        tested=topics.tested + kinds,
        first_seqs=np.concatenate((topics.first_seqs, bounds[:, 0]))[-EPOCHS_MAX:],
        last_seqs=np.concatenate((topics.last_seqs, bounds[:, -1]))[-EPOCHS_MAX:],
        keys=np.concatenate((topics.keys[old], word[kept])),
        epochs=np.concatenate((topics.epochs[old], of_epoch[kept] + topics.ended)),
        counts=np.concatenate((topics.counts[old], count[kept])),
        evidence=np.concatenate((topics.evidence.reshape(-1, EVIDENCE)[old], evidence[kept])).reshape(-1),
    )


def known_messages(topics: Topics) -> int:
    """Return of how many of the person's messages the topics know."""
    return topics.ended * EPOCH + topics.open_seqs.size


def held(known: Tally, words: Hashes) -> tuple[Ints, Ints]:
    """Return the least and the most messages with each word."""
    order = np.argsort(known.keys)
    keys = known.keys[order]
    at = (
        order[np.searchsorted(keys, words).clip(max=keys.size - 1)]
        if keys.size
        else np.zeros(words.size, int)
    )
    if not keys.size:
        return np.zeros(words.size, np.int64), np.full(words.size, known.floor)
    here = known.keys[at] == words
    least = np.where(here, known.counts[at], 0)
    return least, np.where(here, known.counts[at] + known.lacks[at], known.floor)


def _surprise(count: Ints, others: Ints, messages: int) -> Floats:
    """Return what exp(-x) bounds the chance of: so many of an epoch's messages, at the rate of all others.

    Chernoff's bound for a binomial.
    """
    share = count / EPOCH
    rate = np.minimum((others + 1.0) / (messages + 2.0), share)
    rest = (1.0 - share) * np.log(np.maximum(1.0 - share, _TINY) / np.maximum(1.0 - rate, _TINY))
    return np.asarray(EPOCH * (share * np.log(share / rate) + rest))


@dataclass(frozen=True, slots=True)
class _Stretch:
    key: int
    epochs: tuple[int, ...]
    count: int
    surprise: float
    seqs: tuple[int, ...]


def come_and_gone(topics: Topics, reading: Reading, limit: int = 20) -> list[Topic]:
    """Return the topics that came and went, the clearest first.

    Guarantee: of a person whose words come evenly all the time, a topic is told in at most 5% of cases
    (Chernoff's bound, shared out among all words and epochs). A word that comes in bursts inside single
    talks only is a topic too. Does not hold for what was said within one message, nor for topics slower than
    the whole history. Reads only the evidence. Cost: 3 ms.
    """
    stretches = _stretches(topics)
    groups: list[list[_Stretch]] = []
    for stretch in stretches:
        home = next((g for g in groups if _together(g[0], stretch)), None)
        if home is not None:
            home.append(stretch)
        elif len(groups) < limit:
            groups.append([stretch])
    seqs = {seq for group in groups for stretch in group for seq in stretch.seqs}
    texts = {message.seq: message.text for message in reading.by_seq(sorted(seqs))}
    found = (_topic(topics, group, texts) for group in groups)
    return [topic for topic in found if topic is not None]


def _stretches(topics: Topics) -> list[_Stretch]:
    """Return words with the epochs in a row in which they stood out, the most surprising first."""
    messages = known_messages(topics)
    if topics.ended < 2 or not topics.keys.size:
        return []
    _, most = held(topics.known, topics.keys)
    surprise = _surprise(topics.counts, np.maximum(most - topics.counts, 0), messages - EPOCH)
    clear = np.flatnonzero(surprise > np.log(max(topics.tested, 1) / FALSE_ALARMS))
    clear = clear[np.lexsort((topics.epochs[clear], topics.keys[clear]))]
    evidence = topics.evidence.reshape(-1, EVIDENCE)
    found: list[_Stretch] = []
    for at in clear.tolist():
        key, epoch = int(topics.keys[at]), int(topics.epochs[at])
        seqs = tuple(evidence[at].tolist())
        one = _Stretch(key, (epoch,), int(topics.counts[at]), float(surprise[at]), seqs)
        last = found[-1] if found else None
        if last is not None and last.key == key and epoch - last.epochs[-1] <= 2:
            joined = (*last.epochs, epoch)
            one = _Stretch(
                key, joined, last.count + one.count, last.surprise + one.surprise, last.seqs + seqs
            )
            found.pop()
        found.append(one)
    return sorted(found, key=lambda stretch: -stretch.surprise)


def _together(one: _Stretch, other: _Stretch) -> bool:
    if one.epochs[0] > other.epochs[-1] or other.epochs[0] > one.epochs[-1]:
        return False
    shared = len(set(one.seqs) & set(other.seqs))
    return shared >= _SHARED_MIN * min(len(set(one.seqs)), len(set(other.seqs)))


def _topic(topics: Topics, group: list[_Stretch], texts: dict[int, str]) -> Topic | None:
    first = group[0]
    words = tuple(
        dict.fromkeys(w for s in group[:6] if (w := _word(s.key, (texts.get(q, "") for q in s.seqs))))
    )
    low, high = first.epochs[0], first.epochs[-1]
    during = (high - low + 1) * EPOCH
    least = int(held(topics.known, np.array([first.key], dtype=np.uint64))[0][0])
    share = wilson_interval(min(first.count, during), during)
    outside = known_messages(topics) - during
    elsewhere = wilson_interval(min(max(least - first.count, 0), outside), outside)
    if not words or share is None or elsewhere is None:
        return None
    base = topics.ended - topics.first_seqs.size
    return Topic(
        words,
        int(topics.first_seqs[low - base]),
        int(topics.last_seqs[high - base]),
        high == topics.ended - 1,
        first.count,
        share,
        elsewhere,
        tuple(sorted({q for q in first.seqs if q in texts})),
    )


def _word(key: int, texts: Iterable[str]) -> str:
    for text in texts:
        said = spoken([text])
        at = np.flatnonzero(said.hashes == np.uint64(key))
        if at.size:
            return said.text(int(at[0]), 1)
    return ""
