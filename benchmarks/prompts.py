"""How fast is a prompt library analysed, what do its commands load, and what stays free of a window?

The library is modular-v3, a public framework of 189 files. The figures "now" are those that were measured
by others before anything was made lean.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.result import Result

if TYPE_CHECKING:
    from homeostat.prompts.optimize.draft import Draft

REPEATS = 7
TOKENS = 474_068
HEAVIEST = ("/chain", "/protocol", "/feature", "/context-prime", "/meta")
META_ROUTE = 8_100
FREE_SHARE = 0.92
MANY = 10_000

PEAK = """
import resource, sys
from pathlib import Path
from homeostat.prompts.analysis.analyze import analyze
from homeostat.prompts.library.library import load_library
analyze(load_library(Path(sys.argv[1])))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def run(data: Path | None) -> list[Result]:
    """Return the figures of the library, none where it is absent."""
    root = None if data is None else data / "prompts" / "modular-v3"
    if root is None or not root.is_dir():
        return []
    return [*_speed(root), *_sizes(root), *_windows(root), _many()]


def _speed(root: Path) -> list[Result]:
    from homeostat.prompts.analysis.analyze import analyze
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.tokens.count_cache import CountCache

    cold: list[float] = []
    cold_cpu: list[float] = []
    warm: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(REPEATS):
            cache = CountCache(Path(folder) / f"{repeat}.db")
            for times in (cold, warm):
                began, cpu = time.perf_counter(), time.process_time()
                analyze(load_library(root), cache=cache)
                times.append(time.perf_counter() - began)
                if times is cold:
                    cold_cpu.append(time.process_time() - cpu)
    command = [sys.executable, "-c", PEAK, str(root)]
    peak_mb = int(subprocess.check_output(command)) * _UNIT / 1e6
    return [
        _timed("analyse 189 files, nothing known", cold, 1.5, "wall; the tokenizer is loaded once"),
        Result(
            "the same, processor time",
            statistics.median(cold_cpu),
            "s",
            None,
            "lower",
            low=min(cold_cpu),
            high=max(cold_cpu),
        ),
        _timed("analyse 189 files, nothing changed", warm, 0.2, "every file is read and hashed"),
        Result("peak memory of a process that analyses them", peak_mb, "MB", 150, "lower"),
    ]


def _sizes(root: Path) -> list[Result]:
    from homeostat.prompts.analysis.analyze import analyze
    from homeostat.prompts.library.library import load_library

    found = analyze(load_library(root))
    loaded = sorted(e.hard_tokens for e in found.entries)
    by_name = {e.name: e.hard_tokens for e in found.entries}
    meta = next(e for e in found.entries if e.name == "/meta")
    note = "before any pass, by hard references; after them: the benchmark prompts_optimize"
    return [
        Result("tokens of the framework, cl100k", found.tokens, "tokens", None, "lower", note="474,068 said"),
        Result(
            "tokens that a command loads, median",
            statistics.median(loaded),
            "tokens",
            None,
            "lower",
            note=note,
        ),
        Result("tokens that a command loads, worst", loaded[-1], "tokens", None, "lower", note=note),
        Result("tokens of all commands together", found.commands_tokens, "tokens", None, "lower", note=note),
        *(
            Result(f"tokens that {name} loads", by_name[name], "tokens", None, "lower", note=note)
            for name in HEAVIEST
        ),
        Result(
            "tokens that /meta loads with its largest route",
            meta.route_tokens,
            "tokens",
            META_ROUTE,
            "lower",
            note="before any pass: a run takes one of six routes, and integration points wait",
        ),
        Result(
            "tokens that /meta loads with all of its routes",
            meta.conditional_tokens,
            "tokens",
            None,
            "lower",
            note="27,824 by other rules: five of six routes, without the two files in .claude/meta",
        ),
    ]


def _windows(root: Path) -> list[Result]:
    """Return what stays free for the feature workflow, as it is and after passes."""
    from homeostat.app.prompts.passes import passes
    from homeostat.prompts.extraction.budget import budget, scope
    from homeostat.prompts.extraction.extraction_pass import ExtractionPass
    from homeostat.prompts.graph.styles import load_styles
    from homeostat.prompts.library.library import load_library
    from homeostat.prompts.optimize.draft import Counts, Draft
    from homeostat.prompts.optimize.pipeline import Price, optimize
    from homeostat.prompts.tokens.tokenizer import tokenizer

    original = Draft(load_library(root), load_styles(), Counts(tokenizer()))
    lossless = tuple(p for p in passes() if p.lossless)
    extraction = ExtractionPass(budget("0.6", scope("module")))
    runs = (
        ("as it is", (), "others measured 84.4% by rules that are not written down"),
        ("lossless passes", lossless, ""),
        ("and sections of CLAUDE.md waiting", passes(), "opt-in"),
        ("lossless passes after --lossy 0.6", (extraction, *lossless), "opt-in, lossy"),
    )
    found = []
    for what, chain, note in runs:
        draft = original
        if chain:
            result = optimize(original, chain, Price("claude-sonnet-4-5", time.time_ns()))
            draft = result.draft
            note = f"{note}; gate {'green' if result.outcome.verification.holds else 'red'}".lstrip("; ")
        found.append(
            Result(
                f"free of 200K for /query, /feature, /task: {what}",
                _free_share(draft),
                "share",
                FREE_SHARE if chain else None,
                "higher",
                note=note,
            )
        )
    return found


def _free_share(draft: "Draft") -> float:
    from homeostat.prompts.planning.loading_plan import loading_plan
    from homeostat.prompts.planning.window_plan import window_plan

    tokens = {path: draft.tokens(path) for path in draft.library.modules}
    plan = loading_plan(draft.library, draft.understood, tokens, draft.counts.tokenizer)
    return window_plan(plan, ("/query", "/feature", "/task"), 200_000).free_share


def _many() -> Result:
    """Return how long ten thousand skills take that lead to each other in one chain."""
    from homeostat.prompts.analysis.analyze import analyze
    from homeostat.prompts.library.library import load_library

    with tempfile.TemporaryDirectory() as folder:
        for i in range(MANY):
            path = Path(folder, f"d{i % 100}", f"s{i}", "SKILL.md")
            path.parent.mkdir(parents=True)
            path.write_text(f"---\nname: s{i}\n---\nSee s{i + 1}/SKILL.md and s{i + 7}/SKILL.md.\n")
        cpu = time.process_time()
        analyze(load_library(Path(folder)))
        took = time.process_time() - cpu
    note = "each reaches all that come after it"
    return Result(f"analyse {MANY:,} skills in a chain, processor time", took, "s", None, "lower", note=note)


_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of the peak that the operating system tells."""


def _timed(question: str, times: list[float], bar: float, note: str) -> Result:
    return Result(
        question, statistics.median(times), "s", bar, "lower", low=min(times), high=max(times), note=note
    )
