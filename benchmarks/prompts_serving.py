"""How fast is a command ready to send, and how much of what is asked for does the cache answer?

The library is modular-v3: 189 modules of 2.4 MB, 18 commands. All files come from the operating system's
memory. Times are the fastest of many rounds. What is asked for is told in `benchmarks.prompt_askings`.
"""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from random import Random

from benchmarks.prompt_askings import command_sequences, module_sequences, session
from benchmarks.result import Result
from benchmarks.timing import side_by_side
from homeostat import Homeostat
from homeostat.core.clock import SystemClock
from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.graph.understanding import understand
from homeostat.prompts.library.decoding import decode
from homeostat.prompts.library.library import Library, load_library
from homeostat.prompts.planning.loading_plan import loading_plan
from homeostat.prompts.planning.plan_file import NAME as PLAN
from homeostat.prompts.planning.plan_file import write_plan
from homeostat.prompts.serving.edition import Layer
from homeostat.prompts.serving.popularity import Popularity
from homeostat.prompts.serving.prompt_library import PromptLibrary
from homeostat.prompts.serving.serving_meter import TARGETS
from homeostat.prompts.serving.serving_settings import KB, ServingSettings
from homeostat.prompts.serving.template import compile_template, fill
from homeostat.prompts.serving.tier import Tier
from homeostat.runtime.cache.entry import Entry
from homeostat.runtime.cache.key import MemoryKey
from homeostat.runtime.cache.policies.choice import POLICIES
from homeostat.runtime.cache.policies.policy import Policy
from homeostat.testing.bare_host import BareHost

READY_BAR_MS, COLD_BAR_MS, RENDER_BAR_MS, HIT_BAR = 0.05, 2.0, 0.05, 0.85
TOTAL_KB = 256 + 512 + 1024
UNWATCHED = ServingSettings(check_every_s=3_600.0, ahead=False)
FOLD_EVERY = 1_000
PEERS = {"LRU": "lru", "S3-FIFO": "s3fifo", "W-TinyLFU": "tinylfu"}
"""The policies of the runtime's cache."""

JINJA = "Review {{ file }} for {{ who }}.\n" + "One line of a prompt among others.\n" * 260 + "{{ task }}\n"


def run(data: Path | None) -> list[Result]:
    """Return the figures, none where the library is absent."""
    root = None if data is None else data / "prompts" / "modular-v3"
    if data is None or root is None or not root.is_dir():
        return []
    library = load_library(root)
    return [
        *_ready(root, library),
        *_rendered(),
        *_hits(root, library, data / "traces"),
        *_tiers(root, library, data / "traces"),
        *_policies(library, data / "traces"),
        *_ahead(root, library),
        _parallel(root, library),
    ]


@contextmanager
def _served(root: Path, settings: ServingSettings = UNWATCHED) -> Iterator[tuple[PromptLibrary, BareHost]]:
    host = BareHost(SystemClock())
    with PromptLibrary(host, root, settings=settings, rng=Random(1)) as library:
        yield library, host


@contextmanager
def _planned(root: Path, library: Library) -> Iterator[Path]:
    """Return a copy of the library with a loading plan beside it."""
    understood = understand(library, load_styles())
    letters = {path: len(module.text) for path, module in library.modules.items()}
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "library"
        shutil.copytree(root, copy)
        write_plan(copy / PLAN, loading_plan(library, understood, letters, "letters"))
        yield copy


def _ready(root: Path, library: Library) -> list[Result]:
    with _planned(root, library) as planned:
        with Homeostat("benchmark", keep=False) as hs, PromptLibrary(hs, planned) as served:
            warm = {name: _warm(served, name) for name in served.names}
        cold, unplanned = _first_times(planned), _first_times(root)
        opened = _fastest(lambda: PromptLibrary(BareHost(SystemClock()), planned, settings=UNWATCHED), 20)
        walked = _fastest(lambda: PromptLibrary(BareHost(SystemClock()), root, settings=UNWATCHED), 20)
    note = "18 commands; `high` is the worst of them"
    return [
        _ms("command ready to send, warm", warm.values(), READY_BAR_MS, note),
        _ms("command ready to send, cold, with a loading plan", cold, COLD_BAR_MS, f"{note}; nothing loaded"),
        _ms("the same without a plan: references are looked for", unplanned, None, note),
        Result("opening a library with a loading plan", opened, "ms", None, "lower"),
        Result("opening one without: its folder is walked", walked, "ms", None, "lower"),
    ]


def _warm(served: PromptLibrary, name: str) -> float:
    return _fastest(lambda: served.prompt(name, "x"), 500)


def _first_times(root: Path) -> list[float]:
    """Return for each command the milliseconds of its first asking, the fastest of nine libraries."""
    times: dict[str, list[float]] = {}
    for _ in range(9):
        with _served(root) as (served, _):
            names = served.names
        for name in names:
            with _served(root) as (served, _):
                began = time.perf_counter_ns()
                served.prompt(name, "x")
                times.setdefault(name, []).append((time.perf_counter_ns() - began) / 1e6)
    return [min(found) for found in times.values()]


