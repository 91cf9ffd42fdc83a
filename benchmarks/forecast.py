"""How good and how fast are forecasts of hourly series, against the seasonal naive ones and statsforecast?"""

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.hourly_series import HORIZON, HourlySeries, hourly_series
from benchmarks.result import Result
from benchmarks.timing import side_by_side
from homeostat.stats.forecast.path import Forecast
from homeostat.stats.forecast.selection import forecast
from homeostat.stats.forecast.statsforecast_models import statsforecast_forecast

Floats = NDArray[np.float64]

SERIES = 400
SERIES_OF_PEER = 40
"""statsforecast takes a tenth of a second a series: a tenth of them say enough."""

FIRST_SEED = 50_000
"""The settings were chosen on seeds below this one; whoever tunes on these moves on to others."""

RATIO_CLIP = (0.1, 10.0)
"""An interval of the peer that explodes on one series would else be the whole result."""

DAY = 24
TIMED_POINTS = 1_000
SERIES_TIMED = 20


@dataclass(frozen=True, slots=True)
class Score:
    """Of one series: mean scaled interval score, coverage and mean absolute scaled error, as in M4."""

    msis: float
    coverage: float
    mase: float


Bounds = tuple[Floats, Floats, Floats]


def score(series: HourlySeries, bounds: Bounds) -> Score:
    """Score point, low and high by the definitions of the M4 competition, at 95% and a season of a day."""
    point, low, high = bounds
    scale = float(np.mean(np.abs(series.known[DAY:] - series.known[:-DAY])))
    after = series.after
    missed = np.maximum(low - after, 0.0) + np.maximum(after - high, 0.0)
    return Score(
        float(np.mean(high - low + 2.0 / 0.05 * missed)) / scale,
        float(np.mean(missed <= 0.0)),
        float(np.mean(np.abs(after - point))) / scale,
    )


