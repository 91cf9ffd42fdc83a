"""Who wrote this? The mirror's same-author check on real IRC logs, each author judged by what others taught.

python -m benchmarks.companion_authors LOGS TABLE    learns from all authors, writes the shipped table
python -m benchmarks.companion_authors LOGS          judges other logs than it learned from by that table
"""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from homeostat.companion.mirror.authorship.background import Background, Trait, pack, shipped
from homeostat.companion.mirror.authorship.same_author import (
    KINDS,
    Traits,
    common_size,
    exposures,
    traits,
)
from homeostat.companion.mirror.voice.plain import Names, plain
from homeostat.companion.mirror.voice.voice import Counted, count

SIZES = (10, 20, 35, 50, 75, 100)
TRAIT_SIZES = (10, 20, 50)
BARS = {10: 0.86, 100: 0.98}
FOLDS = 5
RIDGE = 0.02
SHRINK = 0.1
SPREAD = 0.3
_LINE = re.compile(r"^\[\d\d:\d\d\] <([^>]+)> (.*)$")
_BOT = re.compile(r"^(?:ubot|lubot|floodbot)")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Sides:
    """Two sets of messages of one author; `apart` where they are of different days."""

    author: str
    one: Counted
    other: Counted
    apart: bool


def authors(folder: Path) -> dict[str, dict[str, list[str]]]:
    """Return the messages by author and day, with marks for the names of all who spoke that day."""
    found: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for path in sorted(folder.glob("*.txt")):
        rows = [_LINE.match(line) for line in path.read_text("utf-8", "replace").splitlines()]
        said: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            if row is not None and not _BOT.match(row[1].lower()):
                said[row[1]].append(row[2])
        hidden = Names(said)
        for nick, texts in said.items():
            author = nick.lower().strip("_`^|") or nick.lower()
            found[author].setdefault(path.name, []).extend(plain(texts, hidden))
    return found


def raw_sides(
    messages: dict[str, dict[str, list[str]]], size: int
) -> Iterator[tuple[str, list[str], list[str], bool]]:
    """Return author, two sides and whether they are of different days; else they are first and last."""
    for author, days in sorted(messages.items()):
        one: list[str] = []
        other: list[str] = []
        for day in sorted(days, key=lambda day: (-len(days[day]), day)):
            (one if len(one) <= len(other) else other).extend(days[day])
        apart = min(len(one), len(other)) >= size
        if not apart:
            every = [text for day in sorted(days) for text in days[day]]
            if len(every) < 2 * size:
                continue
            one, other = every, every[-size:]
        yield author, one[:size], other[:size], apart


def sides(messages: dict[str, dict[str, list[str]]], size: int) -> Iterator[Sides]:
    """Return what is counted in the two sides of each author who said enough."""
    for author, one, other, apart in raw_sides(messages, size):
        yield Sides(author, count(one), count(other), apart)


def stack(counts: Sequence[Counted], kind: str) -> tuple[Floats, Floats]:
    """Return counts and occasions of one kind, a row a set of messages."""
    rows = [exposures(one)[kind] for one in counts]
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows])


def learn_trait(kind: str, chunks: Sequence[Counted], pairs: Sequence[Sides]) -> Trait:
    """Return rates from all messages, spreads from equal chunks, weights from how authors' sides agree."""
    counts, occasions = stack(chunks, kind)
    rate = np.maximum(counts.sum(0) / occasions.sum(0), 1e-7)
    if kind == "habits":
        between = (counts / occasions).var(0) - (rate / occasions).mean(0)
        spread = np.maximum(between / rate**2, 0.01)
    else:
        spread = np.full(rate.size, SPREAD)
    plain_trait = Trait(*(one.astype(np.float32) for one in (rate, spread, np.ones(rate.size))))
    both = (stack([pair.one for pair in pairs], kind), stack([pair.other for pair in pairs], kind))
    one, other = (plain_trait.surprise(*side).astype(np.float64) for side in both)
    worth = np.array([2.0 if pair.apart else 1.0 for pair in pairs])[:, None]
    agree = (worth * one * other).sum(0)
    power = (worth * (one * one + other * other) / 2).sum(0)
    prior = SHRINK * power.mean()
    weight = np.sqrt(np.clip((agree + 0.05 * prior) / (power + prior), 0.0, None))
    return Trait(plain_trait.rate, plain_trait.spread, (weight / weight.max()).astype(np.float32))


