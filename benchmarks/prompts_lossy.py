"""What does lossy extraction of a prompt library keep, and what does it lose?

The library is modular-v3, a public framework of 189 files. At equal tokens a module, extraction is compared
with random lines and with the first lines; its centrality with random scores, on summaries that their authors
wrote and that are taken out before anything is scored.
"""

import hashlib
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.result import Result
from homeostat.app.prompts.passes import passes
from homeostat.prompts.extraction.budget import Budget
from homeostat.prompts.extraction.centrality import centrality
from homeostat.prompts.extraction.cut import Cut
from homeostat.prompts.extraction.extraction import Extractor, Score
from homeostat.prompts.extraction.extraction_pass import ExtractionPass
from homeostat.prompts.extraction.similarity import likenesses
from homeostat.prompts.extraction.structure import structure_of
from homeostat.prompts.extraction.unit import Structure
from homeostat.prompts.extraction.words import words
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.styles import KINDS, load_styles
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.library.library import Library, load_library
from homeostat.prompts.optimize.draft import Counts, Draft
from homeostat.prompts.optimize.pass_ import Pass
from homeostat.prompts.optimize.pipeline import Price, chosen, optimize
from homeostat.prompts.proof.reading import Reading
from homeostat.prompts.proof.verification import verify
from homeostat.prompts.tokens.tokenizer import tokenizer

BAR_RATIO = 0.35
BARS = {"/meta": 9_500, "/context-prime": 3_900, "/chain": 4_800, "/protocol": 4_700, "/feature": 4_600}
"""Tokens that these commands are to load with loss, with the gate green; meta in all of its routes."""

RATIOS = (0.8, 0.6, 0.5, 0.4, 0.3)
SHARES = (0.1, 0.2, 0.4)
SEEDS = 5
CHECKS = ("constraints", "numbers", "placeholders", "blocks of code")
SUMMARY = re.compile(
    r"\s*(?:<(?:purpose|description|summary|overview)\b|\*\*(?:Description|Purpose|Summary|Overview)\*\*:)",
    re.IGNORECASE,
)
NAMES = frozenset({"purpose", "description", "summary", "overview"})
Shorten = Callable[[str, str, int], str]


def run(data: Path | None) -> list[Result]:
    """Return the figures of the library, none where it is absent."""
    root = None if data is None else data / "prompts" / "modular-v3"
    if root is None or not root.is_dir():
        return []
    draft = Draft(load_library(root), load_styles(), Counts(tokenizer()))
    return [*_bars(draft), *_kept(draft), *_centrality(draft)]


def _bars(draft: Draft) -> Iterator[Result]:
    began = time.process_time()
    ExtractionPass(Budget(ratio=BAR_RATIO)).propose(draft)
    took_s = time.process_time() - began
    run_passes: tuple[Pass, ...] = (ExtractionPass(Budget(ratio=BAR_RATIO)), *chosen(passes()))
    found = optimize(draft, run_passes, Price("claude-sonnet-4-5", time.time_ns()))
    after = found.draft
    note = f"--lossy {BAR_RATIO:g} and all passes without loss; gate " + (
        "green" if found.outcome.verification.holds else "RED"
    )
    places = {e.name: e for e in after.understood.entries}
    for name, bar in BARS.items():
        yield Result(
            f"tokens that {name} loads, lossy",
            _loaded(after, name),
            "tokens",
            bar,
            "lower",
            note=f"{_loaded(draft, name):,} before; {note}",
        )
    routes = after.understood.graph.closure([places["/meta"].path], KINDS[:2])
    yield Result(
        "tokens that /meta loads with all that it may load, lossy",
        sum(map(after.tokens, routes)),
        "tokens",
        BARS["/meta"],
        "lower",
        note="a run takes one route; the bar's 27,824 counted five of six",
    )
    yield Result(
        "the gate, lossy: checks that hold",
        sum(c.holds for c in found.outcome.verification.checks),
        "checks",
        len(found.outcome.verification.checks),
        "higher",
        note="of the pipeline above: constraints within reach of their commands among them",
    )
    yield Result("extraction of 189 files, processor time", took_s, "s", None, "lower")


def _loaded(draft: Draft, name: str) -> int:
    return next(sum(map(draft.tokens, draft.closure(e))) for e in draft.understood.entries if e.name == name)


def _kept(draft: Draft) -> Iterator[Result]:
    """Compare what is kept at equal tokens, module by module, of all that commands load."""
    paths = sorted({m for e in draft.understood.entries for m in draft.closure(e)})
    library = replace(draft.library, modules={p: draft.library.modules[p] for p in paths})
    texts = {p: m.text for p, m in library.modules.items()}
    extractor = Extractor(draft.styles, draft.counts.of)
    reading = Reading()
    ways: dict[str, Shorten] = {"random lines": _random_lines, "first lines": _first_lines}
    for ratio in RATIOS:
        cuts = extractor.by_module(texts, Budget(ratio=ratio)).cuts
        ours = texts | {path: cut.text() for path, cut in cuts.items()}
        tokens = {path: draft.counts.of(text) for path, text in ours.items()}
        share = sum(tokens.values()) / sum(map(draft.tokens, paths))
        mine = _shares(draft, library, ours, reading)
        others = {
            name: {p: way(p, texts[p], tokens[p]) if p in cuts else texts[p] for p in paths}
            for name, way in ways.items()
        }
        theirs = {name: _shares(draft, library, made, reading) for name, made in others.items()}
        note = f"of what commands load, {share:.0%} of the tokens left"
        for what, value in mine.items():
            peers = ", ".join(f"{name} {shares[what]:.3f}" for name, shares in theirs.items())
            yield Result(
                f"share of {what} kept at ratio {ratio:g}",
                value,
                "share",
                1.0,
                "higher",
                peer=peers,
                ratio=value / max(max(s[what] for s in theirs.values()), 1e-9),
                note=note,
            )
        alike = ", ".join(f"{name} {_likeness(texts, made):.3f}" for name, made in others.items())
        yield Result(
            f"likeness (TF-IDF cosine) at ratio {ratio:g}",
            _likeness(texts, ours),
            "cosine",
            None,
            "higher",
            note=f"{alike}: it proves nothing, for these lost what is told above",
        )


