"""Do evaluators of emotion and the senses tell what they claim, better than something plain? At what cost?"""

import csv
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.companion_authors import area
from benchmarks.companion_mirror import texts
from benchmarks.made_pictures import SPOILT_PICTURES, SPOILT_SOUNDS, picture, png, sound, wav
from benchmarks.made_scenes import LIGHT, LOUDNESS, levels, nightmares, scenes
from benchmarks.result import Result
from homeostat.evaluate.emotion.affect import affect_of, counted, signs_of
from homeostat.evaluate.emotion.distress import BOUND, DistressWatch, DistressWithinBound
from homeostat.evaluate.emotion.dread import Dread
from homeostat.evaluate.emotion.match import EmotionMatch
from homeostat.evaluate.emotion.transitions import Transitions
from homeostat.evaluate.evaluator import Evaluator, judged
from homeostat.evaluate.function_words import FORMS, FUNCTION_WORDS
from homeostat.evaluate.passage import Context, Segment, Source
from homeostat.evaluate.senses.agreement import Agreement, level_of
from homeostat.evaluate.senses.picture import judged_picture
from homeostat.evaluate.senses.sound import judged_sound
from homeostat.evaluate.senses.vividness import SENSES_OF, Vividness
from homeostat.runtime.embed.built import MINILM, default_folder, status
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.testing.bare_host import BareHost

Floats = NDArray[np.float64]
Rated = Callable[[str], float]
Turn = dict[str, Any]
Talk = dict[str, Any]

SHUFFLES = 10
OTHERS = 20
"""Other notes of its talk that a note is held against."""

MADE = 60
"""Pictures and sounds that are made."""

_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_SIGN = re.compile(r"(?<!\w)[:;=8]['-]?[)(DPp3*/\\|](?!\w)")
_SESSION = re.compile(r"session_\d+")
_WORDS_OF_SOUND = frozenset("sound sounds ear ears loud noise quiet music voice".split())  # noqa: SIM905
_WORDS_OF_SIGHT = frozenset("sight eye eyes look looks looking view picture light dark".split())  # noqa: SIM905
_HEARING = frozenset("hear heard hearing hears listen listens listened listening".split())  # noqa: SIM905
_SEEING = frozenset("see saw seen seeing watch watched watching watches".split())  # noqa: SIM905


def plain_valence(text: str) -> float:
    """Return glad less troubled words, which is all that the plain way knows."""
    glad, troubled = counted(Counter(_WORD.findall(text.lower())))
    return float(glad - troubled)


def plain_share(text: str) -> float:
    """Return glad less troubled words, as a share of all."""
    return plain_valence(text) / max(len(_WORD.findall(text)), 1)


def valence(text: str) -> float:
    """Return the valence of a text."""
    return affect_of(text).valence


def told_apart(rated: Rated, high: Sequence[str], low: Sequence[str]) -> float:
    """Return the area under the ROC curve of a rating."""
    return area(np.array([rated(text) for text in high]), np.array([rated(text) for text in low]))


def against(name: str, found: float, plain: float, note: str) -> Result:
    """Return a figure whose bar is the plain way's."""
    return Result(name, found, "", plain, "higher", note=f"bar: {note}, {plain:.3f}")


def hatecheck(data: Path) -> Iterator[Result]:
    """Sentences that are kind or hateful, denied or not, and threats."""
    with (data / "safety" / "hatecheck_half.csv").open(encoding="utf-8", newline="") as rows:
        cases = [(row["functionality"], row["test_case"]) for row in csv.DictReader(rows)]
    of = {
        kind: [text for functionality, text in cases if functionality in kind.split()]
        for kind in (
            "ident_pos_nh",
            "negate_pos_h",
            "negate_neg_nh",
            "derog_neg_emote_h derog_neg_attrib_h",
            "ident_pos_nh negate_neg_nh",
            "negate_pos_h derog_neg_emote_h derog_neg_attrib_h",
            "threat_dir_h threat_norm_h",
        )
    }
    for name, high, low in (
        ("kind from hateful sentences", "ident_pos_nh", "derog_neg_emote_h derog_neg_attrib_h"),
        ("hate that is denied from hate", "negate_neg_nh", "derog_neg_emote_h derog_neg_attrib_h"),
        ("kindness from kindness that is denied", "ident_pos_nh", "negate_pos_h"),
        (
            "all of these",
            "ident_pos_nh negate_neg_nh",
            "negate_pos_h derog_neg_emote_h derog_neg_attrib_h",
        ),
    ):
        found, plain = (told_apart(rated, of[high], of[low]) for rated in (valence, plain_valence))
        note = f"HateCheck, {len(of[high]) + len(of[low])} cases; the same words counted, denied or not"
        yield against(f"valence tells {name}, area under the curve", found, plain, note)
    threats = of["threat_dir_h threat_norm_h"]
    others = [text for functionality, text in cases if not functionality.startswith("threat")]
    plain = told_apart(lambda text: -plain_share(text), threats, others)
    note = f"HateCheck, {len(cases)} cases; share of troubled less glad words"
    for by, rated in distresses():
        found = told_apart(rated, threats, others)
        question = f"emotion.distress_within_bound by {by}: threats from all else, area under the curve"
        yield against(question, found, plain, note)


