"""Optuna's samplers as a search. Workers that name the same study in the same storage tune together."""

import time
import warnings
from collections import defaultdict
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import numpy as np

from homeostat.act.search.front import front
from homeostat.act.search.search import Measured, Pick
from homeostat.act.search.space import Space
from homeostat.core.errors import ConfigError, InputError, NotAvailable
from homeostat.core.knob import Choices, Configuration, Floats, Integers, Knob

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.study import Study
    from optuna.trial import FrozenTrial, Trial

ATTEMPTS, PAUSE_S = 6, 0.2
"""How often a storage that another worker is just making is tried, and the pause, which grows."""

PENDING_MAX = 10_000
"""Configurations that were asked for and not yet told; the oldest is forgotten beyond."""


class Sampler(StrEnum):
    """Which of Optuna's samplers proposes."""

    TPE = "tpe"
    NSGA2 = "nsga2"
    CMA = "cma"
    GP = "gp"


class OptunaSearch:
    """A study of Optuna behind the protocol `Search`.

    `storage` is a URL as Optuna takes it (`sqlite:///tune.db`); without one the study is kept in memory.
    Raises NotAvailable where Optuna, or what a sampler of it needs, is not installed.
    """

    def __init__(
        self,
        knobs: Mapping[str, Knob],
        sampler: Sampler = Sampler.TPE,
        *,
        objectives: int = 1,
        seed: int | None = None,
        storage: str | None = None,
        study: str = "homeostat",
    ) -> None:
        """Open the study, or join the one of that name."""
        if objectives < 1 or (sampler is Sampler.CMA and objectives > 1):
            raise ConfigError(f"{sampler.value} takes one objective, not {objectives}; use nsga2")
        self.space = Space(knobs)
        self._distributions = {name: _distribution(knob) for name, knob in knobs.items()}
        self._study = _study(_sampler(sampler, seed), objectives, storage, study)
        self._pending: dict[tuple[object, ...], list[Trial]] = defaultdict(list)
        if not self._study.trials:
            self._study.enqueue_trial(self._shown(self.space.default))

    def ask(self) -> Configuration:
        """Return what the sampler proposes; the first of a study is the default."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of samplers that are experimental, and of knobs that they draw alone
            trial = self._study.ask(self._distributions)
        configuration = self._read(trial.params)
        if len(self._pending) >= PENDING_MAX:
            self._pending.pop(next(iter(self._pending)))
        self._pending[self._key(configuration)].append(trial)
        return configuration

    def tell(self, configuration: Configuration, measured: Measured) -> None:
        """Hand a measurement to the study; one that was not asked for becomes a trial of its own."""
        from optuna.trial import TrialState, create_trial

        if len(measured.objectives) != len(self._study.directions):
            raise InputError(
                f"the study has {len(self._study.directions)} objectives, not {len(measured.objectives)}"
            )
        broken = {str(number): violation for number, violation in enumerate(measured.violations)}
        values = None if measured.failed else list(measured.objectives)
        state = TrialState.FAIL if measured.failed else TrialState.COMPLETE
        key = self._key(configuration)
        if not self._pending.get(key):
            shown = self._shown(configuration)
            told = create_trial(
                state=state,
                values=values,
                params=shown,
                distributions=self._distributions,
                constraints=None if measured.failed else broken,
            )
            self._study.add_trial(told)
            return
        trial = self._pending[key].pop()
        if not self._pending[key]:
            del self._pending[key]
        if values is not None:
            for name, violation in broken.items():
                trial.set_constraint(name, violation)
        self._study.tell(trial, values, state=state)

    def best(self) -> tuple[Pick, ...]:
        """Return the front of the configurations by the means of their measurements, of all workers.

        Means of single noisy measurements are optimistic: measure again what is picked.
        """
        by_key: dict[tuple[object, ...], list[FrozenTrial]] = defaultdict(list)
        for trial in self._study.trials:
            if trial.values is not None:
                by_key[self._key(self._read(trial.params))].append(trial)
        picks, values = [], []
        for trials in by_key.values():
            broken = [np.mean([t.constraints[name] for t in trials]) for name in trials[0].constraints]
            mean = np.mean([t.values for t in trials], axis=0)
            if all(b <= 0 for b in broken):
                picks.append(Pick(self._read(trials[0].params), tuple(map(float, mean)), None, len(trials)))
                values.append(mean)
        return tuple(picks[i] for i in front(np.array(values))) if picks else ()

    def _key(self, configuration: Configuration) -> tuple[object, ...]:
        return tuple(repr(configuration[name]) for name in self.space.knobs)

    def _shown(self, configuration: Configuration) -> dict[str, Any]:
        return {name: knob.checked(configuration[name]) for name, knob in self.space.knobs.items()}

    def _read(self, parameters: Mapping[str, Any]) -> Configuration:
        return {name: knob.checked(parameters[name]) for name, knob in self.space.knobs.items()}


def _distribution(knob: Knob) -> "BaseDistribution":
    try:
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    except ImportError:
        raise _missing("Optuna") from None
    domain = knob.domain
    if isinstance(domain, Integers):
        return IntDistribution(domain.low, domain.high, log=domain.log)
    if isinstance(domain, Floats):
        return FloatDistribution(domain.low, domain.high, log=domain.log)
    if isinstance(domain, Choices):
        return CategoricalDistribution(domain.values)
    raise ConfigError(f"knob {knob.name!r}: Optuna takes integers, floats and choices, not {domain!r}")


def _sampler(sampler: Sampler, seed: int | None) -> "BaseSampler":
    import importlib.util

    from optuna import samplers

    needs = {Sampler.CMA: "cmaes", Sampler.GP: "torch"}.get(sampler)
    if needs and importlib.util.find_spec(needs) is None:
        raise _missing(needs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        match sampler:
            case Sampler.TPE:
                return samplers.TPESampler(seed=seed)
            case Sampler.NSGA2:
                return samplers.NSGAIISampler(seed=seed)
            case Sampler.CMA:
                return samplers.CmaEsSampler(seed=seed, warn_independent_sampling=False)
            case Sampler.GP:
                return samplers.GPSampler(seed=seed, warn_independent_sampling=False)


def _study(sampler: "BaseSampler", objectives: int, storage: str | None, name: str) -> "Study":
    import optuna
    from sqlalchemy.exc import ArgumentError, SQLAlchemyError

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    problem: Exception | None = None
    for attempt in range(ATTEMPTS):
        try:
            return optuna.create_study(
                study_name=name,
                storage=storage,
                sampler=sampler,
                directions=["minimize"] * objectives,
                load_if_exists=True,
            )
        except (ArgumentError, ImportError) as error:
            raise ConfigError(f"{storage!r} is no storage that Optuna can use: {error}") from None
        except (
            SQLAlchemyError
        ) as error:  # workers that start at once each make the tables; one of them is first
            problem = error
            time.sleep(PAUSE_S * (attempt + 1))
    raise NotAvailable(f"the storage {storage!r} cannot be opened: {problem}")


def _missing(what: str) -> NotAvailable:
    return NotAvailable(
        f"{what} is not installed, which this search needs: install it with pip install 'homeostat[tune]'"
        + ("" if what != "torch" else " torch scipy")
    )
