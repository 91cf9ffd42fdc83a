"""How often do intervals miss that are looked at after every record, how wide are they, what do they cost?"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from benchmarks.timing import side_by_side
from homeostat.stats.bounded_mean_sequence import BoundedMeanSequence
from homeostat.stats.confidence_sequence import ConfidenceSequence
from homeostat.stats.difference import difference
from homeostat.stats.mean_sequence import MeanSequence
from homeostat.stats.proportion_sequence import ProportionSequence
from homeostat.stats.quantile_sequence import QuantileSequence
from homeostat.stats.ratio_bootstrap import ratio_of_means, ratio_of_quantiles
from homeostat.stats.t_interval import RollingInterval, t_quantile

Floats = NDArray[np.float64]
Make = Callable[[], ConfidenceSequence]

PATHS, PATHS_OF_OTHERS = 2_000, 1_000
FIRST, LAST = 100, 2_000
WIDTHS_AT = (100, 500, 2_000)
P95 = NormalDist().inv_cdf(0.95)
MISS_BAR, WIDTH_BAR, UPDATE_BAR_US, LOOK_BAR_US = 5.0, 2.2, 0.4, 1.0


@dataclass(frozen=True, slots=True)
class Process:
    """Paths of a process, its mean, its p95, and whether it has the bar."""

    draw: Callable[[np.random.Generator, int], Floats]
    mean: float
    p95: float
    bar: bool = True


def autoregression(coefficient: float) -> Callable[[np.random.Generator, int], Floats]:
    """Return what draws stationary AR(1) paths of variance 1."""

    def draw(random: np.random.Generator, paths: int) -> Floats:
        noise = random.standard_normal((LAST, paths))
        rest = math.sqrt(1.0 - coefficient**2)
        for before, now in pairwise(noise):
            now *= rest
            now += coefficient * before
        return np.ascontiguousarray(noise.T)

    return draw


def slow_quarter(random: np.random.Generator, paths: int) -> Floats:
    """Draw noise, a quarter of whose variance is AR(1) at .95: neighbours hardly show its memory."""
    slow = autoregression(0.95)(random, paths)
    return 0.5 * slow + math.sqrt(0.75) * random.standard_normal((paths, LAST))


def drift(random: np.random.Generator, paths: int) -> Floats:
    """Draw noise around a random walk that moves by a standard deviation in 2,000 records."""
    walk = np.cumsum(random.standard_normal((paths, LAST)), axis=1) / math.sqrt(LAST)
    return np.asarray(walk + random.standard_normal((paths, LAST)))


PROCESSES = {
    "normal": Process(lambda r, p: r.standard_normal((p, LAST)), 0.0, P95),
    "lognormal": Process(lambda r, p: r.lognormal(0.0, 1.0, (p, LAST)), math.exp(0.5), math.exp(P95)),
    "exponential": Process(lambda r, p: r.exponential(1.0, (p, LAST)), 1.0, math.log(20.0)),
    "AR(1) .5": Process(autoregression(0.5), 0.0, P95),
    "AR(1) .8": Process(autoregression(0.8), 0.0, P95),
    "AR(1) .9": Process(autoregression(0.9), 0.0, P95, bar=False),
    "exp of AR(1) .8": Process(
        lambda r, p: np.exp(autoregression(0.8)(r, p)), math.exp(0.5), math.exp(P95), bar=False
    ),
    "white and AR(1) .95": Process(slow_quarter, 0.0, P95, bar=False),
    "drift": Process(drift, 0.0, P95, bar=False),
}
INDEPENDENT = ("normal", "lognormal", "exponential")


def ever_missed(make: Make, paths: Floats, truth: float) -> float:
    """Return the percentage of paths on which some interval after the records 100 to 2,000 misses."""
    missed = 0
    for path in paths:
        sequence = make()
        sequence.extend(path[: FIRST - 1])
        add, look = sequence.add, sequence.interval
        for value in path[FIRST - 1 :].tolist():
            add(value)
            found = look()
            if found is not None and not found.low <= truth <= found.high:
                missed += 1
                break
    return 100.0 * missed / len(paths)


def ever_missed_by_t(paths: Floats, truth: float) -> float:
    """Return the same for Student's t-interval of all records so far."""
    n = np.arange(1, LAST + 1)
    sums, squares = np.cumsum(paths, axis=1), np.cumsum(paths * paths, axis=1)
    mean = sums / n
    variance = (squares - sums * mean)[:, 1:] / n[:-1]
    half = np.array([0.0] + [t_quantile(0.975, float(k)) for k in n[:-1]])[FIRST - 1 :] * np.sqrt(
        variance[:, FIRST - 2 :] / n[FIRST - 1 :]
    )
    return 100.0 * float((np.abs(mean[:, FIRST - 1 :] - truth) > half).any(axis=1).mean())


