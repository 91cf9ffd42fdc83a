"""How much leaner does a prompt library get without losing a word, how sure is that, and what is it worth?

The library is modular-v3; four small ones of other shapes are those of the tests. "Now" are the figures that
others measured before; where they counted by another rule, both counts are told.
"""

import re
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import Result

if TYPE_CHECKING:
    from homeostat.prompts.optimize.draft import Draft
    from homeostat.prompts.optimize.pipeline import Optimized

SMALL = Path(__file__).parents[1] / "tests" / "prompts" / "optimize" / "libraries"
MODEL = "claude-sonnet-4-5"
BARS = {
    "/meta": (27_824, 16_300),
    "/context-prime": (10_605, 3_900),
    "/chain": (9_690, 8_900),
    "/protocol": (9_252, 8_350),
    "/feature": (9_157, 8_250),
}
ROUTE_BAR = 8_100
WRITTEN = re.compile(r"@?(?:\.claude/)?(?:modules|system)/")
"""Paths that the earlier counts took as loaded, whatever stands around them."""

ROUNDS = 15


@dataclass(frozen=True, slots=True)
class Ran:
    """A library that was optimised, written, verified and restored."""

    original: "Draft"
    made: "Optimized"
    verified: bool
    restored: bool
    took_s: float


def run(data: Path | None) -> list[Result]:
    """Return the figures; those of the real library where it is there."""
    found = [r for name in ("includes", "skills", "patterns", "agents") for r in _small(SMALL / name)]
    root = None if data is None else data / "prompts" / "modular-v3"
    if root is None or not root.is_dir():
        return found
    ran = _run(root)
    return [*_whole(ran), *_commands(ran), *_billed(ran), *_threads(root), *found]


def _run(root: Path) -> Ran:
    from homeostat.app.prompts.passes import passes
    from homeostat.prompts.graph.styles import load_styles
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.optimize.draft import Counts, Draft
    from homeostat.prompts.optimize.manifest import read_manifest
    from homeostat.prompts.optimize.pipeline import Price, chosen, optimize
    from homeostat.prompts.optimize.restoring import restore
    from homeostat.prompts.optimize.result_folder import write_result
    from homeostat.prompts.proof.verification import verify
    from homeostat.prompts.tokens.tokenizer import tokenizer

    with tempfile.TemporaryDirectory() as folder:
        out, back = Path(folder) / "lean", Path(folder) / "back"
        began = time.process_time()
        original = Draft(load_library(root), load_styles(), Counts(tokenizer()))
        run_passes = chosen(passes())
        made = optimize(original, run_passes, Price(MODEL, time.time_ns()))
        write_result(root, out, made, tuple(p.name for p in run_passes))
        took_s = time.process_time() - began
        claims = read_manifest(out).claims
        proven = verify(load_library(root), load_library(out), load_styles(), claims)
        restore(out, back)
        files = [p.relative_to(root) for p in root.rglob("*") if p.is_file()]
        restored = all((back / p).read_bytes() == (root / p).read_bytes() for p in files)
        return Ran(original, made, proven.holds, restored, took_s)


def _small(root: Path) -> list[Result]:
    ran = _run(root)
    before, after = ran.made.outcome.before, ran.made.outcome.after
    kept = f"{before.library:,} tokens -> {after.library:,}"
    return [
        Result(
            f"{root.name}: tokens saved without loss",
            1 - after.library / before.library,
            "share",
            None,
            "higher",
            note=kept,
        ),
        Result(
            f"{root.name}: verified and restored byte for byte",
            float(ran.verified and ran.restored),
            "yes=1",
            1,
            "higher",
        ),
    ]


def _whole(ran: Ran) -> list[Result]:
    outcome = ran.made.outcome
    before, after = outcome.before, outcome.after
    by_pass = ", ".join(f"{p.name} {p.before.library - p.after.library:,}" for p in outcome.passes)
    return [
        Result(
            "tokens of the framework saved without loss",
            1 - after.library / before.library,
            "share",
            0.15,
            "higher",
            note=f"{before.library:,} -> {after.library:,}: {by_pass}; anchor: 0-15% on ten libraries",
        ),
        Result("verified from its files", float(ran.verified), "yes=1", 1, "higher"),
        Result("restored byte for byte", float(ran.restored), "yes=1", 1, "higher"),
        Result(
            "time to optimise, prove and write 189 files",
            ran.took_s,
            "s",
            None,
            "lower",
            note="processor time, vocabulary included",
        ),
        _loaded("median", after.median, before.median, 3_500),
        _loaded("worst", after.worst, before.worst, 16_500),
        _loaded("all commands together", after.together, before.together, 70_000),
        _loaded("before each command (CLAUDE.md)", after.always, before.always, None),
    ]


