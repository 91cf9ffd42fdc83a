from homeostat.core.clock import SECOND_NS
from homeostat.core.query import StoreSize
from homeostat.observe.collectors.store import StoreCollector


def values(collector: StoreCollector, second: int) -> dict[str, float]:
    return {r.metric.removeprefix("homeostat.store."): r.value for r in collector.collect(second * SECOND_NS)}


def test_the_store_is_asked_each_10_s() -> None:
    collector = StoreCollector(lambda: StoreSize(100, 400, 50, 3, 2, 1))
    expected = {"size": 100, "points": 3, "spans": 2, "series": 1, "compression_ratio": 8.0}
    assert [values(collector, s) for s in (0, 9, 10)] == [expected, {}, expected]


def test_a_store_without_compressed_numbers_has_no_ratio_and_waits_for_it() -> None:
    collector = StoreCollector(lambda: StoreSize(100, 0, 0, 3, 2, 1))
    assert "compression_ratio" not in values(collector, 0)
    assert "homeostat.store.compression_ratio" in collector.waits_for


def test_growth_is_told_after_three_minutes() -> None:
    sizes = iter(range(0, 100_000, 1_000))
    collector = StoreCollector(lambda: StoreSize(next(sizes), 0, 0, 0, 0, 0))
    growths = [values(collector, s).get("growth") for s in range(0, 210, 10)]
    assert growths[:19] == [None] * 19
    assert growths[-1] == 100.0