def learn_background(chunks: Sequence[Counted], pairs: Sequence[Sides]) -> Background:
    """Return traits and direction; the coefficients are learned next, from what these make of pairs."""
    grams, words, habits = (learn_trait(kind, chunks, pairs) for kind in ("grams", "words", "habits"))
    rows = []
    for pair in pairs:
        for side in (pair.one, pair.other):
            found = grams.surprise(*exposures(side)["grams"])
            rows.append(found / max(float(np.linalg.norm(found)), 1e-9) * np.sqrt(side.messages / 10))
    matrix = np.array(rows)
    direction = matrix.T @ np.linalg.eigh(matrix @ matrix.T)[1][:, -1]
    empty = np.zeros(len(KINDS) + 2)
    return Background(grams, words, habits, direction / np.linalg.norm(direction), empty)


def cosines(one: Sequence[Traits], other: Sequence[Traits], size: int) -> Floats:
    """Return the terms of the logistic model for each pair, shape (one, other, terms)."""
    terms = []
    for kind in KINDS:
        left, right = (np.array([side[kind] for side in sides_]) for sides_ in (one, other))
        left /= np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9)
        right /= np.maximum(np.linalg.norm(right, axis=1, keepdims=True), 1e-9)
        terms.append(left @ right.T)
    flat = np.ones_like(terms[0])
    return np.stack([*terms, flat, flat * common_size(size, size)], -1).astype(np.float64)


def logistic(terms: Floats, same: Floats, worth: Floats) -> Floats:
    """Return the coefficients of a ridge logistic regression, by Newton's method."""
    found = np.zeros(terms.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-np.clip(terms @ found, -30, 30)))
        slope = terms.T @ (worth * (p - same)) + RIDGE * found
        bend = (terms * (worth * p * (1 - p))[:, None]).T @ terms + RIDGE * np.eye(found.size)
        step = np.linalg.solve(bend, slope)
        found -= step
        if np.abs(step).max() < 1e-9:
            break
    return found


@dataclass(frozen=True)
class Judged:
    """Pairs of sets of messages of one size, as backgrounds see them that know neither of their authors.

    `folds` has the folds of both authors, shape (n, 2).
    """

    size: int
    terms: Floats
    same: NDArray[np.bool_]
    apart: NDArray[np.bool_]
    folds: NDArray[np.int64]

    @property
    def worth(self) -> Floats:
        """What each pair counts in learning: same and other alike, those of different days twice."""
        weigh = np.where(self.same, 0.5 / self.same.sum(), 0.5 / (~self.same).sum())
        twice = np.where(self.same & self.apart, 2.0, 1.0)
        return np.asarray(weigh * np.sqrt(self.same.sum()) * 4 * twice)


def fold_of(names: Sequence[str]) -> dict[str, int]:
    """Return each author's fold."""
    order = np.random.default_rng(0).permutation(len(names))
    return {names[int(at)]: place % FOLDS for place, at in enumerate(order)}


def chunks_of(messages: dict[str, dict[str, list[str]]]) -> list[tuple[str, Counted]]:
    """Return ten messages at a time, with their author."""
    return [
        (author, count(texts[at : at + 10]))
        for author, days in messages.items()
        for texts in days.values()
        for at in range(0, len(texts) - 9, 10)
    ]


