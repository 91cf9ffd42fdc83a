"""Coherence and consistency: does an evaluator see what was spoilt in real talks?

LoCoMo's sessions (`locomo/*.json`) are the passages: 13 to 43 turns of two people, all turns of a session, in
the order in which they were said. An evaluator is given the words of the turns alone: no speakers, times or
ids. Nothing that is measured here was learned from LoCoMo.

- *Swap*: of a session, and of the same with two neighbouring turns in each other's place, the score prefers
  the first. Every pair of neighbours of every session; a tie is a failure.
- *Insertion*: a turn is taken out of its session and put back at each place, its own among them (as many
  candidates as the session has turns); the score is best at its own. Every turn of every session.
- *With speakers*: the two speak by turns without exception, so one who knows them needs nothing else: of
  swaps and of places that is all. It is printed to be seen, and no part of any score.
- *Moved*: a turn is put three or more places away; the score says which one it is.
- *Time*: sentences with yesterday, last week, next month ..., as they are and turned round.
- *Denied*: a line of the person's profile in the persona chats is denied after all that they said there; it
  must be found, and not where the line is said as it is, nor where it is another person's, denied or not.
- *Names*: both people's names change places in one turn of a session.
"""

import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.evaluate_coherence_fit import profiles
from benchmarks.result import Result
from homeostat.core.embedder import Embedder
from homeostat.core.errors import HomeostatError
from homeostat.evaluate.consistency.characters import CharacterConsistency
from homeostat.evaluate.consistency.logical import LogicalConsistency
from homeostat.evaluate.consistency.temporal import TemporalConsistency
from homeostat.evaluate.evaluator import Evaluator, judged
from homeostat.evaluate.narrative.global_coherence import GlobalCoherence, fits_at_places
from homeostat.evaluate.narrative.local_coherence import LocalCoherence
from homeostat.evaluate.narrative.order import SHARED, Order, order_for
from homeostat.evaluate.narrative.reading import words
from homeostat.evaluate.passage import Segment
from homeostat.evaluate.segments import sentences
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.stats.wilson_interval import wilson_interval
from homeostat.testing.bare_host import BareHost

Bools = NDArray[np.bool_]
SEED = 7
PROSE_MIN = 4
ANCHOR = "prototype 77.5 swaps, 46.0 places on chats; order discrimination published: 68 to 89"
_SESSION = re.compile(r"session_\d+")


@dataclass(frozen=True, slots=True)
class Session:
    """Turns in order, and the two who speak."""

    turns: tuple[Segment, ...]
    people: tuple[str, str]


def locomo(data: Path) -> list[list[Session]]:
    """Return the sessions of each talk."""
    talks = []
    for raw in _raw(data):
        told = raw["conversation"]
        keys = sorted((k for k in told if _SESSION.fullmatch(k)), key=lambda k: int(k.split("_")[1]))
        people = (told["speaker_a"], told["speaker_b"])
        talks.append(
            [
                Session(tuple(Segment(text=t["text"], author=t["speaker"]) for t in told[k]), people)
                for k in keys
            ]
        )
    return talks


def summaries(data: Path) -> list[Session]:
    """Return the summaries of sessions, which are prose, by their sentences."""
    texts = [text for raw in _raw(data) for text in raw.get("session_summary", {}).values()]
    told = [tuple(Segment(text=sentence) for sentence in sentences(text)) for text in texts]
    return [Session(turns, ("", "")) for turns in told if len(turns) >= PROSE_MIN]


def _raw(data: Path) -> Iterator[dict[str, Any]]:
    for path in sorted((data / "locomo").glob("*.json")):
        yield from json.loads(path.read_text(encoding="utf-8"))


class Memo:
    """An embedder that embeds no text twice."""

    def __init__(self, embedder: Embedder) -> None:
        self.model, self.dimensions = embedder.model, embedder.dimensions
        self._embedder = embedder
        self._known: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}

    def embed(self, texts: Sequence[str]) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """Return the rows of texts."""
        for text in texts:
            if text not in self._known:
                self._known[text] = self._embedder.embed([text])[0]
        return np.array([self._known[text] for text in texts])


def placing(sessions: Iterable[Session], order: Order, embedder: Embedder | None) -> tuple[Bools, Bools]:
    """Return of neighbours whether a swap fits less well, of turns whether their own place is best."""
    swaps, places = [], []
    for session in sessions:
        placed = [order.start(), *(order.placed(turn.text, embedder) for turn in session.turns)]
        fits = fits_at_places(order, placed)
        at = np.arange(len(fits))
        swaps.append(fits[at[:-1], at[:-1]] > fits[at[:-1], at[1:]])
        others = fits.copy()
        others[at, at] = -np.inf
        places.append(fits[at, at] > others.max(axis=1))
    return np.concatenate(swaps), np.concatenate(places)


