"""Do the evaluators of what is personal tell what they claim, better than something plain? At what cost?"""

import csv
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.companion_authors import area
from benchmarks.evaluate_senses import Talk, against, notes, sessions, talks
from benchmarks.result import Result
from homeostat.evaluate.emotion.match import EmotionMatch
from homeostat.evaluate.evaluator import Evaluator, judged
from homeostat.evaluate.function_words import FORMS, FUNCTION_WORDS
from homeostat.evaluate.passage import Context, Segment, Source
from homeostat.evaluate.personal.adaptation import Adaptation
from homeostat.evaluate.personal.faithfulness import TRACED, Faithfulness, Known
from homeostat.evaluate.personal.fit import PreferenceFit
from homeostat.evaluate.personal.preferences import Preferences

Person = tuple[tuple[str, ...], list[str]]
"""A persona, and what they say."""

PEOPLE = 400
HISTORIES = 800
LINES = 300
DAY_US = 86_400_000_000

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"\d+")
_VERB = re.compile(r"\b(?:is|was|has|are|can|will)\b")
_COMMON = FUNCTION_WORDS | frozenset(FORMS)


@dataclass(frozen=True, slots=True)
class Case:
    """A claim of a talk with the sources that it names: true, or how it was made false."""

    kind: str
    talk: int
    claim: str
    ids: tuple[str, ...]


def sources_of(talk: Talk) -> tuple[Source, ...]:
    """Return the turns of a talk, with the caption of a picture behind the words."""
    return tuple(
        Source(id=t["dia_id"], author=t["speaker"], text=f"{t['text']} {t.get('blip_caption', '')}".strip())
        for turns in sessions(talk)
        for t in turns
    )


def cases(all_talks: Sequence[Talk], rng: random.Random) -> Iterator[Case]:
    """Give each note as it is, with other turns, and altered."""
    for at, talk in enumerate(all_talks):
        known = sources_of(talk)
        author = {source.id: source.author for source in known}
        first, second = talk["conversation"]["speaker_a"], talk["conversation"]["speaker_b"]
        noted = [(text, tuple(ids)) for text, ids in notes(talk)]
        content = [w for text, _ in noted for w in _WORD.findall(text) if w.lower() not in _COMMON]
        small = [word for word in content if word[0].islower()]
        for text, ids in noted:
            yield Case("true", at, text, ids)
            others = [s.id for s in known if s.author == author[ids[0]] and s.id not in ids]
            yield Case("another turn", at, text, (rng.choice(others),))
            if (first in text) != (second in text):
                swapped = text.replace(first, second) if first in text else text.replace(second, first)
                yield Case("another name", at, swapped, ids)
            own = [w for w in _WORD.findall(text) if w.lower() not in _COMMON and w not in (first, second)]
            if own:
                altered = re.sub(rf"\b{re.escape(rng.choice(own))}\b", rng.choice(small), text, count=1)
                yield Case("another word", at, altered, ids)
            if _NUMBER.search(text):
                yield Case(
                    "another number", at, _NUMBER.sub(lambda m: str(int(m[0]) + 1), text, count=1), ids
                )
            verb = _VERB.search(text)
            if verb:
                yield Case("denied", at, f"{text[: verb.end()]} not{text[verb.end() :]}", ids)


