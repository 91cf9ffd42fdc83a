"""The cache: which share of requests finds its answer there."""

from functools import lru_cache

import numpy as np

from homeostat.testing.simulated_application.parameters import Parameters

_BINS = 200


def hit_ratio(parameters: Parameters, entries: float, load_per_s: float) -> float:
    """Return the share of hits where the `entries` most popular requests are held for their time to live.

    Requests are popular by Zipf's law; one that is asked `r` times a second and lives `t` seconds is found
    with probability `r t / (1 + r t)`.
    """
    held = min(entries, parameters.catalogue)
    if held < 1.0:
        return 0.0
    return _hit_ratio(
        round(held, -1 if held > 100 else 0),
        round(parameters.catalogue),
        parameters.popularity,
        float(f"{load_per_s * parameters.cache_ttl_min * 60.0:.2g}"),
    )


@lru_cache(maxsize=4096)
def _hit_ratio(held: float, catalogue: int, popularity: float, asked: float) -> float:
    edges = np.unique(np.geomspace(1, catalogue + 1, _BINS).round())
    middles = np.sqrt(edges[:-1] * (edges[1:] - 1).clip(1))
    sizes = np.diff(edges)
    weights = middles**-popularity
    weights /= float((weights * sizes).sum())
    inside = ((held + 1 - edges[:-1]) / sizes).clip(0, 1)
    found = asked * weights / (1.0 + asked * weights)
    return float((weights * sizes * inside * found).sum())