def _shares(draft: Draft, library: Library, texts: Mapping[str, str], reading: Reading) -> dict[str, float]:
    changed = {p: replace(m, text=texts[p]) for p, m in library.modules.items()}
    checks = verify(library, replace(library, modules=changed), draft.styles, reading=reading).checks
    found = {c.name: c.kept for c in checks if c.name in CHECKS}
    named = {(p, *r) for p, m in library.modules.items() for r in _references(draft, m.text)}
    there = {(p, *r) for p, text in texts.items() for r in _references(draft, text)}
    return {**found, "references": len(named & there) / len(named)}


def _references(draft: Draft, text: str) -> set[tuple[str, str]]:
    return {(r.target, r.edge) for r in references(text, read_front_matter(text), draft.styles)}


def _likeness(before: Mapping[str, str], after: Mapping[str, str]) -> float:
    return statistics.median(one.cosine for one in likenesses(before, after))


def _random_lines(path: str, text: str, tokens: int) -> str:
    lines = text.splitlines(keepends=True)
    order = list(range(len(lines)))
    random.Random(path).shuffle(order)
    return _filled(lines, order, tokens)


def _first_lines(path: str, text: str, tokens: int) -> str:
    lines = text.splitlines(keepends=True)
    return _filled(lines, range(len(lines)), tokens)


def _filled(lines: Sequence[str], order: Sequence[int], tokens: int) -> str:
    """Return as many lines in an order as a number of tokens holds, in their own order."""
    count = tokenizer().count
    chosen_lines: set[int] = set()
    for index in order:
        tokens -= count(lines[index])
        if tokens < 0:
            break
        chosen_lines.add(index)
    return "".join(lines[i] for i in sorted(chosen_lines))


@dataclass(frozen=True, slots=True)
class _HeldOut:
    """A module without the summary of its author, and the words of that summary."""

    path: str
    text: str
    summary: frozenset[str]


def _centrality(draft: Draft) -> Iterator[Result]:
    held = [h for p, m in draft.library.modules.items() if (h := _held_out(p, m.text)) is not None]
    scores: dict[str, Score] = {"centrality": centrality, "first": _first}
    scores |= {f"random {seed}": _random(seed) for seed in range(SEEDS)}
    found = {name: _recalls(draft, held, score) for name, score in scores.items()}
    for share in SHARES:
        ours = [r[share] for r in found["centrality"]]
        chance = [
            statistics.mean(r[share] for r in rows)
            for rows in zip(*(found[f"random {seed}"] for seed in range(SEEDS)), strict=True)
        ]
        first = statistics.mean(r[share] for r in found["first"])
        gain = [a - b for a, b in zip(ours, chance, strict=True)]
        error = statistics.stdev(gain) / len(gain) ** 0.5
        yield Result(
            f"words of held-out summaries in {share:.0%} of what may go",
            statistics.mean(ours),
            "share",
            None,
            "higher",
            peer=f"random {statistics.mean(chance):.3f}, first {first:.3f}",
            ratio=statistics.mean(ours) / statistics.mean(chance),
            note=f"{len(ours)} modules; {statistics.mean(gain):.3f} +- {error:.3f} (s.e.) more than random",
        )


def _held_out(path: str, text: str) -> _HeldOut | None:
    """Take the author's summary out of the first quarter of a module; None where it has none to speak of."""
    structure = structure_of(text)
    units = structure.units
    early = [i for i, u in enumerate(units) if u.kind == "sentence" and u.start < len(text) / 4]
    held = [
        i for i in early if any(SUMMARY.match(structure.words(j)) for j in (i, units[i].parent) if j >= 0)
    ]
    held = held[:3]
    said = words(" ".join(re.sub(r"</?[^>]*>", " ", structure.words(i)) for i in held))
    summary = frozenset(said) - NAMES
    if len(summary) < 5:
        return None
    return _HeldOut(path, structure.without(set(held)), summary)


def _recalls(draft: Draft, held: Sequence[_HeldOut], score: Score) -> list[dict[float, float]]:
    """Return for each module the share of its summary's words in what stays of all that may go."""
    found = []
    extractor = Extractor(draft.styles, draft.counts.of, score)
    for one in held:
        floor = _emptied(extractor.cut(one.text))
        cut = extractor.cut(one.text)
        free = cut.tokens - floor.tokens
        if free < 200:
            continue
        recalls = {}
        for share in sorted(SHARES, reverse=True):
            while cut.tokens > floor.tokens + share * free and cut.drop():
                pass
            kept = {w for i in floor.dropped - cut.dropped for w in words(cut.structure.words(i))}
            recalls[share] = len(one.summary & kept) / len(one.summary)
        found.append(recalls)
    return found


def _emptied(cut: Cut) -> Cut:
    while cut.drop():
        pass
    return cut


def _first(structure: Structure) -> Sequence[float]:
    return range(len(structure.units), 0, -1)


def _random(seed: int) -> Score:
    def score(structure: Structure) -> Sequence[float]:
        digest = hashlib.sha256(structure.text.encode("utf-8", "replace")).hexdigest()
        draw = random.Random(f"{seed}{digest}")
        return [draw.random() for _ in structure.units]

    return score
