from collections.abc import Iterable, Iterator, Mapping

import pytest

from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError
from homeostat.core.losses import Losses
from homeostat.observe.catalogue import load_catalogue
from homeostat.observe.collectors.collector import Collector, Measured, Reading, Unavailable, Waiting
from homeostat.observe.collectors.runner import ROUNDS_SKIPPED_MAX, Collectors
from homeostat.observe.registry import Registry


class Scripted:
    """A collector named like a real one, which gives what it is told to, or fails."""

    def __init__(
        self, name: str = "cpu", readings: Iterable[Reading] = (), missing: str | None = None
    ) -> None:
        self.name = name
        self.waits_for: Mapping[str, str] = {}
        self.readings = tuple(readings)
        self.missing = {} if missing is None else {"process.cpu.usage": missing}
        self.error: Exception | None = None
        self.asked = 0
        self.closed = False

    def collect(self, now_ns: int) -> Iterator[Reading]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        yield from self.readings

    def unavailable(self) -> Mapping[str, str]:
        return self.missing

    def close(self) -> None:
        self.closed = True


class Bench:
    def __init__(self, *collectors: Collector) -> None:
        self.losses = Losses()
        self.registry = Registry(self.losses)
        self.runner = Collectors(
            collectors, self.registry, self.losses, load_catalogue(), SystemClock(), {"service": "shop"}
        )


USAGE = Reading("process.cpu.usage", 0.5)


def test_readings_are_recorded_with_the_kind_and_unit_of_the_catalogue_and_the_service() -> None:
    bench = Bench(Scripted(readings=[USAGE]))
    bench.runner.collect()
    assert bench.registry.snapshot("process.cpu.usage", {"service": "shop"}).count == 0  # not folded yet
    keys = {p.series.metric: p.series for p in bench.registry.fold(0, 1)}
    key = keys["process.cpu.usage"]
    assert (key.kind, key.unit, key.attributes) == ("gauge", "cores", (("service", "shop"),))


def test_attributes_of_a_reading_go_before_those_of_the_runner() -> None:
    bench = Bench(Scripted(readings=[Reading("process.cpu.usage", 1.0, (("service", "child"),))]))
    bench.runner.collect()
    points = [p for p in bench.registry.fold(0, 1) if p.series.metric == "process.cpu.usage"]
    assert [p.series.get("service") for p in points] == ["child"]


def test_the_cost_of_each_collector_is_recorded_each_round() -> None:
    bench = Bench(Scripted("cpu"), Scripted("memory"))
    bench.runner.collect()
    bench.runner.collect()
    points = bench.registry.fold(0, 1)
    costs = {
        p.series.get("collector"): p for p in points if p.series.metric == "homeostat.collector.duration"
    }
    assert {name: p.moments.count for name, p in costs.items()} == {"cpu": 2, "memory": 2}
    assert all(p.moments.minimum >= 0 for p in costs.values())


def test_a_failing_collector_is_counted_and_its_metrics_say_why_while_others_go_on() -> None:
    failing, sound = Scripted("cpu"), Scripted("memory", [Reading("process.memory.usage", 7.0)])
    failing.error = PermissionError("no")
    bench = Bench(failing, sound)
    bench.runner.collect()
    states = bench.runner.state()
    assert bench.losses.totals() == {"internal_error.collector.cpu": 1}
    assert states["process.cpu.usage"] == Unavailable("its collector failed: PermissionError: no")
    assert isinstance(states["process.memory.usage"], Measured)


def test_a_failing_collector_is_tried_ever_more_rarely_but_never_given_up() -> None:
    failing = Scripted()
    failing.error = OSError("gone")
    bench = Bench(failing)
    asked = []
    for round_number in range(400):
        before = failing.asked
        bench.runner.collect()
        if failing.asked > before:
            asked.append(round_number)
    assert asked[:4] == [0, 2, 5, 10]
    assert asked[-1] - asked[-2] == ROUNDS_SKIPPED_MAX + 1


def test_a_collector_that_recovers_is_measured_again() -> None:
    collector = Scripted(readings=[USAGE])
    collector.error = OSError("gone")
    bench = Bench(collector)
    bench.runner.collect()
    collector.error = None
    bench.runner.collect()
    bench.runner.collect()
    state = bench.runner.state()["process.cpu.usage"]
    assert isinstance(state, Measured)
    assert state.values == {(): 0.5}


def test_what_the_machine_cannot_give_is_unavailable_with_its_reason_and_never_zero() -> None:
    bench = Bench(Scripted(missing="the kernel hides it"))
    bench.runner.collect()
    assert bench.runner.state()["process.cpu.usage"] == Unavailable("the kernel hides it")
    assert "process.cpu.usage" not in {p.series.metric for p in bench.registry.fold(0, 1)}


def test_what_has_no_value_yet_says_what_it_waits_for() -> None:
    collector = Scripted()
    bench = Bench(collector)
    assert bench.runner.state()["process.cpu.usage"] == Waiting("its second round")
    collector.waits_for = {"process.cpu.usage": "the moon"}
    assert bench.runner.state()["process.cpu.usage"] == Waiting("the moon")


def test_state_names_collectors_that_do_not_run() -> None:
    reason = Bench().runner.state()["gpu.utilization"]
    assert reason == Unavailable("the collector 'gpu' does not run here")


def test_a_metric_outside_the_catalogue_is_a_failure_that_names_it() -> None:
    bench = Bench(Scripted(readings=[Reading("cpu.surprise", 1.0)]))
    bench.runner.collect()
    state = bench.runner.state()["process.cpu.usage"]
    assert isinstance(state, Unavailable)
    assert "'cpu.surprise'" in state.reason


def test_two_collectors_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigError, match="a name of its own"):
        Bench(Scripted(), Scripted())


def test_an_interval_that_makes_no_sense_is_refused() -> None:
    losses = Losses()
    with pytest.raises(ConfigError, match=r"not 0\.0"):
        Collectors([], Registry(losses), losses, load_catalogue(), SystemClock(), {}, 0.0)


def test_the_thread_asks_at_once_and_close_ends_it_and_closes_the_collectors() -> None:
    collector = Scripted()
    bench = Bench(collector)
    bench.runner.start()
    bench.runner.start()
    bench.runner.close()
    assert collector.asked == 1
    assert collector.closed
