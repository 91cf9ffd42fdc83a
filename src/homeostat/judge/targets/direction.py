"""The direction: which way a metric improves, from the catalogue or guessed from its name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.core.metric import Better, Metric

QUALITY = "quality."
"""Metrics of evaluators begin so: all of them are 1 at best."""

_LOWER = frozenset(
    (
        "latency",
        "duration",
        "time",
        "delay",
        "wait",
        "waiting",
        "lag",
        "elapsed",
        "ttft",
        "tpot",
        "itl",
        "cost",
        "costs",
        "price",
        "spend",
        "usd",
        "error",
        "errors",
        "failure",
        "failures",
        "failed",
        "fail",
        "timeout",
        "timeouts",
        "exception",
        "exceptions",
        "retry",
        "retries",
        "dropped",
        "drops",
        "drop",
        "loss",
        "losses",
        "miss",
        "misses",
        "evictions",
        "queue",
        "queued",
        "backlog",
        "depth",
        "memory",
        "rss",
        "heap",
        "usage",
        "utilization",
        "cpu",
        "load",
        "jitter",
        "violations",
        "rejected",
        "rejections",
        "regret",
        "perplexity",
        "wer",
        "stalls",
        "pauses",
        "pause",
        "age",
        "ms",
        "seconds",
        "secs",
        "s",
        "us",
        "ns",
        "bytes",
    )
)
_HIGHER = frozenset(
    (
        "throughput",
        "quality",
        "accuracy",
        "precision",
        "recall",
        "f1",
        "auc",
        "auroc",
        "bleu",
        "rouge",
        "success",
        "successes",
        "passed",
        "hit",
        "hits",
        "available",
        "availability",
        "uptime",
        "score",
        "satisfaction",
        "rating",
        "rps",
        "qps",
        "tps",
        "speedup",
        "goodput",
        "correct",
        "correctness",
        "relevance",
        "faithfulness",
        "completed",
        "free",
    )
)


@dataclass(frozen=True, slots=True)
class Direction:
    """Which way a metric improves, and whether that is a guess."""

    better: Better
    guessed: bool


def direction_of(
    name: str,
    unit: str = "",
    metrics: Mapping[str, Metric] | None = None,
    said: Mapping[str, Better] | None = None,
) -> Direction:
    """Return the direction of a metric: what a person said, else the catalogue's, else a guess from the name.

    What an evaluator finds (`quality.…`) is better higher; of other names the last telling word decides:
    `hit_rate` is better higher, `error_rate` lower.

    >>> direction_of("cache_hit_ratio").better.value, direction_of("request latency (ms)").better.value
    ('higher', 'lower')
    >>> direction_of("value")
    Direction(better=<Better.NEITHER: 'neither'>, guessed=True)
    """
    if said and name in said:
        return Direction(said[name], False)
    if metrics and name in metrics:
        return Direction(metrics[name].better, False)
    if name.startswith(QUALITY):
        return Direction(Better.HIGHER, False)
    words = [w.lower() for w in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+", name)]
    if "per" in words and words[-1] in ("s", "second", "sec", "min", "minute"):
        return Direction(Better.HIGHER, True)
    for word in reversed(words):
        if word in _HIGHER:
            return Direction(Better.HIGHER, True)
        if word in _LOWER:
            return Direction(Better.LOWER, True)
    return Direction(Better.LOWER if unit in ("ms", "USD") else Better.NEITHER, True)