def faithfulness(all_talks: Sequence[Talk]) -> Iterator[Result]:
    """Notes that are true, against those with other turns or altered facts."""
    known = [Known(sources_of(talk)) for talk in all_talks]
    words = [
        {source.id: frozenset(_WORD.findall(source.text.lower())) for source in sources_of(talk)}
        for talk in all_talks
    ]

    def support(case: Case) -> float:
        found = known[case.talk].support(case.claim, case.ids)
        return found.value if found else 0.0

    def overlap(case: Case) -> float:
        said = frozenset(_WORD.findall(case.claim.lower()))
        there = frozenset[str]().union(*(words[case.talk][id] for id in case.ids))
        return len(said & there) / len(said)

    made = list(cases(all_talks, random.Random(0)))
    kinds = list(dict.fromkeys(case.kind for case in made if case.kind != "true"))
    true = [case for case in made if case.kind == "true"]

    def told(rated: Callable[[Case], float], false: Sequence[Case]) -> float:
        return area(np.array([rated(case) for case in true]), np.array([rated(case) for case in false]))

    false = [case for case in made if case.kind != "true"]
    note = f"LoCoMo, {len(true)} notes, {len(false)} made false; share of the claim's words in the source"
    name = "personal.faithfulness: true from false claims, area under the curve"
    yield against(name, told(support, false), told(overlap, false), note)
    for kind in kinds:
        some = [case for case in false if case.kind == kind]
        rejected = float(np.mean([support(case) < TRACED for case in some]))
        note = f"{len(some)} claims, of which {rejected:.0%} are not traced; plain overlap"
        yield against(
            f"faithfulness, {kind}, area under the curve", told(support, some), told(overlap, some), note
        )
    traced = float(np.mean([support(case) >= TRACED for case in true]))
    yield Result("faithfulness, true claims that are traced", 100 * traced, "%", None, "higher")
    yield from sought(known, all_talks, true)


def sought(known: Sequence[Known], all_talks: Sequence[Talk], true: Sequence[Case]) -> Iterator[Result]:
    """Claims that name no source, in their own talk and in another with its names."""
    own: list[float] = []
    foreign: list[float] = []
    for case in true:
        other = (case.talk + 1) % len(all_talks)
        text = case.claim
        for speaker in ("speaker_a", "speaker_b"):
            names = (all_talks[at]["conversation"][speaker] for at in (case.talk, other))
            text = text.replace(*names)
        for at, claim, into in ((case.talk, case.claim, own), (other, text, foreign)):
            found = known[at].support(claim)
            into.append(found.value if found else 0.0)
    note = (
        f"LoCoMo: {np.mean(np.array(own) >= TRACED):.0%} of true claims traced, and "
        f"{np.mean(np.array(foreign) >= TRACED):.0%} of another talk's"
    )
    yield Result(
        "faithfulness, no source named, own from another talk's, area under the curve",
        area(np.array(own), np.array(foreign)), "", None, "higher", note=note,
    )  # fmt: skip