def judged(messages: dict[str, dict[str, list[str]]]) -> list[Judged]:
    """Return all pairs by size, each as authors of other folds taught to see it."""
    by_size = {size: list(sides(messages, size)) for size in SIZES}
    chunks = chunks_of(messages)
    folds = fold_of(sorted({pair.author for pair in by_size[SIZES[0]]}))
    gathered: dict[int, list[tuple[Floats, ...]]] = defaultdict(list)
    for first in range(FOLDS):
        for second in range(first, FOLDS):
            background = without({first, second}, folds, chunks, by_size)
            for size in SIZES:
                if size < 35 and first != second:
                    continue  # there are enough pairs within folds
                gathered[size].extend(pairs_between(by_size[size], folds, first, second, background, size))
    return [
        Judged(size, *(np.concatenate(part) for part in zip(*rows, strict=True)))
        for size, rows in gathered.items()
    ]


def without(
    out: set[int],
    folds: dict[str, int],
    chunks: list[tuple[str, Counted]],
    by_size: dict[int, list[Sides]],
) -> Background:
    """Return the background that authors of the other folds teach."""
    taught = [chunk for author, chunk in chunks if folds.get(author, -1) not in out]
    pairs = [pair for size in TRAIT_SIZES for pair in by_size[size] if folds[pair.author] not in out]
    return learn_background(taught, pairs)


def pairs_between(
    all_pairs: list[Sides], folds: dict[str, int], first: int, second: int, background: Background, size: int
) -> Iterator[tuple[Floats, ...]]:
    """Yield terms, same, apart and folds of the pairs of one side from `first`, the other from `second`."""
    for left_fold, right_fold in {(first, second), (second, first)}:
        left = [pair for pair in all_pairs if folds[pair.author] == left_fold]
        right = [pair for pair in all_pairs if folds[pair.author] == right_fold]
        if not left or not right:
            continue
        terms = cosines(
            [traits(pair.one, background) for pair in left],
            [traits(pair.other, background) for pair in right],
            size,
        )
        same = np.array([[one.author == other.author for other in right] for one in left]).ravel()
        apart = np.repeat([pair.apart for pair in left], len(right))
        yield terms.reshape(same.size, -1), same, apart, np.tile((left_fold, right_fold), (same.size, 1))


def fit(pairs: Sequence[Judged], out: Sequence[int] = ()) -> Floats:
    """Return the coefficients that pairs without authors of the folds `out` teach."""
    kept = [~np.isin(one.folds, out).any(1) for one in pairs]
    return logistic(
        np.concatenate([one.terms[keep] for one, keep in zip(pairs, kept, strict=True)]),
        np.concatenate([one.same[keep].astype(float) for one, keep in zip(pairs, kept, strict=True)]),
        np.concatenate([one.worth[keep] for one, keep in zip(pairs, kept, strict=True)]),
    )


def cross_validated(pairs: Sequence[Judged]) -> list[Floats]:
    """Return the log odds of each pair, from coefficients that neither of its authors taught."""
    found = [np.full(one.same.size, np.nan) for one in pairs]
    for first in range(FOLDS):
        for second in range(first, FOLDS):
            coefficients = fit(pairs, (first, second))
            for odds, one in zip(found, pairs, strict=True):
                here = (np.sort(one.folds, 1) == (first, second)).all(1)
                odds[here] = one.terms[here] @ coefficients
    return found


def area(same: Floats, other: Floats) -> float:
    """Return the area under the ROC curve: how often one of `same` is above one of `other`."""
    ordered = np.sort(other)
    below = np.searchsorted(ordered, same, "left") + np.searchsorted(ordered, same, "right")
    return float(below.mean() / (2 * other.size))


def calibration_error(odds: Floats, same: NDArray[np.bool_]) -> float:
    """Return the expected calibration error over ten classes, same and other weighing alike."""
    p = 1 / (1 + np.exp(-odds))
    worth = np.where(same, 0.5 / same.sum(), 0.5 / (~same).sum())
    at = np.minimum((p * 10).astype(int), 9)
    return float(sum(abs((worth * (p - same))[at == cell].sum()) for cell in range(10)))


