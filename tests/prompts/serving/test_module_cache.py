"""What is served of modules is their files' content within the bound, and the tiers keep within theirs."""

import tempfile
import time
from pathlib import Path
from random import Random
from threading import Thread

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.prompts.serving.module_cache import ModuleCache
from homeostat.prompts.serving.serving_meter import ServingMeter
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

CHECK_NS = SECOND_NS
WARM, COLD = 6_000, 5_000
NAMES = st.sampled_from([f"{n}.md" for n in "abcdefgh"])
CONTENTS = st.tuples(st.sampled_from("xyz🙂"), st.sampled_from([0, 10, 500, 1_500])).map(
    lambda t: t[0] * t[1]
)


class RealTime(ManualClock):
    """Wall time is the machine's, as the files' times are; what is waited for is by hand."""

    def now_ns(self) -> int:
        return time.time_ns()


def cache_of(host: BareHost, warm: int = WARM, cold: int = COLD) -> ModuleCache:
    return ModuleCache((warm, cold), CHECK_NS, host.clock, ServingMeter(host, "p"), Random(1))


class Serving(RuleBasedStateMachine):
    """Files change, vanish and come back while modules are asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.root = Path(self.folder.name)
        self.clock = RealTime()
        self.host = BareHost(self.clock)
        self.cache = cache_of(self.host)
        self.past: dict[str, list[tuple[int, str | None]]] = {}
        self.sizes = WARM, COLD

    def teardown(self) -> None:
        self.folder.cleanup()

    @rule(name=NAMES, content=CONTENTS, replace=st.booleans())
    def write(self, name: str, content: str, replace: bool) -> None:
        file = self.root / (name + ".new" if replace else name)
        file.write_text(content)
        if replace:
            file.replace(self.root / name)
        self.past.setdefault(name, []).append((self.clock.monotonic_ns(), content))

    @rule(name=NAMES)
    def remove(self, name: str) -> None:
        (self.root / name).unlink(missing_ok=True)
        self.past.setdefault(name, []).append((self.clock.monotonic_ns(), None))

    @rule(seconds=st.sampled_from([0.3, 0.7, 2.0]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(warm=st.integers(0, WARM), cold=st.integers(0, COLD))
    def resize(self, warm: int, cold: int) -> None:
        self.sizes = warm, cold
        self.cache.resize(warm, cold)

    @rule(name=NAMES, expected=st.sampled_from([None, None, 0.5]))
    def ask(self, name: str, expected: float | None) -> None:
        past = self.past.get(name, [])
        there = past[-1][1] if past else None
        try:
            found = self.cache.get(("e", name), self.root, expected)
        except InputError:
            assert there is None
            return
        text = found.held.template.text
        if found.held.lost:
            assert None in self.within_bound(past)
            assert text in [content for _, content in past]
        else:
            assert text in self.within_bound(past)

    def within_bound(self, past: list[tuple[int, str | None]]) -> list[str | None]:
        """What the file held at any time since the bound began."""
        begin = self.clock.monotonic_ns() - CHECK_NS
        before = [content for at, content in past if at <= begin][-1:]
        return before + [content for at, content in past if at > begin]

    @invariant()
    def no_tier_is_over_its_size(self) -> None:
        used = self.cache.used_bytes
        assert used["warm"] <= self.sizes[0]
        assert used["cold"] <= self.sizes[1]


TestServing = Serving.TestCase
TestServing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@pytest.fixture
def host() -> BareHost:
    return BareHost(ManualClock(now_ns=time.time_ns() + 3_600 * SECOND_NS))


def test_a_file_that_did_not_change_is_looked_at_and_not_read(tmp_path: Path, host: BareHost) -> None:
    (tmp_path / "a.md").write_text("text")
    cache = cache_of(host)
    cache.get(("e", "a.md"), tmp_path)
    cost = cache.read_cost
    for _ in range(3):
        host.clock.advance(2.0)  # type: ignore[attr-defined]
        assert cache.get(("e", "a.md"), tmp_path).source == "warm"
    assert cache.read_cost is cost


def test_a_file_that_may_change_unseen_is_read_again(tmp_path: Path) -> None:
    clock = RealTime()
    cache = cache_of(BareHost(clock))
    (tmp_path / "a.md").write_text("text")
    cache.get(("e", "a.md"), tmp_path)
    cost = cache.read_cost
    clock.advance(2.0)
    assert cache.get(("e", "a.md"), tmp_path).source == "warm"
    assert cache.read_cost is not cost


def test_what_is_too_large_for_any_tier_is_served_and_not_deflated(tmp_path: Path, host: BareHost) -> None:
    (tmp_path / "a.md").write_text("".join(Random(1).choices("abcdefgh \n", k=200_000)))
    cache = cache_of(host)
    for _ in range(2):
        assert cache.get(("e", "a.md"), tmp_path).source == "file"
    assert cache.used_bytes == {"warm": 0, "cold": 0}


def test_what_does_not_fit_the_warm_tier_is_deflated_and_comes_back(tmp_path: Path, host: BareHost) -> None:
    for name in "abcd":
        (tmp_path / name).write_text(f"{name} says the same again and again\n" * 60)
    cache = cache_of(host, warm=4_000, cold=4_000)
    sources = []
    for name in "abcd" * 2:
        found = cache.get(("e", name), tmp_path)
        assert found.held.template.text.startswith(f"{name} says")
        sources.append(found.source)
    assert sources[:4] == ["file"] * 4
    assert set(sources[4:]) <= {"warm", "cold"}
    assert "cold" in sources


def test_reading_costs_are_learned(tmp_path: Path, host: BareHost) -> None:
    class Slow(ManualClock):
        def monotonic_ns(self) -> int:
            self.advance(0.004)
            return super().monotonic_ns()

    (tmp_path / "a.md").write_text("text")
    cache = ModuleCache(
        (WARM, COLD), CHECK_NS, Slow(), ServingMeter(host, "p"), Random(1), cpu_ns=lambda: 1_000
    )
    cache.get(("e", "a.md"), tmp_path)
    assert cache.read_cost.wall_ns == 4_000_000
    assert cache.read_cost.cpu_ns == 0


def test_who_misses_a_module_while_it_is_read_waits_until_it_is_held(tmp_path: Path, host: BareHost) -> None:
    key = ("e", "a.md")
    (tmp_path / "a.md").write_text("text")
    sources: list[str] = []
    rival = Thread(target=lambda: sources.append(cache.get(key, tmp_path).source))

    class Meter(ServingMeter):
        """Has somebody else ask between the reading of a module and its way into a tier."""

        def loaded_ahead(self, expected: float) -> None:
            rival.start()
            rival.join(0.2)

    cache = ModuleCache((WARM, COLD), CHECK_NS, host.clock, Meter(host, "p"), Random(1))
    assert cache.get(key, tmp_path, expected=0.5).source == "file"
    rival.join()
    assert sources == ["warm"]


def test_a_module_that_never_could_be_read_is_an_error_that_says_so(tmp_path: Path, host: BareHost) -> None:
    (tmp_path / "b.md").write_bytes(b"\0\1\2\0\0\7")
    cache = cache_of(host)
    with pytest.raises(InputError, match=r"a\.md cannot be read from .*: No such file"):
        cache.get(("e", "a.md"), tmp_path)
    with pytest.raises(InputError, match=r"b\.md is not text"):
        cache.get(("e", "b.md"), tmp_path)
