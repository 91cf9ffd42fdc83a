"""How fast is a prompt library analysed, and what do its commands load?

The library is modular-v3, a public framework of 189 files. The figures "now" are those that were measured
by others before anything was made lean.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.result import Result

REPEATS = 7
TOKENS = 474_068
BARS = {"/chain": 8_900, "/protocol": 8_350, "/feature": 8_250, "/context-prime": 3_900, "/meta": 16_300}
"""Tokens that the heaviest commands are to load once passes without loss have run."""

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
    return [*_speed(root), *_sizes(root)]


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
    note = "before any pass: what is reached by hard references"
    return [
        Result("tokens of the framework, cl100k", found.tokens, "tokens", None, "lower", note="474,068 said"),
        Result(
            "tokens that a command loads, median",
            statistics.median(loaded),
            "tokens",
            3_500,
            "lower",
            note=note,
        ),
        Result("tokens that a command loads, worst", loaded[-1], "tokens", 16_500, "lower", note=note),
        Result(
            "tokens of all commands together", found.commands_tokens, "tokens", 70_000, "lower", note=note
        ),
        *(
            Result(f"tokens that {name} loads", by_name[name], "tokens", bar, "lower", note=note)
            for name, bar in BARS.items()
        ),
        Result(
            "tokens that /meta loads with all of its routes",
            next(e.conditional_tokens for e in found.entries if e.name == "/meta"),
            "tokens",
            BARS["/meta"],
            "lower",
            note="the bar was set for a closure in which routes count as loaded: 27,824 by other rules",
        ),
    ]


_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in a unit of the peak that the operating system tells."""


def _timed(question: str, times: list[float], bar: float, note: str) -> Result:
    return Result(
        question, statistics.median(times), "s", bar, "lower", low=min(times), high=max(times), note=note
    )