def distresses() -> Iterator[tuple[str, Rated]]:
    """Give distress by words alone, and by meaning where MiniLM is built."""
    yield "words alone", lambda text: affect_of(text).distress
    if not status(default_folder(), MINILM).fault:
        watch = DistressWatch(dread=Dread(MiniLm(BareHost())))
        yield "meaning", lambda text: watch.distress_of(text, affect_of(text))


def dreams() -> Iterator[Result]:
    """Scenes of our own that nobody should dream, and others; by meaning where MiniLM is built."""
    bad, other = nightmares()
    plain = told_apart(lambda text: -plain_valence(text), bad, other)
    for name, rated in distresses():
        over = [sum(rated(text) > BOUND.intensity_max for text in some) for some in (bad, other)]
        note = (
            f"{over[0]} of {len(bad)} nightmares over the bound, {over[1]} of {len(other)} others; "
            "troubled less glad words"
        )
        question = f"distress by {name} tells nightmares, area under the curve"
        yield against(question, told_apart(rated, bad, other), plain, note)


def emoticons(data: Path) -> Iterator[Result]:
    """Lines of the channel with an emoticon, which is hidden."""
    glad: list[str] = []
    sad: list[str] = []
    for text in texts(data / "irc"):
        signs = signs_of(text)
        if bool(signs[0]) != bool(signs[1]):
            (glad if signs[0] else sad).append(_SIGN.sub(" ", text))
    found, plain = (told_apart(rated, glad, sad) for rated in (valence, plain_valence))
    note = f"IRC, {len(glad)} glad, {len(sad)} sad; the same words counted, denied or not"
    yield against("valence tells the hidden emoticon, area under the curve", found, plain, note)


def talks(data: Path) -> list[Talk]:
    """Return LoCoMo's talks as they are written."""
    found: list[Talk] = json.loads((data / "locomo" / "locomo_first5.json").read_text("utf-8"))
    return found


def notes(talk: Talk) -> Iterator[tuple[str, list[str]]]:
    """Give what annotators noted, and the ids of the turns that they name for it."""
    ids = {turn["dia_id"] for turns in sessions(talk) for turn in turns}
    for by_speaker in talk["observation"].values():
        for noted in by_speaker.values():
            for text, evidence in noted:
                named = [id for id in ([evidence] if isinstance(evidence, str) else evidence) if id in ids]
                if named:
                    yield text, named


def sessions(talk: Talk) -> Iterator[list[Turn]]:
    """Give the turns of each session."""
    for name, turns in talk["conversation"].items():
        if _SESSION.fullmatch(name):
            yield turns


def course(data: Path) -> Iterator[Result]:
    """Sessions in their own order and shuffled; notes and the turns that they rest on."""
    rng = np.random.default_rng(1)
    found, plain = [], []
    for talk in talks(data):
        for turns in sessions(talk):
            if len(turns) <= 5:
                continue
            segments = [Segment(text=turn["text"]) for turn in turns]
            counts = np.array([plain_valence(turn["text"]) for turn in turns])
            own, own_plain = _smooth(segments), -np.abs(np.diff(counts)).mean()
            for _ in range(SHUFFLES):
                order = rng.permutation(len(segments))
                found.append(_wins(own, _smooth([segments[at] for at in order])))
                plain.append(_wins(own_plain, -np.abs(np.diff(counts[order])).mean()))
    note = f"LoCoMo, {len(found)} shuffled orders; the same words counted, denied or not"
    yield against(
        "emotion.transitions: a session's own order scores higher than a shuffled one",
        float(np.mean(found)), float(np.mean(plain)), note,
    )  # fmt: skip