def widths(make: Make, paths: Floats, deviation: float) -> list[float]:
    """Return the median width at 100, 500 and 2,000 records, as a multiple of the fixed-n interval's."""
    found: list[list[float]] = [[] for _ in WIDTHS_AT]
    for path in paths:
        for n, into in zip(WIDTHS_AT, found, strict=True):
            sequence = make()
            sequence.extend(path[:n])
            interval = sequence.interval()
            assert interval is not None
            fixed = 2.0 * t_quantile(0.975, n - 1.0) * deviation / math.sqrt(n)
            into.append((interval.high - interval.low) / fixed)
    return [float(np.median(values)) for values in found]


def of_means() -> Iterator[Result]:
    """Misses of the mean's sequence, beside those of the t-interval, and its width."""
    for k, (name, process) in enumerate(PROCESSES.items()):
        paths = process.draw(np.random.default_rng(100 + k), PATHS)
        by_t = ever_missed_by_t(paths, process.mean)
        yield Result(
            f"mean: ever missed, {name}",
            ever_missed(MeanSequence, paths, process.mean),
            "%",
            MISS_BAR if process.bar else None,
            "lower",
            note=f"the t-interval {by_t:.0f}%; {PATHS:,} paths looked at after each of {FIRST} to {LAST:,}",
        )
        if name in INDEPENDENT:
            found = widths(MeanSequence, paths[:500], float(paths.std()))
            yield Result(
                f"mean: width over the t-interval's, {name}",
                max(found),
                "times",
                WIDTH_BAR,
                "lower",
                note=f"the widest of the medians {_at_each(found)}",
            )


def _at_each(found: list[float]) -> str:
    return ", ".join(f"{w:.2f} at {n:,}" for w, n in zip(found, WIDTHS_AT, strict=True))


@dataclass(frozen=True, slots=True)
class Case:
    """A sequence, what it is fed from normal values, the truth, and the deviation of its fixed-n interval."""

    name: str
    make: Make
    of: Callable[[Floats], Floats]
    truth: float
    deviation: float


OTHERS = (
    Case("bounded mean", BoundedMeanSequence, lambda x: ranks_of(x), 0.5, math.sqrt(1 / 12)),
    Case("proportion .5", ProportionSequence, lambda x: (x < 0.0).astype(np.float64), 0.5, 0.5),
    Case(
        "proportion .05",
        ProportionSequence,
        lambda x: (x > P95).astype(np.float64),
        0.05,
        0.05**0.5 * 0.95**0.5,
    ),
    Case("p95", QuantileSequence, lambda x: x, P95, math.sqrt(0.05 * 0.95) / NormalDist().pdf(P95)),
)


def of_others() -> Iterator[Result]:
    """Misses of the other sequences: hits and places are normal paths, cut or squeezed to their ranks."""
    for k, name in enumerate(("normal", "AR(1) .5", "AR(1) .8", "AR(1) .9")):
        paths = PROCESSES[name].draw(np.random.default_rng(200 + k), PATHS_OF_OTHERS)
        for case in OTHERS:
            values = case.of(paths)
            yield Result(
                f"{case.name}: ever missed, {name}",
                ever_missed(case.make, values, case.truth),
                "%",
                MISS_BAR if PROCESSES[name].bar else None,
                "lower",
                note=f"{len(paths):,} paths",
            )
            if name == "normal":
                found = widths(case.make, values[:300], case.deviation)
                finite = [width for width in found if math.isfinite(width)]
                yield Result(
                    f"{case.name}: width over the fixed-n interval's, {name}",
                    max(finite),
                    "times",
                    WIDTH_BAR,
                    "lower",
                    note=f"the widest of the medians {_at_each(found)}",
                )
    process = PROCESSES["lognormal"]
    paths = process.draw(np.random.default_rng(300), PATHS_OF_OTHERS)
    missed = ever_missed(QuantileSequence, paths, process.p95)
    yield Result("p95: ever missed, lognormal", missed, "%", MISS_BAR, "lower", note=f"{len(paths):,} paths")


def ranks_of(paths: Floats) -> Floats:
    """Return standard normal values as probabilities (linear between 4,001 exact ones)."""
    grid = np.linspace(-8.0, 8.0, 4_001)
    exact = [NormalDist().cdf(float(x)) for x in grid]
    return np.interp(paths, grid, exact)


