"""Does the guard find harm, leave the rest alone, and cost little? Words and meaning, triggers, crises.

No row of HateCheck was learned from. Its non-hateful cases hold insults of single people and profanity, which
the guard finds too: the area is given for the category of hate, and for the worst severity of all.
"""

import csv
import json
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.companion_authors import area
from benchmarks.evaluate_guard_fit import SAID, SENTENCE
from benchmarks.evaluate_guard_paraphrases import PARAPHRASES
from benchmarks.result import Result
from benchmarks.timing import side_by_side
from homeostat.core.errors import NotAvailable
from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.crisis import Crisis
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import policy
from homeostat.evaluate.safety.verdict import Verdict
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.testing.bare_host import BareHost

TALK_MAX = 1_500
FLAGGED = 5.5
"""The severity of hate from which the adults' policy does something."""


def hatecheck(data: Path) -> list[tuple[str, str, bool]]:
    """Return functionality, text and whether it is hateful."""
    with (data / "safety" / "hatecheck_half.csv").open(encoding="utf-8", newline="") as file:
        return [
            (r["functionality"], r["test_case"], r["label_gold"] == "hateful") for r in csv.DictReader(file)
        ]


def talk(data: Path) -> dict[str, list[str]]:
    """Return talk that the heads did not learn from, by source."""
    with (data / "persona" / "synthetic_persona_chat_valid.csv").open(encoding="utf-8", newline="") as file:
        said = [line for one in islice(csv.reader(file), 500, 700) for line in one[2].splitlines()]
    logs = [path.read_text("utf-8", "replace") for path in sorted((data / "irc").glob("*.txt"))[20:28]]
    found = {
        "Synthetic-Persona-Chat": [line.partition(": ")[2] for line in said if ": " in line],
        "LoCoMo": list(_turns(json.loads((data / "locomo" / "locomo_first5.json").read_text("utf-8")))),
        "IRC": [line for log in logs for line in SAID.findall(log)],
    }
    return {name: lines[:: max(1, len(lines) // TALK_MAX)][:TALK_MAX] for name, lines in found.items()}


def _turns(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if "speaker" in value and isinstance(value.get("text"), str):
            yield value["text"]
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _turns(one)


def _area(scores: Sequence[float], hateful: Sequence[bool]) -> float:
    found, truth = np.array(scores), np.array(hateful)
    return area(found[truth], found[~truth])


def finding(
    name: str, guard: Guard, cases: list[tuple[str, str, bool]], bar: float | None
) -> Iterator[Result]:
    """Measure how well hateful cases are told from others."""
    verdicts = [guard.check(text) for _, text, _ in cases]
    truth = [hateful for *_, hateful in cases]
    worst = [verdict.worst for verdict in verdicts]
    hate = [verdict.severity.get(Category.HATE, 0.0) for verdict in verdicts]
    note = (
        "half of HateCheck, looked at, not learned from; anchors: alt-profanity-check .47, "
        "sixteen naive prototypes .64; rank by the worst severity"
    )
    flagged = np.array(hate) >= FLAGGED
    yield Result(f"harm {name}, AUROC", _area(worst, truth), "", bar, "higher", note=note)
    least = min(
        (
            float(
                np.mean(
                    [
                        flag == hateful
                        for flag, (f, _, hateful) in zip(flagged, cases, strict=True)
                        if f == one
                    ]
                )
            ),
            one,
        )
        for one in {f for f, *_ in cases}
    )
    yield Result(
        f"hate {name}, AUROC", _area(hate, truth), "", None, "higher",
        note=f"by the severity of hate; at {FLAGGED} {flagged[truth].mean():.0%} of hateful and "
        f"{flagged[~np.array(truth)].mean():.0%} of others are flagged; worst functionality: {least[1]}, "
        f"{least[0]:.0%} right",
    )  # fmt: skip


def terms_alone(guard: Guard, cases: list[tuple[str, str, bool]]) -> Result:
    """Measure the baseline: the worst term of a text, whatever stands around it."""

    def worst(verdict: Verdict) -> float:
        return max((one.severity for one in verdict.findings if one.by == "term"), default=0.0)

    found = [worst(guard.check(text)) for _, text, _ in cases]
    truth = [hateful for *_, hateful in cases]
    return Result(
        "harm by the worst term, AUROC", _area(found, truth), "", None, "higher", note="the baseline"
    )


def costs(guards: dict[str, Guard], texts: list[str]) -> Iterator[Result]:
    """Measure the processor time of a message."""

    def checked(guard: Guard) -> int:
        for text in texts:
            guard.check(text)
        return len(texts)

    for name, bar in (("by words", 50.0), ("by meaning", 3_000.0)):
        if name in guards:
            runs: dict[str, Callable[[], int]] = {name: partial(checked, guards[name])}
            spent = side_by_side(runs, 9, time.process_time_ns)[name]
            note = (
                f"HateCheck, {np.mean([len(text) for text in texts]):.0f} characters, embedding included; "
                "processor time; better-profanity takes 15,000 us"
            )
            yield Result(
                f"a message {name}", spent.best_ns / 1e3, "us", bar, "lower", high=spent.high_ns / 1e3,
                low=spent.best_ns / 1e3, note=note,
            )  # fmt: skip


def alarms(name: str, guard: Guard, said: dict[str, list[str]]) -> Iterator[Result]:
    """Measure how often something is done about harmless talk."""
    for source, texts in said.items():
        share = float(np.mean([not guard.check(text).allowed for text in texts]))
        note = f"{len(texts)} turns that were not learned from, policy for adults; some of IRC is rude"
        yield Result(
            f"talk of {source} {name}, not shown as it is", 100 * share, "%", None, "lower", note=note
        )


def triggers(embedder: MiniLm, said: dict[str, list[str]]) -> Iterator[Result]:
    """Measure paraphrases of triggers that were written by us, none of which names its trigger."""
    guard = Guard(policy("adult"), embedder)
    found, wrong = [], []
    turns = [one for text in said["Synthetic-Persona-Chat"][:300] for one in SENTENCE.findall(text)]
    for trigger, texts in PARAPHRASES.items():
        spared = guard.avoiding([trigger])
        found += [Category.TRIGGER in spared.check(text).severity for text in texts]
        wrong += [
            any(
                one.category is Category.TRIGGER and one.by == "meaning"
                for one in spared.check(text).findings
            )
            for text in turns[:150]
        ]
    note = (
        f"{len(found)} written by us; NEAR was chosen on them; {np.mean(wrong):.1%} of others are held back"
    )
    yield Result(
        "triggers in other words that are found", 100 * float(np.mean(found)), "%", None, "higher", note=note
    )


def crises(said: dict[str, list[str]]) -> Iterator[Result]:
    """Measure what hearing crisis language costs, and how often there is none."""
    crisis = Crisis()
    texts = [text for one in said.values() for text in one]

    def heard() -> int:
        for text in texts:
            crisis.found(text)
        return len(texts)

    spent = side_by_side({"": heard}, 9, time.process_time_ns)[""]
    yield Result(
        "crisis language, a message",
        spent.best_ns / 1e3,
        "us",
        None,
        "lower",
        note=f"{len(texts)} turns of talk",
    )
    alarms = sum(crisis.found(text) is not None for text in texts)
    yield Result(
        "crisis language in ordinary talk",
        100 * alarms / len(texts),
        "%",
        None,
        "lower",
        note=f"{alarms} turns",
    )


def run(data: Path | None) -> list[Result]:
    """Measure words alone, and meaning where MiniLM is built."""
    if data is None or not (data / "safety" / "hatecheck_half.csv").is_file():
        return []
    cases, said = hatecheck(data), talk(data)
    guards = {"by words": Guard(policy("adult"))}
    try:
        embedder = MiniLm(BareHost())
    except NotAvailable:
        embedder = None
    if embedder is not None:
        guards["by meaning"] = Guard(policy("adult"), embedder)
    results = [terms_alone(guards["by words"], cases)]
    for name, guard in guards.items():
        results += finding(name, guard, cases, 0.85 if name == "by meaning" else None)
        results += alarms(name, guard, said)
    results += costs(guards, [text for _, text, _ in cases][::4])
    if embedder is not None:
        results += triggers(embedder, said)
    return [*results, *crises(said)]