def resonance(data: Path) -> Iterator[Result]:
    """Notes with the turns that they rest on, and with those of other notes of the talk."""
    rng = np.random.default_rng(1)
    evaluator = EmotionMatch()
    wins: list[tuple[float, float]] = []
    for talk in talks(data):
        said = {turn["dia_id"]: turn["text"] for turns in sessions(talk) for turn in turns}
        pairs = [(text, "\n".join(said[id] for id in ids)) for text, ids in notes(talk)]
        for text, own in pairs:
            matched = _match(evaluator, text, own)
            found = []
            for at in rng.integers(0, len(pairs), OTHERS):
                other = pairs[at][1]
                unlike = _match(evaluator, text, other)
                if matched is not None and unlike is not None and other != own:
                    found.append((_wins(matched, unlike), _wins(_near(text, own), _near(text, other))))
            if found:
                wins.append(tuple(np.mean(found, axis=0)))
    ours, plain = np.mean(wins, axis=0)
    lead = np.subtract(*np.array(wins).T)
    means = [lead[rng.integers(0, len(lead), len(lead))].mean() for _ in range(1_000)]
    low, high = np.percentile(means, (2.5, 97.5))
    note = (
        f"LoCoMo, {len(wins)} notes; difference of the shares of glad less troubled words. "
        f"It leads by {low:.3f} to {high:.3f}"
    )
    yield against(
        "emotion.match: a note's own turns match more than those of another note",
        float(ours),
        float(plain),
        note,
    )


def _match(evaluator: Evaluator, text: str, known: str) -> float | None:
    context = Context(sources=(Source(id="known", text=known),))
    score = judged(evaluator, [Segment(text=text, sources=("known",))], context)
    return score.value if score else None


def _near(text: str, known: str) -> float:
    return -abs(plain_share(text) - plain_share(known))


def _smooth(segments: Sequence[Segment]) -> float:
    score = judged(Transitions(), segments)
    return score.value if score else 0.0


def _wins(own: float, other: float) -> float:
    return 1.0 if own > other else 0.5 if own == other else 0.0


def hidden_verbs(data: Path) -> Iterator[Result]:
    """Lines with a verb of hearing or of seeing, which is hidden."""
    said = [turn["text"] for talk in talks(data) for turns in sessions(talk) for turn in turns]
    with (data / "persona" / "synthetic_persona_chat_valid.csv").open(encoding="utf-8", newline="") as rows:
        for row in csv.DictReader(rows):
            said += [line[8:] for line in row["Best Generated Conversation"].splitlines()]
            said += f"{row['user 1 personas']}\n{row['user 2 personas']}".splitlines()
    heard: list[str] = []
    seen: list[str] = []
    for text in sorted(set(said)):
        for sentence in re.split(r"(?<=[.!?])\s+", text):
            words = _WORD.findall(sentence.lower())
            hears, sees = not _HEARING.isdisjoint(words), not _SEEING.isdisjoint(words)
            if len(words) >= 4 and hears != sees:
                rest = " ".join(word for word in words if word not in _HEARING and word not in _SEEING)
                (heard if hears else seen).append(rest)

    def by_sense(text: str) -> float:
        senses = [SENSES_OF.get(word, ()) for word in text.split()]
        return float(sum(("sound" in of) - ("sight" in of) for of in senses))

    def by_name(text: str) -> float:
        words = text.split()
        return float(sum((word in _WORDS_OF_SOUND) - (word in _WORDS_OF_SIGHT) for word in words))

    found, plain = told_apart(by_sense, heard, seen), told_apart(by_name, heard, seen)
    note = f"{len(heard)} lines of hearing, {len(seen)} of seeing; nineteen plain words for both"
    yield against(
        "senses.vividness: words tell a hidden verb's sense, area under the curve", found, plain, note
    )


def value_of(evaluator: Evaluator, text: str, context: Context | None = None) -> float:
    """Return an evaluator's value for one piece of text."""
    score = judged(evaluator, [Segment(text=text)], context)
    return score.value if score else 0.5


def own_scenes() -> Iterator[Result]:
    """Scenes of our own, told twice."""
    plain, vivid = ([scene[at] for scene in scenes()] for at in (0, 1))
    common = FUNCTION_WORDS | frozenset(FORMS)

    def content(text: str) -> float:
        words = _WORD.findall(text.lower())
        return sum(word not in common for word in words) / len(words)

    found = told_apart(lambda text: value_of(Vividness(), str(text)), vivid, plain)  # type: ignore[arg-type]
    bar = told_apart(content, vivid, plain)  # type: ignore[arg-type]
    note = f"{len(plain)} scenes of our own, told twice; share of words that are no function words"
    yield against("vividness tells vivid from plain, area under the curve", found, bar, note)


def _laplacian(image: Image.Image) -> float:
    grey = np.asarray(image.convert("L"), dtype=np.float64)
    inner = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    return float(inner.var())


