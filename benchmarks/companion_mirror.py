"""What does the mirror cost, and does it know what people choose? Learning, notes, decisions, affect."""

import random
import re
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from benchmarks.companion_authors import area
from benchmarks.result import Result
from homeostat.companion.message import Message
from homeostat.companion.mirror.decisions.decisions import Context, Decisions
from homeostat.companion.mirror.learned import Learned, encode
from homeostat.companion.mirror.voice.grams import code_points, grams
from homeostat.companion.mirror.voice.plain import WORD, plain
from homeostat.companion.mirror.voice.voice import count
from homeostat.evaluate.emotion import affect

MESSAGES = 10_000
REPEATS = 7
CHOICES = 800
PEOPLE = range(100, 120)
"""Seeds of the made-up people that figures are of; the tree's constants were chosen on seeds 0 to 9."""

_SAID = re.compile(r"^\[\d\d:\d\d\] <([^>]+)> (.*)$")
_SIGN = re.compile(r"(?<!\w)[:;=8]['-]?[)(DPp3*/\\|](?!\w)")


def texts(folder: Path) -> list[str]:
    """Return real messages, in the order of the logs."""
    found: list[str] = []
    for path in sorted(folder.glob("*.txt")):
        rows = (_SAID.match(line) for line in path.read_text("utf-8", "replace").splitlines())
        found.extend(row[2] for row in rows if row is not None and not row[1].lower().startswith("ubot"))
    return found


def cpu_ms(call: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the median processor time of a call, in ms."""
    spent = []
    for _ in range(repeats):
        begin = time.process_time()
        call()
        spent.append(1_000 * (time.process_time() - begin))
    return statistics.median(spent)


def cost(said: list[str]) -> Iterator[Result]:
    """Measure counting and learning of real messages."""
    many = said[:MESSAGES]
    ms = cpu_ms(lambda: grams(*code_points(many)))
    mean = sum(map(len, many)) / len(many)
    note = f"IRC, {mean:.0f} characters a message, characters 2 to 5; processor time"
    yield Result(f"n-grams of {len(many):,} messages", ms, "ms", 60.0, "lower", note=note)
    one = [next(text for text in many if 55 <= len(text) <= 65)]

    def alone() -> None:
        for _ in range(1_000):
            grams(*code_points(one))

    yield Result("n-grams of one more message of 60 characters", cpu_ms(alone), "us", 20.0, "lower")
    whole_us = cpu_ms(lambda: count(plain(many))) * 1_000 / len(many)
    yield Result(
        "the whole voice, a message among many", whole_us, "us", 12.0, "lower", note="processor time"
    )
    messages = [
        Message(id=str(at), text=text, at_us=at * 60_000_000, seq=at + 1) for at, text in enumerate(many)
    ]
    learned = Learned()
    begin = time.process_time()
    for at in range(0, len(messages), 200):
        learned.learn(messages[at : at + 200])
    spent_us = 1e6 * (time.process_time() - begin) / len(messages)
    yield Result(
        "learning in batches of 200, with rhythm and drift, a message", spent_us, "us", None, "lower"
    )
    size_kb = len(encode(learned)) / 1_000
    yield Result(f"the note of {len(many):,} messages", size_kb, "KB", 100.0, "lower", note="not encrypted")


def choices(seed: int, *, turning: bool) -> Iterator[tuple[Context, str]]:
    """Give the choices of somebody made up, a tenth at random; the rule turns three times or never."""
    rng = random.Random(seed)
    for at in range(CHOICES):
        context: dict[str, str | float | bool] = {
            "who": rng.choice(["ann", "bob", "work"]),
            "hungry": rng.random() < 0.5,
            "cost": float(rng.choice([5, 20, 80])),
            "rain": rng.random() < 0.3,
            "noise": rng.choice("abcd"),
        }
        if turning and (4 * at // CHOICES) % 2:
            choice = "walk" if context["rain"] else ("stay" if context["who"] == "work" else "pizza")
        else:
            hungry = context["hungry"] and context["cost"] != 80.0
            choice = "stay" if context["rain"] else ("pizza" if hungry else "walk")
        yield context, rng.choice(["stay", "pizza", "walk"]) if rng.random() < 0.1 else choice


def decisions(*, turning: bool) -> list[Result]:
    """Measure the tree test-then-learn on made-up people."""
    right, sure, claimed, usual = [], [], [], []
    for seed in PEOPLE:
        held, seen = Decisions(), dict[str, int]()
        for at, (context, choice) in enumerate(choices(seed, turning=turning)):
            if at > 20:
                found = held.foretell(context, at * 25_200_000_000)
                right.append(next(iter(found.probabilities)) == choice)
                sure.append(found.probability)
                claimed.append(found.choice is not None)
                usual.append(max(seen, key=lambda one: seen[one]) == choice)
            held.learn(context, choice, at * 25_200_000_000)
            seen[choice] = seen.get(choice, 0) + 1
    hits, p, said = np.array(right), np.array(sure), np.array(claimed)
    cells = np.minimum((p * 10).astype(int), 9)
    error = float(sum(abs((hits - p)[cells == cell].sum()) for cell in range(10)) / len(p))
    kind = "turning three times" if turning else "steady"
    note = (
        f"simulated: {len(PEOPLE)} people, {CHOICES} choices, 93% can be known; the commonest choice "
        f"{np.mean(usual):.1%}; claims {said.mean():.0%}, of which right {hits[said].mean():.1%}"
    )
    name = f"decisions, a rule {kind}, right test-then-learn"
    return [
        Result(name, 100 * float(hits.mean()), "%", None, "higher", note=note),
        Result(f"decisions, a rule {kind}, calibration error", error, "", 0.05, "lower"),
    ]


def emoticons(said: list[str]) -> Iterator[Result]:
    """Measure affect against the emoticons that people put themselves, which it is not shown."""
    glad: list[float] = []
    sad: list[float] = []
    for text in said:
        signs = affect.signs_of(text)
        if bool(signs[0]) == bool(signs[1]):
            continue
        glad_words, troubled_words = affect.counted(Counter(WORD.findall(_SIGN.sub(" ", text).lower())))
        (glad if signs[0] else sad).append(float(glad_words - troubled_words))
    if glad and sad:
        note = f"IRC: {len(glad)} messages with a glad emoticon, {len(sad)} with a sad one, which are hidden"
        found = area(np.array(glad), np.array(sad))
        yield Result(
            "affect: words tell the emoticon, area under the curve", found, "", None, "higher", note=note
        )


def run(data: Path | None) -> list[Result]:
    """Measure what there is data for; decisions are simulated."""
    results = [*decisions(turning=False), *decisions(turning=True)]
    folder = data / "irc" if data else Path("/nonexistent")
    if folder.is_dir():
        said = texts(folder)
        results += [*cost(said), *emoticons(said)]
    return results