def _rendered() -> list[Result]:
    import jinja2

    values = {"file": "main.py", "who": "Ann", "task": "Be brief."}
    environment = jinja2.Environment(keep_trailing_newline=True)
    known = environment.from_string(JINJA)
    template = compile_template(JINJA)
    assert fill("p", template.parts, template.gaps, None, values)[0] == known.render(values)

    def ours_cold() -> int:
        cut = compile_template(JINJA)
        fill("p", cut.parts, cut.gaps, None, values)
        return 1

    def theirs_cold() -> int:
        jinja2.Environment(keep_trailing_newline=True).from_string(JINJA).render(values)
        return 1

    def ours() -> int:
        for _ in range(100):
            fill("p", template.parts, template.gaps, None, values)
        return 100

    def theirs() -> int:
        for _ in range(100):
            known.render(values)
        return 100

    found = side_by_side(
        {"ours": ours, "theirs": theirs, "ours, cold": ours_cold, "theirs, cold": theirs_cold}
    )
    size = f"{len(JINJA) / KB:.0f} KB, three gaps"
    return [
        Result(
            f"template render, {what}",
            found[ours_].best_ns / 1e6,
            "ms",
            bar,
            "lower",
            peer="Jinja2",
            ratio=found[theirs_].best_ns / found[ours_].best_ns,
            low=found[ours_].best_ns / 1e6,
            high=found[ours_].median_ns / 1e6,
            note=f"{size}; Jinja2 {found[theirs_].best_ns / 1e6:.3f} ms{note}",
        )
        for what, ours_, theirs_, bar, note in (
            ("warm", "ours", "theirs", RENDER_BAR_MS, ""),
            ("compiled anew", "ours, cold", "theirs, cold", None, ", imported before; 9.4 with its import"),
        )
    ]


