"""The searches of a tuning by name."""

import numpy as np

from homeostat.act.search.search import Search
from homeostat.app.tune.tuning_file import TuningFile
from homeostat.core.errors import ConfigError

SAFE_KNOBS_MAX = 8
"""Beyond, what is believed safe grows too slowly to get anywhere."""


def usual_search(tuning: TuningFile) -> str:
    """Return the search that suits: the safe tuner where targets must hold, evolution otherwise."""
    suits = len(tuning.goals) == 1 and bool(tuning.bounds) and len(tuning.knobs) <= SAFE_KNOBS_MAX
    return tuning.search or ("safe" if suits else "evolution")


def search_of(tuning: TuningFile, name: str, seed: int | None, storage: str | None, study: str) -> Search:
    """Make a search; raise ConfigError where it does not suit, NotAvailable without its library.

    Without a seed it is 0, or any where workers share a storage, since they would else propose the same.
    """
    if seed is None and storage is None:
        seed = 0
    rng = np.random.default_rng(seed)
    if name in ("safe", "evolution") and storage is not None:
        raise ConfigError(f"--storage is for Optuna's searches (tpe, nsga2, cma, gp), not for {name!r}")
    if name == "safe":
        from homeostat.act.search.safe_tuner import SafeTuner

        if len(tuning.goals) > 1:
            raise ConfigError(f"the search 'safe' takes one goal, not {len(tuning.goals)}; use evolution")
        return SafeTuner(tuning.knobs, rng, evaluations=tuning.evaluations)
    if name == "evolution":
        from homeostat.act.search.evolution import Evolution

        return Evolution(tuning.knobs, rng, evaluations=tuning.evaluations)
    from homeostat.act.search.optuna_search import OptunaSearch, Sampler

    return OptunaSearch(
        tuning.knobs, Sampler(name), objectives=len(tuning.goals), seed=seed, storage=storage, study=study
    )
