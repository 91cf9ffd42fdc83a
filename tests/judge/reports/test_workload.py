"""A workload is told with what repeats, how evenly it comes and its bursts; of samples nothing is told."""

from pathlib import Path

import numpy as np

from homeostat.app.report.files import recording_of
from homeostat.app.report.html import html
from homeostat.app.report.loads import stored_loads
from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.metric import Kind
from homeostat.core.query import Frame
from homeostat.core.series import SeriesKey
from homeostat.judge.reports.report import Report, make_report
from homeostat.judge.reports.report_markdown import markdown
from homeostat.judge.reports.workload import Load, Workload, are_events, coarsened, load_of_events, workload
from homeostat.judge.tabular.read import read_table
from homeostat.judge.views.window import Window

MONDAY = 1_767_571_200 * 10**9  # 2026-01-05


def hourly(days: int, seed: int = 1, burst: tuple[int, float] | None = None) -> Workload:
    """A load of an hour's counts that is highest at 15:00."""
    hours = np.arange(24 * days)
    rate = 200 + 150 * np.cos((hours - 15) * 2 * np.pi / 24)
    counts = np.random.default_rng(seed).poisson(rate).astype(np.float64)
    if burst is not None:
        counts[burst[0]] += burst[1]
    return workload(Load("answer", "epoch", MONDAY, HOUR_NS, counts))


def test_a_daily_load_is_told_with_its_hour_and_strength() -> None:
    found = hourly(10)
    assert "repeats daily, 9" in found.repeats_words
    assert any(f"highest at {hour}:00 UTC" in found.words for hour in (14, 15, 16))
    assert found.dispersion_low is not None
    assert found.dispersion_high is not None
    assert found.dispersion_low < 1.1
    assert found.bursts == 0


def test_weekends_are_told_as_a_week_and_with_their_busiest_day() -> None:
    days = np.arange(7 * 8 * 24) // 24 % 7
    hours = np.arange(7 * 8 * 24) % 24
    rate = np.where(days < 5, 300.0, 60.0) * np.where((hours >= 8) & (hours < 18), 1.5, 0.5)
    rate[days == 2] *= 1.3
    counts = np.random.default_rng(2).poisson(rate).astype(np.float64)
    found = workload(Load("answer", "epoch", MONDAY, HOUR_NS, counts))
    assert "repeats weekly" in found.repeats_words
    assert "on Wednesday" in found.repeats_words


def test_a_burst_is_told_with_its_time_and_size() -> None:
    found = hourly(10, burst=(50, 900.0))
    assert found.bursts == 1
    assert "1 burst, the largest 2026-01-07 02:00" in found.words


def test_arrivals_by_chance_are_told_as_such_and_clustered_ones_as_bursts() -> None:
    rng = np.random.default_rng(3)
    told = [
        workload(Load("x", "epoch", MONDAY, MINUTE_NS, rng.poisson(20, 600).astype(np.float64)))
        for _ in range(40)
    ]
    assert sum("as even as chance" in w.words for w in told) >= 33
    assert sum("(a daily pattern is told from 3 days on)" in w.words for w in told) >= 37
    starts = np.repeat(np.sort(rng.uniform(0, 3600, 700)), 10) * 1e9
    clustered = load_of_events("x", "relative", starts.astype(np.int64))
    assert "comes in bursts" in workload(clustered).words
    paced = load_of_events("x", "relative", (np.arange(20_000) * 1.8e8).astype(np.int64))
    assert "more even than by chance" in workload(paced).words


def test_too_little_is_not_known_and_says_why() -> None:
    found = workload(Load("answer", "epoch", MONDAY, SECOND_NS, np.ones(12)))
    assert found.rate is None
    assert found.words == "answer: no pattern is known, since 12 counts are too few: 30 are needed."
    empty = workload(Load("answer", "epoch", MONDAY, SECOND_NS, np.zeros(50)))
    assert "there are no events" in empty.words


def test_samples_are_no_events_even_with_holes() -> None:
    rng = np.random.default_rng(4)
    days = np.array([d for d in range(200) if d % 7 < 5]) * DAY_NS
    assert not are_events(days)
    assert not are_events(np.sort(rng.choice(1_000, 700, replace=False)) * MINUTE_NS)
    assert are_events(np.sort(rng.integers(0, 3_600, 900)) * SECOND_NS)


def test_stretches_keep_what_was_counted() -> None:
    load = Load("x", "epoch", MONDAY, SECOND_NS, np.ones(36_000))
    found = coarsened(load)
    assert found.counts.size <= 2_000
    assert found.counts.sum() == 36_000


def frame(starts: np.ndarray, counts: np.ndarray) -> Frame:
    mean, *others = np.full((9, starts.size), 500.0)
    mean[starts == MONDAY + 60 * MINUTE_NS] = np.nan
    return Frame(starts, counts, mean, *others)


def test_of_a_store_the_operations_that_begin_a_trace_are_counted_in_whole_buckets() -> None:
    starts = MONDAY + MINUTE_NS * np.arange(100)
    counts = np.full(100, 7)
    window = Window("w", MONDAY, MONDAY + 100 * MINUTE_NS, MINUTE_NS, MONDAY + 100 * MINUTE_NS - 1)

    def key(operation: str, release: str = "") -> SeriesKey:
        attributes = (("operation", operation), ("release", release), ("service", "api"))
        return SeriesKey("operation.duration", Kind.HISTOGRAM, "ms", attributes)

    frames = {
        key("answer", "1"): frame(starts, counts),
        key("answer", "2"): frame(starts[50:], counts[50:]),
        key("search"): frame(starts, counts * 3),
    }
    (load,) = stored_loads(frames, window, {("answer", "api")})
    assert (load.title, load.start_ns) == ("answer", MONDAY + MINUTE_NS)
    assert load.counts.tolist() == [7.0] * 49 + [14.0] * 49
    assert load.busy_s is not None
    assert load.busy_s.tolist() == [3.5] * 49 + [7.0] * 10 + [0.0] + [7.0] * 38
    assert [found.title for found in stored_loads(frames, window, ())] == ["search", "answer"]


def report_of(path: Path, times_s: np.ndarray) -> Report:
    lines = [f"{t:.3f},{v:.1f}" for t, v in zip(times_s, np.linspace(90, 110, times_s.size), strict=True)]
    path.write_text("timestamp,latency_ms\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return make_report(recording_of([read_table(path)], {}, {}), MONDAY, "0")


def test_a_file_of_events_gets_a_section_in_every_rendering_and_one_of_samples_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    events = report_of(tmp_path / "events.csv", MONDAY / 1e9 + np.sort(rng.uniform(0, 7_200, 3_000)))
    (found,) = events.workloads
    assert found.words in markdown(events)
    assert "<h2>Workload</h2>" in html(events)
    assert found.words in html(events)
    samples = report_of(tmp_path / "samples.csv", MONDAY / 1e9 + 60.0 * np.arange(500))
    assert not samples.workloads
    assert "Workload" not in markdown(samples)


def test_moments_of_a_clock_that_ticks_seldom_do_not_repeat() -> None:
    rng = np.random.default_rng(12)
    ticks = np.repeat(np.arange(1_200), rng.poisson(10.0, 1_200)) * 3_000 - rng.integers(0, 2)
    load = load_of_events("rows", "relative", ticks * 10**6)
    assert load.step_ns % (3 * 10**9) == 0
    assert "nothing repeats" in workload(load).words