def plain(order: Order) -> Order:
    """Return an order that knows nothing but the rare words that neighbours share."""
    nothing = np.zeros_like(order.next)
    return replace(order, next=nothing, second=nothing, lags=((1.0, 0.0, 0.0, 0.0, 0.0), (0.0,) * SHARED))


def moved(sessions: Iterable[Session], evaluator: Evaluator, weakest: Order) -> tuple[Bools, Bools]:
    """Return whether the turn that was put elsewhere is the first mark, and whether it fits worst."""
    rng = np.random.default_rng(SEED)
    named, worst = [], []
    for session in sessions:
        texts = [turn.text for turn in session.turns]
        turn = int(rng.integers(len(texts)))
        rest = texts[:turn] + texts[turn + 1 :]
        places = [place for place in range(len(texts)) if abs(place - turn) >= 3]
        place = int(rng.choice(places))
        spoilt = [*rest[:place], texts[turn], *rest[place:]]
        score = judged(evaluator, [Segment(text=text) for text in spoilt])
        named.append(bool(score and score.marks and score.marks[0].segment == place))
        worst.append(_worst(weakest, spoilt) == place)
    return np.array(named), np.array(worst)


def _worst(order: Order, texts: list[str]) -> int:
    placed = [order.start(), *(order.placed(text) for text in texts)]
    fits = [
        order.fit(reversed(placed[max(at - order.reach, 0) : at]), placed[at]) for at in range(1, len(placed))
    ]
    return int(np.argmin(fits))


_TURNED = (
    (re.compile(r"\byesterday\b"), "tomorrow"),
    (re.compile(r"\btomorrow\b"), "yesterday"),
    (re.compile(r"\blast (?=night|week|month|year|weekend|summer|[a-z]+day)"), "next "),
    (re.compile(r"\bnext (?=week|month|year|weekend|summer|[a-z]+day)"), "last "),
    (
        re.compile(r"\b((?:an?|two|three|four|five|a few|few|\d+) (?:days?|weeks?|months?|years?)) ago\b"),
        r"in \1",
    ),
    (
        re.compile(r"\bin ((?:an?|two|three|four|five|a few|\d+) (?:days?|weeks?|months?|years?))\b"),
        r"\1 ago",
    ),
)


def turned(sentence: str) -> str | None:
    """Return a sentence with the first of its times on the other side of now."""
    for time_, other in _TURNED:
        found = time_.sub(other, sentence, count=1)
        if found != sentence:
            return found
    return None