def trigram_area(messages: dict[str, dict[str, list[str]]], size: int) -> float:
    """Return the area that the plain cosine of character trigram counts reaches: the peer."""
    rows: list[list[Floats]] = [[], []]
    for _, one, other, _ in raw_sides(messages, size):
        for row, texts in zip(rows, (one, other), strict=True):
            row.append(trigrams(texts))
    left, right = (np.array(row) / np.linalg.norm(row, axis=1, keepdims=True) for row in rows)
    found = left @ right.T
    true = np.eye(len(found), dtype=bool)
    return area(found[true], found[~true])


def trigrams(texts: Sequence[str]) -> Floats:
    """Return counts of character trigrams, hashed to 32,768."""
    counts = np.zeros(32_768)
    for text in texts:
        for at in range(len(text) - 2):
            counts[crc32(text[at : at + 3].encode("utf-8", "replace")) % counts.size] += 1
    return counts


def run(data: Path | None) -> list[Result]:
    """Measure area and calibration by size, and what comparing costs."""
    folder = data / "irc" if data else Path("/nonexistent")
    if not folder.is_dir():
        return []
    messages = authors(folder)
    pairs = judged(messages)
    odds = cross_validated(pairs)
    results = []
    for one, found in zip(pairs, odds, strict=True):
        area_all = area(found[one.same], found[~one.same])
        apart = area(found[one.same & one.apart], found[~one.same])
        peer = trigram_area(messages, one.size)
        note = (
            f"{one.same.sum()} authors, {(one.same & one.apart).sum()} on different days: {apart:.3f}; "
            f"plain trigram cosine {peer:.3f}; calibration error {calibration_error(found, one.same):.3f}"
        )
        question = f"same author, {one.size} messages a side, area under the curve, cross-validated"
        results.append(
            Result(
                question,
                area_all,
                "",
                BARS.get(one.size),
                "higher",
                "trigram cosine",
                area_all / peer,
                note=note,
            )
        )
    every, same = np.concatenate(odds), np.concatenate([one.same for one in pairs])
    results.append(
        Result("same author, calibration error, all sizes", calibration_error(every, same), "", 0.05, "lower")
    )
    return results


def judge(messages: dict[str, dict[str, list[str]]]) -> None:
    """Print what the shipped table makes of these authors."""
    background = shipped()
    for size in SIZES:
        pairs = list(sides(messages, size))
        if len(pairs) < 2:
            continue
        left = [traits(pair.one, background) for pair in pairs]
        right = [traits(pair.other, background) for pair in pairs]
        odds = (cosines(left, right, size) @ background.coefficients).ravel()
        same = np.eye(len(pairs), dtype=bool).ravel()
        apart = np.repeat([pair.apart for pair in pairs], len(pairs)) & same
        far = f"{area(odds[apart], odds[~same]):.3f} of {apart.sum()}" if apart.any() else "none"
        found, error = area(odds[same], odds[~same]), calibration_error(odds, same)
        print(
            f"{size} a side, {len(pairs)} authors: {found:.3f}, on different days {far}, off by {error:.3f}"
        )


def main() -> None:
    """Learn from all authors and write the table, or judge authors by it."""
    messages = authors(Path(sys.argv[1]))
    if len(sys.argv) == 2:
        judge(messages)
        return
    where = Path(sys.argv[2])
    coefficients = fit(judged(messages))
    pairs = [pair for size in TRAIT_SIZES for pair in sides(messages, size)]
    background = learn_background([chunk for _, chunk in chunks_of(messages)], pairs)
    table: dict[str, Any] = dict(pack(replace(background, coefficients=coefficients)))
    np.savez_compressed(where, **table)
    print(where.stat().st_size, coefficients.round(2).tolist())


if __name__ == "__main__":
    main()
