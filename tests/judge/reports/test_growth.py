"""The outlook tells by which curve a metric grows, where that leads, or why it is not known."""

from dataclasses import replace

import numpy as np
import pytest

from homeostat.core.metric import Better
from homeostat.judge.findings.subject import Subject, subject_of_readings
from homeostat.judge.reports.growth import growth_words
from homeostat.judge.reports.outlook import outlook
from homeostat.judge.tabular.readings import Buffer

HOUR = 3_600 * 10**9
GIB = 2.0**30
U = np.linspace(0, 1, 200)


def memory(gib: np.ndarray, noise: float = 0.03, seed: int = 1, name: str = "memory.used") -> Subject:
    """Hourly values of a metric that is better low."""
    values = GIB * (gib + np.random.default_rng(seed).normal(0, noise, gib.size))
    buffer = Buffer(0)
    buffer.add(HOUR * np.arange(gib.size, dtype=np.int64), values, 10**6)
    return subject_of_readings(buffer.readings(name, (), "bytes", "epoch"), said={name: Better.LOWER})


def limited(subject: Subject, gib: float) -> Subject:
    return replace(subject, target=gib * GIB, limit_words=f"< {gib:g} GiB")


@pytest.mark.parametrize(
    ("gib", "curve"),
    [
        (1 + U, "it grows steadily, by 12"),
        (0.3 * np.exp(2 * U), "it grows exponentially, doubling every 2.8 days to 2.9 days"),
        (3 / (1 + np.exp(-10 * (U - 0.4))), "it grows towards a ceiling of [2.99, 3.00] GiB"),
    ],
)
def test_the_curve_is_told_with_its_projection(gib: np.ndarray, curve: str) -> None:
    found = outlook(memory(gib))
    assert found.growth_words.startswith(curve)
    assert " in 4.2 days" in found.growth_words
    assert found.growth_words in found.words


def test_a_limit_is_told_where_the_curve_reaches_it_and_not_where_it_ends_before() -> None:
    grows = memory(0.3 * np.exp(2 * U))
    assert ", reaching its limit < 3 GiB in 30 h (" in growth_words(limited(grows, 3))
    assert "reaching" not in growth_words(limited(grows, 20))


def test_nothing_is_told_of_what_does_not_grow_or_has_no_limit() -> None:
    assert growth_words(memory(2 + 0 * U)) == ""
    assert growth_words(memory(2 - U)) == ""
    assert growth_words(memory(1 + U, name="heap")) == ""
    assert growth_words(limited(memory(1 + U, name="heap"), 9)) != ""
    assert sum(growth_words(memory(50 + 0 * U, noise=0.3, seed=i)) != "" for i in range(40)) <= 2


def test_random_walks_and_jumps_are_seldom_taken_for_curves() -> None:
    walks = [
        memory(50 + np.cumsum(np.random.default_rng(100 + i).normal(0, 0.3, 200)), noise=0) for i in range(40)
    ]
    assert sum(growth_words(w).startswith("it") for w in walks) <= 6
    jumps = [memory(np.where(U < 0.6, 1.0, 1.5), noise=0.05, seed=i) for i in range(20)]
    assert sum(growth_words(j).startswith("it") for j in jumps) <= 4


def test_what_repeats_grows_by_the_means_of_its_seasons_once_there_are_enough() -> None:
    hours = np.arange(24 * 30)
    season = 0.3 * np.sin(hours * 2 * np.pi / 24)
    long = 1 + hours / 720 + season
    told = [growth_words(memory(long, seed=i)) for i in range(12)]
    assert sum("steadily, by 3" in words or "linear" in words for words in told) >= 10
    short = growth_words(memory(long[: 24 * 8]))
    assert short == "how it grows is not known: it repeats every 24 h, of which 12 are needed"
