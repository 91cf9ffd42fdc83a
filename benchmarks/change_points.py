"""Change points: false alarms, delay, places and time, of a whole series and while values come in."""

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.result import Result
from benchmarks.timing import side_by_side
from homeostat.stats.change_monitor import ChangeMonitor
from homeostat.stats.change_points import change_points

Floats = NDArray[np.float64]
Noise = Callable[[np.random.Generator, int], Floats]

LENGTHS = ((100, 500), (1_000, 50))
"""Points of a series without a change, and how many series."""

STEP_AT = 100
MONITORED_BEFORE = 200


def autoregressive(rng: np.random.Generator, size: int) -> Floats:
    """Return AR(1) noise at 0.5, in its steady state."""
    values = rng.standard_normal(size + 50)
    for i in range(1, values.size):
        values[i] += 0.5 * values[i - 1]
    return values[50:]


NOISES: dict[str, Noise] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "lognormal": lambda rng, size: rng.lognormal(size=size),
    "t3": lambda rng, size: rng.standard_t(3, size),
    "AR(1) .5": autoregressive,
}
OTAVA = {"normal": 1.1, "lognormal": 2.5, "t3": 2.5, "AR(1) .5": 18.4}
"""Its false points per 1,000, measured once; it is not installed here."""


def false_points(name: str, noise: Noise) -> Result:
    """Count points told of series without a change, at the length where there are most."""
    rng = np.random.default_rng(41)
    rates = {
        length: 1_000 * sum(len(change_points(noise(rng, length))) for _ in range(series)) / (length * series)
        for length, series in LENGTHS
    }
    return Result(
        f"false points per 1,000, {name}",
        max(rates.values()),
        "",
        bar=1.0,
        better="lower",
        note=", ".join(f"{rate:.2f} in series of {length:,}" for length, rate in rates.items())
        + f"; Otava {OTAVA[name]} when measured for the design",
    )


def step_delay(repetitions: int = 200) -> Result:
    """Hand in a growing series until the step is told within 5 points of its place."""
    rng = np.random.default_rng(42)
    delays, misses = [], []
    for _ in range(repetitions):
        values = rng.standard_normal(STEP_AT + 60)
        values[STEP_AT:] += 2.0
        delays.append(next((k for k in range(1, 61) if near_step(change_points(values[: STEP_AT + k]))), 61))
        misses.append(min((abs(c.index - STEP_AT) for c in change_points(values)), default=60))
    return Result(
        "points of a 2 sigma step until a whole-series search tells it, median",
        float(np.median(delays)),
        "points",
        bar=4.0,
        better="lower",
        low=float(np.quantile(delays, 0.25)),
        high=float(np.quantile(delays, 0.75)),
        note=f"100 points before; with 60 after, the place is off by {np.median(misses):.0f} (median), "
        f"{np.quantile(misses, 0.9):.0f} (nine of ten); Otava 3.5 when measured for the design",
    )


def near_step(found: tuple[object, ...]) -> bool:
    """Tell whether any of the changes lies within 5 points of the step."""
    return any(abs(getattr(change, "index", -100) - STEP_AT) <= 5 for change in found)


def nine_steps() -> tuple[Result, ...]:
    """Find nine steps of two standard deviations in 10,000 points, beside ruptures where it is installed."""
    values = np.random.default_rng(43).standard_normal(10_000) + np.repeat(np.arange(10) % 2 * 2.0, 1_000)
    found = [change.index for change in change_points(values)]
    right = sum(any(abs(index - at) <= 5 for index in found) for at in range(1_000, 10_000, 1_000))

    def ours() -> int:
        change_points(values)
        return 1

    runs = {"ours": ours}
    if importlib.util.find_spec("ruptures"):
        ruptures = importlib.import_module("ruptures")

        def kernel() -> int:
            ruptures.KernelCPD(kernel="linear", min_size=3).fit(values).predict(pen=3 * np.log(values.size))
            return 1

        runs["ruptures KernelCPD"] = kernel
    timings = side_by_side(runs, rounds=12)
    peer = timings.get("ruptures KernelCPD")
    return (
        Result(
            "10,000 points with nine steps, whole search",
            timings["ours"].best_ns / 1e6,
            "ms",
            bar=25.0,
            better="lower",
            peer="ruptures KernelCPD" if peer else "",
            ratio=peer.best_ns / timings["ours"].best_ns if peer else None,
            low=timings["ours"].median_ns / 1e6,
            high=timings["ours"].high_ns / 1e6,
            note="range: median and third quartile;"
            " measured for the design: ruptures KernelCPD 22 ms, Otava 95 ms",
        ),
        Result("of nine steps found within 5 points", float(right), "", bar=9.0, better="higher"),
        Result("told besides the nine steps", float(len(found) - right), "", bar=0.0, better="lower"),
    )


def run_length(name: str, noise: Noise, series: int = 40, longest: int = 8_000) -> Result:
    """Count the values that the monitor passes for each false alarm at its default of 1,000."""
    rng = np.random.default_rng(44)
    passed = alarms = 0
    for _ in range(series):
        monitor = ChangeMonitor()
        for value in noise(rng, longest).tolist():
            passed += 1
            if monitor.update(value):
                alarms += 1
                break
    return Result(
        f"values between false alarms of the monitor, {name}",
        passed / max(alarms, 1),
        "",
        bar=1_000.0,
        better="higher",
        note=f"{series} series, each until its first alarm, {longest:,} values at most",
    )


def monitor_delay(repetitions: int = 400) -> Result:
    """Count the values of a step until the monitor tells it."""
    rng = np.random.default_rng(45)
    delays = []
    for _ in range(repetitions):
        values = rng.standard_normal(MONITORED_BEFORE + 60)
        values[MONITORED_BEFORE:] += 2.0
        monitor = ChangeMonitor()
        told = [change.at for value in values.tolist() if (change := monitor.update(value))]
        delays.append(next((at - MONITORED_BEFORE + 1 for at in told if at >= MONITORED_BEFORE), 60))
    return Result(
        "values of a 2 sigma step until the monitor tells it, median",
        float(np.median(delays)),
        "values",
        bar=4.0,
        better="lower",
        low=float(np.quantile(delays, 0.25)),
        high=float(np.quantile(delays, 0.75)),
        note=f"{MONITORED_BEFORE} values before; run length 1,000",
    )


def monitor_cost(values: int = 20_000) -> Result:
    """Time the monitor's update, its regular looks at the level included."""
    stream = np.random.default_rng(46).standard_normal(values).tolist()
    rounds = []
    for _ in range(5):
        monitor = ChangeMonitor(1e9)
        began = time.perf_counter_ns()
        for value in stream:
            monitor.update(value)
        rounds.append((time.perf_counter_ns() - began) / values / 1e3)
    return Result("monitor, a value", min(rounds), "us", bar=None, better="lower", high=max(rounds))


def run(data: Path | None) -> list[Result]:
    """Measure every bar of change points; agreement with people is in `tcpd`."""
    return [
        *(false_points(name, noise) for name, noise in NOISES.items()),
        step_delay(),
        *nine_steps(),
        *(run_length(name, noise) for name, noise in NOISES.items()),
        monitor_delay(),
        monitor_cost(),
    ]