def _level(samples: Floats) -> float:
    return -abs(10 * float(np.log10(np.mean(np.clip(samples, -1, 1) ** 2))) + 20)


def made() -> Iterator[Result]:
    """Pictures and sounds that are made, whole and spoilt."""
    rng = random.Random(1)
    images = [picture(seed) for seed in range(MADE)]
    spoilt = [spoil(image, rng.random()) for spoil in SPOILT_PICTURES.values() for image in images]
    whole, worse = ([judged_picture(png(image)).value for image in some] for some in (images, spoilt))
    found = area(np.array(whole), np.array(worse))
    plain = area(np.array([_laplacian(i) for i in images]), np.array([_laplacian(i) for i in spoilt]))
    note = f"{MADE} made pictures, {len(spoilt)} spoilt; variance of the Laplacian"
    yield against("senses.picture: whole from spoilt, area under the curve", found, plain, note)
    waves = [sound(seed) for seed in range(MADE)]
    harmed = [spoil(one, rng.random()) for spoil in SPOILT_SOUNDS.values() for one in waves]
    whole, worse = ([judged_sound(wav(one)).value for one in some] for some in (waves, harmed))
    found = area(np.array(whole), np.array(worse))
    plain = area(np.array([_level(w) for w in waves]), np.array([_level(w) for w in harmed]))
    note = f"{MADE} made sounds, {len(harmed)} spoilt; how far the level is from -20 dBFS"
    yield against("senses.sound: whole from spoilt, area under the curve", found, plain, note)
    yield agreeing(images, waves, rng)


def agreeing(images: Sequence[Image.Image], waves: Sequence[Floats], rng: random.Random) -> Result:
    """Sentences on light and loudness, each beside pictures or sounds that are so, and that are not."""

    def shown(of: str, much: bool) -> Context:
        if of == "light":
            times = rng.uniform(1.0, 1.5) if much else rng.uniform(0.1, 0.4)
            image = rng.choice(images).point(lambda value: min(255, value * times))
            return Context(picture=png(image))
        times = rng.uniform(1.0, 2.0) if much else rng.uniform(0.005, 0.05)
        return Context(sound=wav(rng.choice(waves) * times))

    right: dict[str, list[float]] = {"ours": [], "plain": []}
    wrong: dict[str, list[float]] = {"ours": [], "plain": []}
    for of, rows in (("light", levels(LIGHT)), ("loudness", levels(LOUDNESS))):
        for text, much in rows:
            bare = " ".join(word for word in _WORD.findall(text) if level_of(word, of))
            for agrees, into in ((True, right), (False, wrong)):
                beside = shown(of, much is agrees)
                for name, words in (("ours", text), ("plain", bare)):
                    into[name].append(value_of(Agreement(), words, beside))
    found, plain = (area(np.array(right[name]), np.array(wrong[name])) for name in ("ours", "plain"))
    note = (
        f"{len(right['ours'])} sentences of our own beside made pictures and sounds; the words without denial"
    )
    return against(
        "senses.agreement: as the text says from the contrary, area under the curve", found, plain, note
    )


def cost(data: Path) -> Iterator[Result]:
    """Processor time a sentence of LoCoMo."""
    said = [turn["text"] for talk in talks(data) for turns in sessions(talk) for turn in turns]
    segments = [Segment(text=part) for text in said for part in re.split(r"(?<=[.!?])\s+", text)]
    words = sum(len(segment.text.split()) for segment in segments) / len(segments)
    for evaluator in (Transitions(), DistressWithinBound(), Vividness()):
        best = min(_spent_us(evaluator, segments) for _ in range(5))
        note = f"LoCoMo, {words:.0f} words a sentence; processor time, the least of five"
        yield Result(f"{evaluator.name}, a sentence", best, "us", 50.0, "lower", note=note)


def _spent_us(evaluator: Evaluator, segments: Sequence[Segment]) -> float:
    begin = time.process_time()
    judged(evaluator, segments)
    return 1e6 * (time.process_time() - begin) / len(segments)


def run(data: Path | None) -> list[Result]:
    """Measure what there is data for; pictures, sounds and scenes are made."""
    results = [*own_scenes(), *dreams(), *made()]
    if data is None:
        return results
    if (data / "safety").is_dir():
        results += hatecheck(data)
    if (data / "irc").is_dir():
        results += emoticons(data)
    if (data / "locomo").is_dir():
        results += [*course(data), *resonance(data), *cost(data)]
        if (data / "persona").is_dir():
            results += hidden_verbs(data)
    return results