def seasonal_naive(series: HourlySeries) -> Bounds:
    """Return the benchmark of M4: yesterday again, with normal intervals from the seasonal differences."""
    y = series.known
    point = np.resize(y[-DAY:], HORIZON)
    deviation = float(np.sqrt(np.mean((y[DAY:] - y[:-DAY]) ** 2)))
    half = NormalDist().inv_cdf(0.975) * deviation * np.sqrt(np.arange(HORIZON) // DAY + 1.0)
    return point, point - half, point + half


def _bounds(found: object) -> Bounds:
    if not isinstance(found, Forecast):
        raise TypeError(f"there is no forecast: {found!r}")
    return found.point, found.low, found.high


def ours(series: HourlySeries) -> Bounds:
    """Forecast by default: nothing is told but the time between samples."""
    return _bounds(forecast(series.known, HORIZON, seconds_apart=3_600.0))


def untold(series: HourlySeries) -> Bounds:
    """Forecast without knowing that the samples are hours."""
    return _bounds(forecast(series.known, HORIZON))


def peer(series: HourlySeries) -> Bounds:
    """Forecast by statsforecast: MSTL over AutoETS."""
    return _bounds(statsforecast_forecast(series.known, HORIZON, seconds_apart=3_600.0))


def mean(method: Callable[[HourlySeries], Bounds], series: list[HourlySeries]) -> Score:
    """Return the mean scores of a method."""
    scores = [score(s, method(s)) for s in series]
    return Score(
        float(np.mean([s.msis for s in scores])),
        float(np.mean([s.coverage for s in scores])),
        float(np.mean([s.mase for s in scores])),
    )


def _quality(series: list[HourlySeries]) -> list[Result]:
    naive, found, blind = mean(seasonal_naive, series), mean(ours, series), mean(untold, series)
    gap = 100.0 * abs(naive.coverage - 0.95)
    error = 100.0 * float(np.std([score(s, ours(s)).coverage for s in series])) / len(series) ** 0.5
    return [
        Result(
            "MSIS, ratio to the seasonal naive forecast",
            found.msis / naive.msis,
            "",
            1.0,
            "lower",
            note=f"{len(series)} made series, horizon {HORIZON}; {found.msis:.2f} against {naive.msis:.2f}; "
            f"M4's own hourly series are kept back",
        ),
        Result(
            "the same, without being told that samples are hours", blind.msis / naive.msis, "", 1.0, "lower"
        ),
        Result(
            "coverage of 95% intervals, beside the seasonal naive forecast's",
            100.0 * found.coverage,
            "%",
            100.0 * naive.coverage,
            "higher",
            note=f"standard error {error:.1f}; distance from 95%:"
            f" {100.0 * abs(found.coverage - 0.95):.1f} points, the naive's {gap:.1f}",
        ),
        Result(
            "MASE, ratio to the seasonal naive forecast",
            found.mase / naive.mase,
            "",
            1.0,
            "lower",
            note=f"{found.mase:.3f} against {naive.mase:.3f}",
        ),
    ]


def hourly_means(file: Path) -> Floats:
    """Return the means of each hour of a CSV of timestamp and value, hours without any bridged by a line."""
    rows = [line.split(",") for line in file.read_text().splitlines()[1:]]
    seconds = np.array([datetime.fromisoformat(row[0]).replace(tzinfo=UTC).timestamp() for row in rows])
    hours = ((seconds - seconds[0]) // 3_600).astype(np.int64)
    counts = np.bincount(hours)
    sums = np.bincount(hours, np.array([float(row[1]) for row in rows]))
    known = np.flatnonzero(counts)
    return np.interp(np.arange(counts.size), known, sums[known] / counts[known])


def real_series(data: Path) -> list[HourlySeries]:
    """Return windows of the Numenta benchmark's series, incidents included, up to 12 of each file."""
    found = []
    for file in sorted((data / "nab" / "data").rglob("*.csv")):
        values = hourly_means(file)
        reach = min(900, values.size - HORIZON)
        for end in range(reach, values.size - HORIZON + 1, 4 * DAY)[:12] if reach >= 230 else ():
            known = values[end - reach : end]
            if np.any(known[DAY:] != known[:-DAY]):
                found.append(HourlySeries(known, values[end : end + HORIZON]))
    return found


def _real(series: list[HourlySeries]) -> list[Result]:
    naive, found = mean(seasonal_naive, series), mean(ours, series)
    return [
        Result(
            "MSIS on real series, ratio to the seasonal naive forecast",
            found.msis / naive.msis,
            "",
            1.0,
            "lower",
            note=f"{len(series)} windows of hourly means (Numenta), incidents included; "
            f"coverage {100 * found.coverage:.1f}%, naive {100 * naive.coverage:.1f}%",
        )
    ]


def _timed(series: HourlySeries) -> list[Result]:
    y = series.known

    def told() -> int:
        forecast(y, HORIZON, seasons=(24, 168))
        return 1

    def default() -> int:
        forecast(y, HORIZON, seconds_apart=3_600.0)
        return 1

    found = side_by_side({"default": default, "told": told}, rounds=200)
    note = "statsforecast 34 to 500 ms when measured for the design"
    return [
        Result(
            f"a series of {y.size:,}, {HORIZON} ahead with intervals, {what}",
            found[name].best_ns / 1e6,
            "ms",
            1.0,
            "lower",
            low=found[name].best_ns / 1e6,
            high=found[name].high_ns / 1e6,
            note=note,
        )
        for name, what in (("default", "seasons found by itself"), ("told", "seasons told"))
    ]


def _over_series(series: list[HourlySeries]) -> Result:
    """Time the default on many series: it depends on the seasons found and the members chosen."""

    def timed(y: Floats) -> Callable[[], int]:
        def run() -> int:
            forecast(y, HORIZON, seconds_apart=3_600.0)
            return 1

        return run

    asked = [s.known for s in series if s.known.size == TIMED_POINTS][:SERIES_TIMED]
    found = side_by_side({str(i): timed(y) for i, y in enumerate(asked)}, rounds=40)
    best = np.array([timing.best_ns for timing in found.values()]) / 1e6
    return Result(
        f"the same, median of {best.size} series, seasons found by itself",
        float(np.median(best)),
        "ms",
        1.0,
        "lower",
        low=float(best.min()),
        high=float(best.max()),
        note=f"fastest and slowest series; {int(np.sum(best > 1.0))} take longer than 1 ms",
    )


def _against_peer(series: list[HourlySeries]) -> list[Result]:
    """Compare with statsforecast where the extra `forecast` is installed."""
    if importlib.util.find_spec("statsforecast") is None:
        return []
    peer(series[0])
    began = time.perf_counter()
    theirs = [score(s, peer(s)) for s in series]
    took = (time.perf_counter() - began) / len(series)
    found = [score(s, ours(s)) for s in series]
    ratios = np.array([a.msis / b.msis for a, b in zip(found, theirs, strict=True)])
    ratio = float(np.exp(np.mean(np.log(np.clip(ratios, *RATIO_CLIP)))))
    return [
        Result(
            "MSIS, ratio to statsforecast (MSTL, AutoETS), geometric mean",
            ratio,
            "",
            None,
            "lower",
            "statsforecast",
            1.0 / ratio,
            note=f"{len(series)} series, ratios clipped to {RATIO_CLIP}; median {np.median(ratios):.2f}; "
            f"better on {int(np.sum(ratios < 1.0))}; its coverage "
            f"{100 * np.mean([s.coverage for s in theirs]):.1f}%, {1e3 * took:.0f} ms each",
        )
    ]


def timed_series() -> HourlySeries:
    """Return the first series of 1,000 points with a day and a week: the longest way through the code."""
    for seed in range(FIRST_SEED, FIRST_SEED + 1_000):
        series = hourly_series(seed)
        found = forecast(series.known, HORIZON, seconds_apart=3_600.0)
        if series.known.size == TIMED_POINTS and isinstance(found, Forecast) and found.seasons == (24, 168):
            return series
    raise RuntimeError("no series of a day and a week was made")


def run(data: Path | None) -> list[Result]:
    """Score forecasts on made series whose seeds were not used in development, and time them."""
    series = [hourly_series(seed) for seed in range(FIRST_SEED, FIRST_SEED + SERIES)]
    real = real_series(data) if data and (data / "nab").is_dir() else []
    return [
        *_quality(series),
        *(_real(real) if real else ()),
        *_timed(timed_series()),
        _over_series(series),
        *_against_peer(series[:SERIES_OF_PEER]),
    ]
