from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.running_total import Beat, Increases, Level


def test_the_first_look_at_a_total_gives_no_increase() -> None:
    increases = Increases()
    assert increases.of("a", 10) is None
    assert increases.of("a", 12) == 2
    assert increases.of("b", 5) is None


def test_a_total_that_was_reset_gives_no_increase_and_starts_again() -> None:
    increases = Increases()
    assert [increases.of("a", total) for total in (10, 3, 4)] == [None, None, 1]


def test_a_beat_is_due_at_once_and_then_once_a_period() -> None:
    beat = Beat(5)
    assert [s for s in range(12) if beat.due(s * SECOND_NS)] == [0, 5, 10]


def test_a_level_gives_its_slope_a_second() -> None:
    level = Level(100)
    for i in range(40):
        level.add(i * SECOND_NS // 2, 3.0 * i)
    assert level.trend().slope == 6.0


def test_a_level_without_values_has_an_unknown_trend() -> None:
    assert Level(100).trend().direction == "unknown"


def test_a_level_keeps_no_more_than_its_samples() -> None:
    level = Level(10)
    for i in range(1_000):
        level.add(i, float(i))
    assert len(level) == 10