def people(data: Path) -> list[Person]:
    """Return personas and what these people say."""
    found = []
    with (data / "persona" / "synthetic_persona_chat_valid.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            persona = tuple(line for line in row["user 1 personas"].splitlines() if line.strip())
            said = [line[8:] for line in row["Best Generated Conversation"].splitlines()
                    if line.startswith("User 1: ")]  # fmt: skip
            if len(said) >= 3:
                found.append((persona, said))
    return found[:PEOPLE]


def _in_common(persona: Sequence[str], said: Sequence[str]) -> float:
    one, other = (frozenset(_WORD.findall(" ".join(lines).lower())) for lines in (persona, said))
    return len(one & other) / len(one | other)


def fit(everybody: Sequence[Person]) -> Iterator[Result]:
    """What somebody says against what another says, by the personas of both."""
    rng = random.Random(1)
    evaluator = PreferenceFit()
    values: tuple[list[float], list[float]] = ([], [])
    plain: tuple[list[float], list[float]] = ([], [])
    for persona, own in everybody:
        others, theirs = rng.choice([one for one in everybody if one[0] != persona])
        context = Context(likes=persona, dislikes=others)
        for at, lines in enumerate((own, theirs)):
            score = judged(evaluator, [Segment(text=line) for line in lines], context)
            values[at].append(score.value if score else 0.5)
            plain[at].append(_in_common(persona, lines) - _in_common(others, lines))
    found, bar = (area(np.array(of[0]), np.array(of[1])) for of in (values, plain))
    note = f"Synthetic-Persona-Chat, {len(everybody)} people; words in common with either persona (Jaccard)"
    yield against("personal.fit: own lines from another's, area under the curve", found, bar, note)


def adaptation(everybody: Sequence[Person]) -> Iterator[Result]:
    """Histories with ever more of a person's own lines, and others with half of them at any time."""
    rng = random.Random(3)
    evaluator = Adaptation()
    values: tuple[list[float], list[float]] = ([], [])
    halves: tuple[list[float], list[float]] = ([], [])
    for number in range(2 * HISTORIES):
        rises = number % 2 == 0
        persona, own = rng.choice(everybody)
        _, theirs = rng.choice(everybody)
        shares = np.linspace(0.15, 0.85, LINES) if rises else np.full(LINES, 0.5)
        history = [
            Segment(text=rng.choice(own if rng.random() < share else theirs), at_us=day * DAY_US)
            for day, share in enumerate(shares)
        ]
        score = judged(evaluator, history, Context(likes=persona))
        preferences = Preferences(persona, (), {})
        liked = {line: preferences.touched(line).liked for line in (*own, *theirs)}
        touched = np.array([liked[segment.text] for segment in history])
        values[not rises].append(score.value if score else 0.5)
        halves[not rises].append(float(touched[LINES // 2 :].mean() - touched[: LINES // 2].mean()))
    found, bar = (area(np.array(of[0]), np.array(of[1])) for of in (values, halves))
    alarms = float(np.mean(np.array(values[1]) > 0.975))
    note = (
        f"made of Synthetic-Persona-Chat, {2 * HISTORIES} histories of {LINES} lines; a rise is told in "
        f"{alarms:.1%} of the steady ones, 2.5% by right; second half less first"
    )
    yield against("personal.adaptation: rising from steady, area under the curve", found, bar, note)


def cost(all_talks: Sequence[Talk], everybody: Sequence[Person]) -> Iterator[Result]:
    """Processor time a sentence: notes beside their talk, lines beside a persona."""
    talk = all_talks[0]
    context = Context(sources=sources_of(talk))
    named = [Segment(text=text, sources=tuple(ids)) for text, ids in notes(talk)]
    bare = [Segment(text=segment.text) for segment in named]
    note = f"LoCoMo, {len(context.sources)} sources; processor time, the least of five"
    begin = min(_spent_us(lambda: Known(context.sources)) for _ in range(5)) / len(context.sources)
    yield Result("personal.faithfulness, to read a source", begin, "us", None, "lower", note=note)
    for name, evaluator, segments, within in (
        ("personal.faithfulness, a sentence that names its sources", Faithfulness(), named, context),
        ("personal.faithfulness, a sentence that names none", Faithfulness(), bare, context),
        ("emotion.match, a sentence with its source", EmotionMatch(), named, context),
        (
            "personal.fit, a sentence",
            PreferenceFit(),
            [Segment(text=line) for _, said in everybody[:60] for line in said],
            Context(likes=tuple(line for persona, _ in everybody[:20] for line in persona)),
        ),
    ):
        best = min(_judging_us(evaluator, segments, within) for _ in range(5)) / len(segments)
        yield Result(name, best, "us", 50.0, "lower", note=note if within is context else "100 likes")


def _judging_us(evaluator: Evaluator, segments: Sequence[Segment], context: Context) -> float:
    judging = evaluator.begin(context)

    def read() -> None:
        for segment in segments:
            judging.add(segment)

    return _spent_us(read)


def _spent_us(call: Callable[[], object]) -> float:
    begin = time.process_time()
    call()
    return 1e6 * (time.process_time() - begin)


def run(data: Path | None) -> list[Result]:
    """Measure what there is data for."""
    if data is None or not (data / "locomo").is_dir() or not (data / "persona").is_dir():
        return []
    all_talks, everybody = talks(data), people(data)
    return [*faithfulness(all_talks), *fit(everybody), *adaptation(everybody), *cost(all_talks, everybody)]