def of_differences() -> Iterator[Result]:
    """Misses of the difference of two arms that take turns."""
    cases: tuple[tuple[str, str, Make, Callable[[Floats], Floats]], ...] = (
        ("means", "normal", MeanSequence, lambda x: x),
        ("means", "lognormal", MeanSequence, lambda x: x),
        ("means", "AR(1) .8", MeanSequence, lambda x: x),
        ("bounded means", "normal", BoundedMeanSequence, ranks_of),
        ("proportions .05", "normal", ProportionSequence, lambda x: (x > P95).astype(np.float64)),
        ("p95s", "lognormal", QuantileSequence, lambda x: x),
    )
    for k, (what, name, make, of) in enumerate(cases):
        random = np.random.default_rng(400 + k)
        arms = [of(PROCESSES[name].draw(random, PATHS_OF_OTHERS // 2)) for _ in range(2)]
        missed = sum(_difference_missed(make(), make(), a, b) for a, b in zip(*arms, strict=True))
        yield Result(
            f"difference of {what}: ever missed, {name}",
            100.0 * missed / len(arms[0]),
            "%",
            MISS_BAR,
            "lower",
            note=f"{len(arms[0]):,} pairs",
        )


def _difference_missed(one: ConfidenceSequence, other: ConfidenceSequence, a: Floats, b: Floats) -> bool:
    for x, y in zip(a.tolist(), b.tolist(), strict=True):
        one.add(x)
        other.add(y)
        found = difference(one, other)
        if found is not None and not found.low <= 0.0 <= found.high:
            return True
    return False


def of_ratios() -> Iterator[Result]:
    """Coverage of the bootstrap's intervals at one look."""
    random = np.random.default_rng(500)
    rounds = 400
    covered = [0, 0]
    for k in range(rounds):
        over, under = random.lognormal(0.0, 0.8, 400), random.lognormal(0.5, 0.8, 400)
        for which, found in enumerate(
            (ratio_of_means(over, under, seed=k), ratio_of_quantiles(over, under, seed=k))
        ):
            covered[which] += found is not None and found.low <= math.exp(-0.5) <= found.high
    for what, hits in zip(("means", "p95s"), covered, strict=True):
        note = f"lognormal .8, 400 samples a side, {rounds} rounds, nominal 95%"
        yield Result(f"ratio of {what}: covered", 100.0 * hits / rounds, "%", None, "higher", note=note)


def of_time() -> Iterator[Result]:
    """Nanoseconds a record, after which there is a look: t-interval updates only, sequences both."""
    random = np.random.default_rng(600)
    values = random.lognormal(3.0, 1.0, 50_000).tolist()
    shares = random.beta(2.0, 5.0, 50_000).tolist()
    hits = (random.random(50_000) < 0.05).astype(np.float64).tolist()
    rolling = RollingInterval()

    def update() -> int:
        add = rolling.add
        for value in values:
            add(value)
        return len(values)

    def anew() -> int:
        for end in range(1_000, 1_200):
            window = np.array(values[end - 1_000 : end])
            window.mean(), window.var(ddof=1)
        return 200

    def both(make: Make, records: list[float], length: int) -> Callable[[], int]:
        def go() -> int:
            for begin in range(0, len(records), length):
                sequence = make()
                add, look = sequence.add, sequence.interval
                for record in records[begin : begin + length]:
                    add(record)
                    look()
            return len(records)

        return go

    makes: tuple[tuple[str, Make, list[float]], ...] = (
        ("mean", MeanSequence, values),
        ("bounded mean", BoundedMeanSequence, shares),
        ("proportion", ProportionSequence, hits),
        ("p95", QuantileSequence, values),
    )
    runs: dict[str, Callable[[], int]] = {"update": update, "anew": anew}
    for name, make, records in makes:
        runs[name] = both(make, records, 50_000)
    timed = side_by_side(runs, rounds=8)
    young = side_by_side(
        {name: both(make, records[:2_000], 2_000) for name, make, records in makes}, rounds=150
    )
    took = timed["update"]
    yield Result(
        "t-interval: update",
        took.best_ns / 1e3,
        "us",
        UPDATE_BAR_US,
        "lower",
        "numpy over the window",
        timed["anew"].best_ns / took.best_ns,
        took.best_ns / 1e3,
        took.high_ns / 1e3,
        note="window of 1,000; scipy's t.interval each record: 248 us when measured for the design",
    )
    for name, _, _ in makes:
        took, first = timed[name], young[name]
        yield Result(
            f"{name}: update and look",
            took.best_ns / 1e3,
            "us",
            LOOK_BAR_US,
            "lower",
            low=took.best_ns / 1e3,
            high=took.high_ns / 1e3,
            note="50,000 records; ville 10 to 80 us a single update (as measured for the design)",
        )
        yield Result(
            f"{name}: update and look, first 2,000 records",
            first.best_ns / 1e3,
            "us",
            LOOK_BAR_US,
            "lower",
            low=first.best_ns / 1e3,
            high=first.high_ns / 1e3,
        )


def run(data: Path | None) -> list[Result]:
    """Measure cost, misses and widths of all intervals."""
    return [*of_time(), *of_means(), *of_others(), *of_differences(), *of_ratios()]