def times(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the sentences that name a time, as they are and turned round."""
    told = [sentence for text in texts for sentence in sentences(text)]
    return [(sentence, other) for sentence in told if (other := turned(sentence)) is not None]


def tense_by_words(learned_from: list[tuple[str, str]]) -> Callable[[str], bool]:
    """Return the baseline for time: by the words of a sentence, each side of now counted (naive Bayes)."""
    back = re.compile(r"\b(?:yesterday|last|ago)\b")
    seen: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    for sentence, _ in learned_from:
        seen[bool(back.search(sentence))].update(set(words(sentence)))

    def wrong(sentence: str) -> bool:
        odds = sum(
            math.log((seen[True][w] + 0.5) / (seen[False][w] + 0.5))
            for w in set(words(sentence)) - {"yesterday", "last", "ago", "tomorrow", "next", "in"}
        )
        return (odds > 0) != bool(back.search(sentence))

    return wrong


_DENIALS = (
    (re.compile(r"^i have (?:a|an|some|many|several|two|three|four|\d)\b"), "I don't have any"),
    (re.compile(r"^i have\b"), "I don't have"),
    (re.compile(r"^i (?:really )?(?:love|like|enjoy)\b"), "I don't like"),
    (re.compile(r"^i hate\b"), "I love"),
    (re.compile(r"^i(?: a|')m not\b"), "I am"),
    (re.compile(r"^i(?: a|')m\b"), "I'm not"),
    (re.compile(r"^i can\b"), "I can't"),
    (
        re.compile(r"^i (play|work|live|read|drive|drink|eat|own|collect|study|speak|sing|write)\b"),
        r"I don't \1",
    ),
)


def denied(line: str) -> str | None:
    """Return the denial of a line of a profile."""
    said = line.strip().lower().rstrip(".")
    return next((f"{how.sub(to, said)}." for how, to in _DENIALS if how.search(said)), None)


def denials(data: Path) -> tuple[list[bool], list[bool], list[float]]:
    """Return of each case whether it is a denial, whether it is found, and how high the baseline is."""
    rng = np.random.default_rng(SEED)
    people = [(lines, said) for lines, said in profiles(data) if any(map(denied, lines))]
    evaluator = LogicalConsistency()
    wrong, found, overlap = [], [], []
    for number, (lines, said) in enumerate(people):
        own = str(rng.choice([line for line in lines if denied(line)]))
        others = people[(number + 137) % len(people)][0]
        other = str(rng.choice([line for line in others if denied(line)]))
        known = set(words(" ".join(said)))
        for line, is_own in ((own, True), (other, False)):
            for last, is_denied in ((denied(line) or "", True), (line, False)):
                score = judged(evaluator, [Segment(text=text) for text in (*said, last)])
                held = set(words(last))
                negated = not held.isdisjoint({"don't", "not", "can't"})
                wrong.append(is_own and is_denied)
                found.append(bool(score and any(mark.segment == len(said) for mark in score.marks)))
                overlap.append(negated * len(held & known) / len(held))
    return wrong, found, overlap


def names_swapped(talks: list[list[Session]]) -> list[tuple[list[Segment], list[Segment], tuple[str, str]]]:
    """Return sessions as they are, and with both names in each other's place in one turn; and the names."""
    rng = np.random.default_rng(SEED)
    pairs = []
    for session in (session for talk in talks for session in talk):
        a, b = session.people
        either = re.compile(rf"\b(?:{a[:3]}\w*|{b[:3]}\w*)\b")
        having = [at for at, turn in enumerate(session.turns) if either.search(turn.text)]
        if having:
            at = int(rng.choice(having))
            turn = session.turns[at]
            text = either.sub(lambda m, a=a, b=b: b if m[0].startswith(a[:3]) else a, turn.text)  # type: ignore[misc]
            spoilt = [*session.turns]
            spoilt[at] = Segment(text=text, author=turn.author)
            pairs.append((list(session.turns), spoilt, session.people))
    return pairs


def _share(question: str, found: Bools, bar: float | None = None, note: str = "") -> Result:
    interval = wilson_interval(float(found.sum()), found.size)
    low, high = (interval.low, interval.high) if interval else (None, None)
    value = float(found.mean()) * 100
    low, high = (None if edge is None else edge * 100 for edge in (low, high))
    note = f"{found.size} cases{'; ' if note else ''}{note}"
    return Result(question, value, "%", bar, "higher", low=low, high=high, note=note)


def _less(question: str, found: Sequence[bool], false: Sequence[bool], note: str) -> Result:
    value = float(np.mean(found)) - float(np.mean(false))
    note = f"{np.mean(found):.3f} found, {np.mean(false):.4f} false, {len(found)} cases; {note}"
    return Result(question, value, "", None, "higher", note=note)


def _order(data: Path, talks: list[list[Session]], embedder: Embedder | None) -> Iterator[Result]:
    sessions = [session for talk in talks for session in talk]
    order = order_for(None)
    swaps, places = placing(sessions, order, None)
    each = [placing(talk, order, None) for talk in talks]
    spread = "talks " + ", ".join(f"{a.mean() * 100:.1f}/{b.mean() * 100:.1f}" for a, b in each)
    turns = np.array([len(s.turns) for s in sessions])
    yield _share("swap of neighbours found, words alone", swaps, 80, f"{ANCHOR}; {spread}")
    chance = (turns / turns.sum()) @ (1 / turns) * 100
    of = f"of {turns.mean():.1f} on average, chance {chance:.1f}"
    yield _share("place of a turn found first, words alone", places, 50, of)
    swaps, places = placing(sessions, plain(order), None)
    yield _share("  baseline: rare words that neighbours share, swap", swaps)
    yield _share("  baseline: rare words that neighbours share, place", places)
    if embedder is not None:
        swaps, places = placing(sessions, order_for(embedder), embedder)
        yield _share("swap of neighbours found, with MiniLM", swaps, 80)
        yield _share("place of a turn found first, with MiniLM", places, 50)
    told_of = summaries(data)
    for name, prose, by in (("words alone", order, None), ("MiniLM", order_for(embedder), embedder)):
        swaps, places = placing(told_of, prose, by)
        yield _share(f"prose, {name}: swap of neighbours", swaps, note="sessions' summaries; prototype 60")
        yield _share(f"prose, {name}: place found first", places, note="prototype 25")
    alternate = [
        s.turns[i].author != s.turns[i + 1].author for s in sessions for i in range(len(s.turns) - 1)
    ]
    yield _share("with speakers (no part of a score): neighbours who differ", np.array(alternate))
    rng = np.random.default_rng(SEED)
    told: list[float] = []
    shuffled: list[float] = []
    for session in sessions:
        texts = [Segment(text=turn.text) for turn in session.turns]
        for segments, local in ((texts, told), ([texts[i] for i in rng.permutation(len(texts))], shuffled)):
            score = judged(LocalCoherence(), segments)
            assert score is not None
            local.append(score.value)
    yield Result("local coherence of sessions as told", float(np.median(told)), "", None, "higher",
                 low=float(np.quantile(told, 0.05)), high=float(np.quantile(told, 0.95)),
                 note=f"median; shuffled {np.median(shuffled):.3f}")  # fmt: skip
    named, worst = moved(sessions, GlobalCoherence(), order)
    yield _share("moved turn named first by global coherence", named, note="words alone")
    yield _share("  baseline: the turn that fits worst after those before it", worst)


def _consistency(data: Path, talks: list[list[Session]]) -> Iterator[Result]:
    said = [turn.text for talk in talks for session in talk for turn in session.turns]
    other = times(text for _, texts in profiles(data) for text in texts)
    told = times(said)
    baseline = tense_by_words(other)
    for name, found in (
        ("time turned round", _untimely),
        ("  baseline: the words of past and coming", baseline),
    ):
        yield _less(name, [found(b) for _, b in told], [found(a) for a, _ in told], "sentences of LoCoMo")
    wrong, found_, overlap = (np.array(column) for column in denials(data))
    note = "lines of profiles in persona chats"
    yield _less("own line denied", found_[wrong].tolist(), found_[~wrong].tolist(), note)
    level = np.sort(overlap[~wrong])[::-1][int(found_[~wrong].sum())]
    over = overlap > level
    yield _less(
        "  baseline: negated, by shared words",
        over[wrong].tolist(),
        over[~wrong].tolist(),
        "no more false than ours",
    )
    as_they_are = [
        _marked(LogicalConsistency(), [Segment(text=t) for t in said]) for _, said in profiles(data)
    ]
    yield _share("people called contradictory as they are", np.array(as_they_are), note="persona chats")
    pairs = names_swapped(talks)
    marked = [[_marked(CharacterConsistency(), session) for session in pair] for *pair, _ in pairs]
    yield _less("names swapped", [b for _, b in marked], [a for a, _ in marked], "sessions of LoCoMo")
    plainly = [[_says_both(session, people) for session in pair] for *pair, people in pairs]
    note = "an author who says both names"
    yield _less("  baseline: both names", [b for _, b in plainly], [a for a, _ in plainly], note)


def _says_both(session: Sequence[Segment], people: tuple[str, str]) -> bool:
    said = {(turn.author, name) for turn in session for name in people if name[:3] in turn.text}
    return any(all((author, name) in said for name in people) for author in people)


def _untimely(sentence: str) -> bool:
    return _marked(TemporalConsistency(), [Segment(text=sentence)])


def _marked(evaluator: Evaluator, segments: Sequence[Segment]) -> bool:
    score = judged(evaluator, segments)
    return bool(score and score.marks)


def _cost(talks: list[list[Session]]) -> Iterator[Result]:
    sessions = [session for talk in talks[:2] for session in talk]
    count = sum(1 for s in sessions for turn in s.turns for _ in sentences(turn.text))
    for evaluator in (
        LocalCoherence(),
        GlobalCoherence(),
        TemporalConsistency(),
        LogicalConsistency(),
        CharacterConsistency(),
    ):
        best = math.inf
        for _ in range(3):
            start = time.process_time()
            for session in sessions:
                judged(evaluator, session.turns)
            best = min(best, time.process_time() - start)
        yield Result(
            f"cost of {evaluator.name}", best / count * 1e6, "us a sentence", 100, "lower", note="aim 100"
        )


def run(data: Path | None) -> list[Result]:
    """Measure on the talks of a data folder; nothing where it has none."""
    talks = locomo(data) if data is not None else []
    if data is None or not talks:
        return []
    embedder: Embedder | None = None
    try:
        embedder = Memo(MiniLm(BareHost()))
    except HomeostatError:  # not built on this machine: words alone are measured
        embedder = None
    found = [*_order(data, talks, embedder), *_cost(talks)]
    if (data / "persona").is_dir():
        found += _consistency(data, talks)
    return found
