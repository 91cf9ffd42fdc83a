"""Claims about the registry."""

import threading

import pytest

from homeostat.core.errors import ConfigError
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.observe.registry import Registry


def registry(losses: Losses | None = None, series_max: int = 1_000) -> Registry:
    return Registry(losses or Losses(), series_max)


def test_the_same_attributes_in_any_order_are_one_series() -> None:
    r = registry()
    a = r.recorder("m", Kind.HISTOGRAM, "ms", {"x": 1, "y": "b"})
    assert r.recorder("m", Kind.HISTOGRAM, "ms", {"y": "b", "x": "1"}) is a


def test_kind_and_unit_are_part_of_a_series() -> None:
    r = registry()
    a = r.recorder("m", Kind.HISTOGRAM, "ms", {})
    assert r.recorder("m", Kind.COUNTER, "ms", {}) is not a
    assert r.recorder("m", Kind.HISTOGRAM, "s", {}) is not a


def test_series_beyond_the_bound_share_one_that_says_so_and_are_counted() -> None:
    losses = Losses()
    r = registry(losses, series_max=3)
    for user in range(10):
        r.recorder("m", Kind.COUNTER, "1", {"user": user}).buffer.append(1.0)
    points = {p.series.attributes: p.moments.total for p in r.fold(0, 1)}
    assert points == {
        (("user", "0"),): 1.0,
        (("user", "1"),): 1.0,
        (("user", "2"),): 1.0,
        (("overflow", "true"),): 7.0,
    }
    assert losses.totals() == {"record.series_limit": 7}


def test_the_bound_holds_for_each_metric_by_itself() -> None:
    losses = Losses()
    r = registry(losses, series_max=1)
    for metric in ("a", "b", "c"):
        r.recorder(metric, Kind.GAUGE, "1", {"x": 1})
    assert losses.totals() == {}


def test_known_series_stay_reachable_once_the_bound_is_hit() -> None:
    r = registry(series_max=1)
    first = r.recorder("m", Kind.GAUGE, "1", {"x": 1})
    r.recorder("m", Kind.GAUGE, "1", {"x": 2})
    assert r.recorder("m", Kind.GAUGE, "1", {"x": 1}) is first


def test_threads_that_ask_at_once_get_one_recorder() -> None:
    r = registry()
    found: list[object] = []
    begin = threading.Barrier(8)

    def ask() -> None:
        begin.wait()
        found.extend(r.recorder("m", Kind.HISTOGRAM, "ms", {"n": n}) for n in range(200))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, found))) == 200


def test_a_fold_returns_only_series_that_had_values() -> None:
    r = registry()
    r.recorder("quiet", Kind.GAUGE, "1", {})
    r.recorder("loud", Kind.GAUGE, "1", {}).buffer.append(2.0)
    assert [p.series.metric for p in r.fold(5, 6)] == ["loud"]
    assert r.fold(6, 7) == ()


@pytest.mark.parametrize("name", ["", None, 3])
def test_a_metric_without_a_name_is_refused(name: object) -> None:
    with pytest.raises(ConfigError, match="metric's name"):
        registry().recorder(name, Kind.GAUGE, "1", {})  # type: ignore[arg-type]


def test_a_bound_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="series_max must be at least 1, not 0"):
        registry(series_max=0)
