"""A report tells what is in the numbers, in the same words in every rendering."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.app.report.files import compare_tables, recording_of
from homeostat.core.finding import Course, FindingKind
from homeostat.core.metric import Better
from homeostat.core.span import Span
from homeostat.judge.findings.search import findings
from homeostat.judge.findings.subject import Subject, subject_of_readings
from homeostat.judge.reports.bottleneck import BottleneckSeverity, bottlenecks
from homeostat.judge.reports.outlook import outlook
from homeostat.judge.reports.report import Report, make_report
from homeostat.judge.reports.report_markdown import cell, markdown
from homeostat.judge.tabular.read import read_table
from homeostat.judge.tabular.readings import Buffer
from homeostat.observe.catalogue import load_catalogue

MINUTE = 60 * 10**9
START = 1_767_225_600 * 10**9  # 2026-01-01


def subject(values: np.ndarray, name: str = "latency", better: Better = Better.LOWER) -> Subject:
    buffer = Buffer(0)
    buffer.add(START + MINUTE * np.arange(values.size, dtype=np.int64), values, 10**6)
    return subject_of_readings(buffer.readings(name, (), "ms", "epoch"), said={name: better})


def write(path: Path, **columns: np.ndarray) -> Path:
    n = len(next(iter(columns.values())))
    rows = zip(*columns.values(), strict=True)
    lines = [
        f"{1_767_225_600 + 60 * i}," + ",".join(map(str, row)) for i, row in zip(range(n), rows, strict=True)
    ]
    path.write_text("timestamp," + ",".join(columns) + "\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def report_of(path: Path, baseline: Path | None = None) -> Report:
    metrics = load_catalogue()
    table = read_table(path)
    comparison = compare_tables(read_table(baseline), table, metrics, {}) if baseline else None
    return make_report(recording_of([table], metrics, {}, comparison), START, "0")


def test_a_jump_is_told_with_its_time_and_size_and_not_as_a_trend() -> None:
    rng = np.random.default_rng(1)
    values = rng.normal(100, 5, 400)
    values[250:] *= 1.3
    found = findings([subject(values)])
    (jump,) = [f for f in found if f.kind is FindingKind.CHANGE]
    assert jump.course is Course.WORSE
    assert jump.at_ns is not None
    assert abs(jump.at_ns - (START + 250 * MINUTE)) <= 2 * MINUTE
    assert jump.size == pytest.approx(0.3, abs=0.03)
    assert "rose from" in jump.words
    assert not [f for f in found if f.kind is FindingKind.TREND]


def test_a_slow_rise_is_a_trend() -> None:
    rng = np.random.default_rng(2)
    values = np.linspace(100, 130, 300) + rng.normal(0, 6, 300)
    kinds = {f.kind: f for f in findings([subject(values, better=Better.HIGHER)])}
    assert kinds[FindingKind.TREND].course is Course.BETTER
    assert kinds[FindingKind.TREND].size == pytest.approx(0.3, abs=0.1)


def test_in_noise_hardly_anything_is_found() -> None:
    rng = np.random.default_rng(3)
    told = sum(
        any(
            f.kind in (FindingKind.CHANGE, FindingKind.TREND)
            for f in findings([subject(rng.normal(10, 1, 300))])
        )
        for _ in range(40)
    )
    assert told <= 8


def test_a_season_is_taken_off_before_jumps_are_looked_for() -> None:
    rng = np.random.default_rng(4)
    values = 100 + 30 * np.sin(np.arange(720) * 2 * np.pi / 60) + rng.normal(0, 2, 720)
    found = findings([subject(values)])
    (season,) = [f for f in found if f.kind is FindingKind.SEASON]
    assert season.at_words in ("every 59 min", "every 60 min", "every 61 min")
    assert not [f for f in found if f.kind is FindingKind.CHANGE]


def test_metrics_that_move_together_are_told_with_the_one_that_is_first() -> None:
    rng = np.random.default_rng(5)
    load = rng.normal(50, 5, 400)
    latency = 2 * np.roll(load, 3) + rng.normal(0, 2, 400)
    pairs = [
        f for f in findings([subject(load, "load"), subject(latency)]) if f.kind is FindingKind.CORRELATION
    ]
    assert pairs[0].words.startswith("load moves first, and latency 3 min later")


def test_a_forecast_tells_when_the_limit_is_reached() -> None:
    rng = np.random.default_rng(6)
    values = 1_050 + 4.2 * np.arange(220) + rng.normal(0, 10, 220)
    buffer = Buffer(0)
    buffer.add(START + MINUTE * np.arange(220, dtype=np.int64), values, 10**6)
    metrics = load_catalogue()
    readings = buffer.readings("operation.duration", (), "ms", "epoch")
    found = outlook(subject_of_readings(readings, metrics))
    assert found.reached
    assert "it reaches its limit < 2 s in" in found.words


def test_too_short_a_line_has_no_forecast_and_says_so() -> None:
    found = outlook(subject(np.arange(5.0)))
    assert found.point == ()
    assert found.words.startswith("latency: no forecast, since 5 values are too few")


def spans(i: int, chat_ms: int) -> list[Span]:
    trace, root = i.to_bytes(16), b"root" + i.to_bytes(4)
    begin, ms = START + i * MINUTE, 10**6
    whole = Span(trace, root, b"", "answer", "answer", "s", "server", begin, (chat_ms + 20) * ms)
    chat = Span(
        trace, b"chat" + i.to_bytes(4), root, "chat", "chat", "s", "client", begin + 10 * ms, chat_ms * ms
    )
    return [whole, chat]


def test_the_bottleneck_is_what_traces_wait_for_and_its_gain_is_half_its_share() -> None:
    rng = np.random.default_rng(7)
    first, second = bottlenecks([spans(i, int(rng.integers(70, 90))) for i in range(40)])
    assert (first.operation, first.severity) == ("chat", BottleneckSeverity.SEVERE)
    assert first.share == pytest.approx(0.8, abs=0.01)
    assert first.share_low is not None
    assert first.share_high is not None
    assert first.share_low < first.share < first.share_high
    assert first.gain == pytest.approx(first.share / 2)
    assert second.operation == "answer"
    assert bottlenecks([]) == ()


@pytest.fixture
def compared(tmp_path: Path) -> Report:
    rng = np.random.default_rng(8)
    after = rng.lognormal(4, 0.3, 600)
    after[400:] *= 1.5
    first = write(
        tmp_path / "before.csv", latency_ms=rng.lognormal(4, 0.3, 600), quality=rng.uniform(0.9, 1, 600)
    )
    second = write(tmp_path / "after.csv", latency_ms=after, quality=rng.uniform(0.9, 1, 600))
    return report_of(second, first)


def test_the_first_recommendation_has_the_largest_gain(compared: Report) -> None:
    gains = [r.gain for r in compared.recommendations if r.gain is not None]
    assert gains == sorted(gains, reverse=True)
    assert compared.recommendations[0].action.startswith("Find what changed at 2026-01-01 06:")


def test_markdown_has_the_words_of_the_report(compared: Report) -> None:
    text = markdown(compared)
    for sentence in compared.summary:
        assert cell(sentence) in text
    for m in compared.metrics:
        assert m.value_words in text
        assert m.interval_words in text
    assert compared.comparison is not None
    for row in compared.comparison.rows:
        assert row.change_words in text
    widths = {
        line.count("|") - line.count("\\|")
        for line in text.splitlines()
        if line.startswith("| latency_ms | ")
    }
    assert len(widths) <= 3


def test_json_comes_back_as_the_same_report(compared: Report) -> None:
    text = msgspec.json.encode(compared)
    assert msgspec.json.encode(msgspec.json.decode(text, type=Report)) == text
    assert json.loads(text)["metrics"][0]["value_words"] == compared.metrics[0].value_words


@given(values=st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=80))
def test_any_series_gives_a_report(values: list[float]) -> None:
    from homeostat.judge.reports.report import Recording

    made = make_report(Recording("t", "s", (subject(np.array(values)),)), START, "0")
    assert made.metrics[0].n == len(values)
    assert markdown(made)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 100])
def test_constants_and_short_series_give_a_report(n: int) -> None:
    from homeostat.judge.reports.report import Recording

    made = make_report(Recording("t", "s", (subject(np.full(n, 5.0)),)), START, "0")
    assert made.metrics[0].value_words == "5 ms"
    assert made.summary[0] == f"1 metric with {n} value{'s' * (n > 1)}."
    assert not made.findings


def test_an_empty_recording_says_that_there_is_nothing() -> None:
    from homeostat.judge.reports.report import Recording

    made = make_report(Recording("t", "s", ()), START, "0")
    assert made.summary == ("Nothing was measured, so there is nothing to report.",)
    assert "nothing was measured" in markdown(made)
