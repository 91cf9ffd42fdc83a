import asyncio
import gc
from pathlib import Path

import pytest

from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.query import StoreSize
from homeostat.observe.catalogue import COLLECTORS, load_catalogue
from homeostat.observe.collectors.collector import Measured, State, Waiting
from homeostat.observe.collectors.machine import machine_collectors
from homeostat.observe.collectors.runner import Collectors
from homeostat.observe.registry import Registry
from homeostat.testing.clock import ManualClock

ROUNDS = 205


class Watched:
    """All collectors of this machine, run over more than three minutes of a clock that is moved by hand."""

    def __init__(self, folder: Path) -> None:
        self.losses = Losses()
        self.registry = Registry(self.losses)
        self.catalogue = load_catalogue()
        clock = ManualClock()
        sizes = iter(range(ROUNDS))
        made = machine_collectors(self.losses, folder, lambda: StoreSize(next(sizes), 9, 3, 1, 1, 1))
        runner = Collectors(made.all, self.registry, self.losses, self.catalogue, clock, {"service": "test"})

        async def program() -> None:
            made.event_loop.attach(asyncio.get_running_loop())
            await asyncio.sleep(0.15)
            for second in range(ROUNDS):
                if second < 40:
                    gc.collect()
                runner.collect()
                clock.advance(1.0)
            self.state: dict[str, State] = runner.state()

        asyncio.run(program())
        self.points = self.registry.fold(0, 1)
        runner.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Watched:
    gc.freeze()
    try:
        return Watched(tmp_path_factory.mktemp("disk"))
    finally:
        gc.unfreeze()


def test_every_metric_that_a_collector_promises_is_measured_or_says_why_not(watched: Watched) -> None:
    promised = {m.name for m in watched.catalogue.values() if m.collector in (*COLLECTORS, "collectors")}
    assert set(watched.state) == promised
    assert {name for name, state in watched.state.items() if isinstance(state, Waiting)} <= {
        "system.disk.latency"  # a machine may leave its disks alone
    }


def test_no_collector_fails_here(watched: Watched) -> None:
    assert watched.losses.totals() == {}


def test_what_is_measured_is_recorded_and_what_is_not_has_no_series(watched: Watched) -> None:
    recorded = {p.series.metric for p in watched.points}
    measured = {name for name, state in watched.state.items() if isinstance(state, Measured)}
    assert measured == recorded


def test_series_carry_kind_and_unit_of_the_catalogue_and_the_service(watched: Watched) -> None:
    for point in watched.points:
        metric = watched.catalogue[point.series.metric]
        assert (point.series.kind, point.series.unit) == (metric.kind, metric.unit)
        assert point.series.get("service") == "test"


def test_ratios_lie_between_0_and_1_and_counters_never_fall(watched: Watched) -> None:
    for point in watched.points:
        if point.series.unit == "ratio":
            assert 0.0 <= point.moments.minimum <= point.moments.maximum <= 1.0, point.series
        if point.series.kind is Kind.COUNTER:
            assert point.moments.minimum >= 0.0, point.series


def test_the_cost_of_every_collector_is_known(watched: Watched) -> None:
    costs = {
        p.series.get("collector") for p in watched.points if p.series.metric == "homeostat.collector.duration"
    }
    assert costs == set(COLLECTORS)


def test_a_collector_that_cannot_be_made_is_counted_and_the_others_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("no")

    monkeypatch.setattr("homeostat.observe.collectors.machine.GpuCollector", broken)
    losses = Losses()
    made = machine_collectors(losses, tmp_path)
    assert losses.totals() == {"internal_error.collector.gpu": 1}
    assert "cpu" in {c.name for c in made.all}
    for collector in made.all:
        collector.close()