def _loaded(what: str, value: float, before: float, bar: float | None) -> Result:
    note = f"{before:,.0f} before; hard closure"
    return Result(f"tokens loaded, {what}", value, "tokens", bar, "lower", note=note)


def _commands(ran: Ran) -> list[Result]:
    results = []
    for name, (now, bar) in BARS.items():
        hard, route, written = (count(ran.made.draft, name) for count in (_hard, _route, _written))
        was = _hard(ran.original, name)
        note = f"hard closure, {was:,} before; anchor {now:,}"
        results.append(Result(f"tokens that {name} loads", hard, "tokens", bar, "lower", note=note))
        if name in ("/meta", "/context-prime"):
            counted = _written(ran.original, name)
            results.append(
                Result(
                    f"the same, all that it names from modules/ or system/ on taken as loaded: {name}",
                    written,
                    "tokens",
                    bar,
                    "lower",
                    note=f"{counted:,} before by this rule, which is the one that gives {now:,}",
                )
            )
        if name == "/meta":
            was = _route(ran.original, name)
            note = f"hard closure and the heaviest of its six routes, {was:,} before"
            results.append(
                Result(
                    "tokens that /meta loads with one route", route, "tokens", ROUTE_BAR, "lower", note=note
                )
            )
    return results


def _hard(draft: "Draft", name: str) -> int:
    return sum(map(draft.tokens, draft.closure(next(e for e in draft.understood.entries if e.name == name))))


def _route(draft: "Draft", name: str) -> int:
    path = next(e.path for e in draft.understood.entries if e.name == name)
    weights = {p: draft.tokens(p) for p in draft.library.modules}
    return sum(weights[m] for m in draft.understood.graph.route_closure([path], weights))


def _written(draft: "Draft", name: str) -> int:
    path = next(e.path for e in draft.understood.entries if e.name == name)
    edges = [e for e in draft.understood.graph.edges if e.source == path and WRITTEN.match(e.written)]
    return sum(map(draft.tokens, {path, *(e.target for e in edges if e.target is not None)}))


def _billed(ran: Ran) -> list[Result]:
    outcome = ran.made.outcome
    was, now = outcome.bill_before, outcome.bill_after
    runs = 2 * len(now.entries)
    return [
        Result(
            f"a round of {runs} runs, billed with the provider's cache",
            now.cached_usd,
            "USD",
            None,
            "lower",
            peer="the original",
            ratio=was.cached_usd / now.cached_usd,
            note=f"{MODEL}; {was.cached_usd:.4f} before",
        ),
        Result(
            f"a round of {runs} runs without a cache",
            now.uncached_usd,
            "USD",
            None,
            "lower",
            peer="the original",
            ratio=was.uncached_usd / now.uncached_usd,
            note=f"{was.uncached_usd:.4f} before",
        ),
        Result(
            "prompts that fell below what the provider caches",
            len(outcome.warnings),
            "prompts",
            None,
            "lower",
            note=f"{now.cached_min_tokens:,} tokens of stable prefix",
        ),
    ]


def _threads(root: Path) -> list[Result]:
    from homeostat.prompts.library.library_files import Limits, find_files

    paths = [root / p for p in find_files(root, Limits()).paths]
    serial = _milliseconds(lambda: [p.read_bytes() for p in paths])
    with ThreadPoolExecutor(8) as pool:
        threads = _milliseconds(lambda: list(pool.map(Path.read_bytes, paths)))
    return [
        Result(f"reading {len(paths)} files, one after the other", min(serial), "ms", None, "lower"),
        Result(
            "the same with 8 threads",
            min(threads),
            "ms",
            None,
            "lower",
            peer="one after the other",
            ratio=min(serial) / min(threads),
            low=min(threads),
            high=statistics.median(threads),
            note="files in the operating system's memory; anchor 7.5 and 6.7 ms: not worth a thread",
        ),
    ]


def _milliseconds(work: Callable[[], object]) -> list[float]:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1e3)
    return times