class Peer:
    """A policy of the runtime's cache, by weights in bytes."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._entries: dict[MemoryKey, Entry] = {}

    def ask(self, key: str, size: int) -> bool:
        """Return whether it was there, and take it in."""
        known = self._entries.get(key)
        if known is not None:
            self._policy.touch((known,))
            return True
        entry = self._entries[key] = Entry(key, None, weight=size)
        for gone in self._policy.add(entry):
            del self._entries[gone.key]
        return False


class OneTier:
    """The policy of our tiers without their forms: one tier, sizes only."""

    def __init__(self, capacity_bytes: int) -> None:
        self._popularity: Popularity[str] = Popularity()
        self._tier: Tier[str, str] = Tier(capacity_bytes, self._popularity.score, Random(1))

    def ask(self, key: str, size: int) -> bool:
        """Return whether it was there, and take it in if it is worth it."""
        self._popularity.touch(key)
        if key in self._tier:
            return True
        self._tier.offer(key, key, size, self._popularity.score(key))
        return False


def _byte_ratio(ask: Callable[[str, int], bool], asked: Sequence[str], sizes: dict[str, int]) -> float:
    return sum(sizes[k] for k in asked if ask(k, sizes[k])) / sum(sizes[k] for k in asked)


def _hits(root: Path, library: Library, traces: Path) -> list[Result]:
    sizes = {path: module.size_bytes for path, module in library.modules.items()}
    results = []
    for name, asked in module_sequences(library, traces).items():
        with _served(root) as (served, host):
            for i, path in enumerate(asked):
                served.module(path)
                if i % FOLD_EVERY == 0:
                    host.registry.fold(i, i + 1)
                    host.tracer.drain()
            figures, used = served.figures, served.used_bytes
        lru = _byte_ratio(Peer(POLICIES["lru"](TOTAL_KB * KB)).ask, asked, sizes)
        ours = figures.hit_ratio
        assert ours is not None
        results.append(
            Result(
                f"bytes answered by the cache, {name}",
                ours,
                "of all",
                max(HIT_BAR, lru),
                "higher",
                note=f"LRU of the same {TOTAL_KB} KB, texts as in their files: {lru:.3f}; "
                f"{sum(used.values()) / KB:.0f} KB of memory were used",
            )
        )
    return results


def _tiers(root: Path, library: Library, traces: Path) -> list[Result]:
    """The three tiers on whole commands: by the Azure trace, and by Zipf with all that they may need."""
    results = []
    by: tuple[tuple[str, Layer], ...] = (("the Azure trace", "critical"), ("Zipf 0.9", "on_demand"))
    with _planned(root, library) as planned:
        for source, layer in by:
            settings = replace(UNWATCHED, layer=layer)
            with _served(planned, settings) as (served, _):
                letters = {name: len(served.prompt(name, "x").text) for name in served.names}
            asked = command_sequences(letters, traces).get(source, [])
            with _served(planned, settings) as (served, host):
                for i, name in enumerate(asked):
                    served.prompt(name, "x")
                    if i % FOLD_EVERY == 0:
                        host.registry.fold(i, i + 1)
                        host.tracer.drain()
                figures = served.figures
            results += [
                Result(
                    f"bytes answered by the {tier} tier, commands by {source}, layer {layer}",
                    found.hit_ratio or 0.0,
                    "of what comes",
                    None,
                    "higher",
                    note=f"target {TARGETS[tier]}; {found.asked_bytes / 1e6:.1f} MB came to it",
                )
                for tier, found in figures.tiers.items()
                if asked
            ]
    return results


def _policies(library: Library, traces: Path) -> list[Result]:
    """The policy without the forms, in a cache that is too small by far."""
    sizes = {path: module.size_bytes for path, module in library.modules.items()}
    results = []
    for name, asked in module_sequences(library, traces).items():
        for size_kb in (256, 768):
            ours = _byte_ratio(OneTier(size_kb * KB).ask, asked, sizes)
            peers = {
                peer: _byte_ratio(Peer(POLICIES[policy](size_kb * KB)).ask, asked, sizes)
                for peer, policy in PEERS.items()
            }
            results.append(
                Result(
                    f"the policy alone, {size_kb} KB, {name}",
                    ours,
                    "of all",
                    peers["LRU"],
                    "higher",
                    peer="LRU",
                    ratio=ours / peers["LRU"],
                    note=", ".join(f"{peer} {ratio:.3f}" for peer, ratio in peers.items()),
                )
            )
    return results


class SlowFiles(SystemClock):
    """A clock by which each read of a file takes 5 ms more than it does, as from a network."""

    def __init__(self) -> None:
        self._more_ns = 0

    def monotonic_ns(self) -> int:
        """Return the time, 5 ms later with each look at it."""
        self._more_ns += 5_000_000
        return time.perf_counter_ns() + self._more_ns


def _ahead(root: Path, library: Library) -> list[Result]:
    """Eight sessions of commands, and of what they may need, in a cache that is too small by far."""
    understood = understand(library, load_styles())
    needs = [
        [entry.path, *understood.graph.following(entry.path, ["conditional"])] for entry in understood.entries
    ]
    waited: dict[bool, float] = {}
    loads = 0
    for ahead in (False, True):
        rng = Random(7)
        sessions = [session(needs, rng) for _ in range(8)]
        host = BareHost(SlowFiles())
        small = ServingSettings(hot_kb=16, warm_kb=128, cold_kb=64, check_every_s=1e6, ahead=ahead)
        with PromptLibrary(host, root, settings=small, rng=Random(1)) as served:
            sources = []
            for i in range(4_000):
                who = rng.randrange(len(sessions))
                sources.append(served.module(next(sessions[who]), session=who).source)
                served.settle()
                if i % FOLD_EVERY == 0:
                    host.registry.fold(i, i + 1)
                    host.tracer.drain()
            waited[ahead] = sources.count("file") / len(sources)
            loads = served.figures.loaded_ahead
    return [
        Result(
            "askings that wait for a file, loading ahead from slow files",
            waited[True],
            "of all",
            waited[False],
            "lower",
            peer="loading on demand",
            ratio=waited[False] / waited[True],
            note=f"on demand {waited[False]:.3f}; {loads} modules loaded ahead for 4,000 askings; sessions "
            "are made: commands by Zipf 0.9, each of their conditional modules read with probability 0.7",
        )
    ]


def _parallel(root: Path, library: Library) -> Result:
    files = [root / path for path in library.modules]

    def read(file: Path) -> int:
        found = decode(file.read_bytes())
        return 0 if found is None else len(found[0])

    def serial() -> int:
        for file in files:
            read(file)
        return 1

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read, files))

        def threads() -> int:
            list(pool.map(read, files))
            return 1

        found = side_by_side({"serial": serial, "threads": threads})
    return Result(
        "reading 189 files one after another",
        found["serial"].best_ns / 1e6,
        "ms",
        None,
        "lower",
        peer="8 threads",
        ratio=found["threads"].best_ns / found["serial"].best_ns,
        low=found["serial"].best_ns / 1e6,
        high=found["serial"].median_ns / 1e6,
        note=f"8 threads {found['threads'].best_ns / 1e6:.1f} ms; 7.5 and 6.7 ms were measured elsewhere",
    )


def _fastest(work: Callable[[], object], rounds: int) -> float:
    """Return the milliseconds of the fastest round."""
    best = min(_timed(work) for _ in range(rounds))
    return best / 1e6


def _timed(work: Callable[[], object]) -> int:
    began = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - began


def _ms(question: str, values: Iterable[float], bar: float | None, note: str) -> Result:
    found = sorted(values)
    return Result(question, found[-1], "ms", bar, "lower", low=found[0], high=found[-1], note=note)
