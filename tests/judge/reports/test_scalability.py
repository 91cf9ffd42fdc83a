"""The law of a load is told with its peak and what holds it back, or why it is not known."""

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.clock import SECOND_NS
from homeostat.judge.reports.report import Recording, Report, make_report
from homeostat.judge.reports.report_markdown import markdown
from homeostat.judge.reports.scalability import Scalability, scalability
from homeostat.judge.reports.workload import Load

STRETCHES = 600


def told(sigma: float, kappa: float, busy: tuple[float, float], seed: int = 1) -> Scalability:
    """Stretches of 10 s of a service of 20/s for one, whose durations are those of the law, with chance."""
    rng = np.random.default_rng(seed)
    n = rng.uniform(*busy, STRETCHES)
    rate = 20 * n / (1 + sigma * (n - 1) + kappa * n * (n - 1))
    counts = rng.poisson(10 * rate).astype(np.float64)
    each_s = n / rate * rng.gamma(counts + 1e-9, 1 / np.maximum(counts, 1))
    found = scalability(Load("answer", "epoch", 0, 10 * SECOND_NS, counts, counts * each_s))
    assert found is not None
    return found


def test_contention_and_the_peak_are_told() -> None:
    found = told(0.05, 0.002, (1, 30))
    assert found.peak == pytest.approx(21.8, rel=0.15)
    assert "throughput peaks at 2" in found.words
    assert "without what is done one at a time it would be" in found.words


def test_without_contention_none_is_told() -> None:
    words = [told(0.0, 0.0, (1, 12), seed=i).words for i in range(20)]
    assert sum("throughput still rises" in w for w in words) >= 18
    assert sum("nothing is proven to hold it back" in w for w in words) >= 17


def test_what_is_not_known_says_why() -> None:
    assert "at most 0." in told(0.05, 0.0, (0.1, 0.8)).words
    assert "are too close" in told(0.05, 0.0, (9, 10)).words
    short = scalability(Load("x", "epoch", 0, SECOND_NS, np.ones(40), np.ones(40)))
    assert short is not None
    assert "stretches with enough of it: 5 are needed" in short.words
    assert scalability(Load("x", "epoch", 0, SECOND_NS, np.ones(40))) is None


def test_the_report_tells_it_under_workload() -> None:
    load = Load("x", "epoch", 0, SECOND_NS, np.full(400, 5.0), np.full(400, 20.0))
    made = make_report(Recording("t", "s", (), loads=(load,)), 0, "0")
    (found,) = made.scalability
    assert found.words in markdown(made)


@given(
    counts=st.lists(st.floats(0, 1e9).map(np.floor), max_size=60),
    each_s=st.floats(0, 1e6),
    step_ns=st.sampled_from((10**6, SECOND_NS, 3_600 * SECOND_NS)),
)
def test_any_load_is_told_in_words(counts: list[float], each_s: float, step_ns: int) -> None:
    given_counts = np.array(counts * 5, dtype=np.float64)
    load = Load("x", "epoch", 0, step_ns, given_counts, given_counts * each_s)
    made = make_report(Recording("t", "s", (), loads=(load,)), 0, "0")
    assert made.workloads[0].words.endswith(".")
    text = msgspec.json.encode(made)
    assert msgspec.json.encode(msgspec.json.decode(text, type=Report)) == text
