"""What holds of every search behind the protocol."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from homeostat.act.search.evolution import Evolution
from homeostat.act.search.optuna_search import OptunaSearch
from homeostat.act.search.safe_tuner import SafeTuner
from homeostat.act.search.search import Measured, Search
from homeostat.core.errors import InputError
from homeostat.core.knob import Choices, Configuration, Floats, Integers, Knob

KNOBS = {
    "count": Knob("count", 5, Integers(0, 10)),
    "rate": Knob("rate", 0.01, Floats(0.001, 10.0, log=True)),
    "engine": Knob("engine", "b", Choices(("a", "b", "c"))),
    "cached": Knob("cached", False, Choices((False, True))),
}

Maker = Callable[[int], Search]
MAKERS: dict[str, Maker] = {
    "safe tuner": lambda seed: SafeTuner(KNOBS, np.random.default_rng(seed), evaluations=30),
    "evolution": lambda seed: Evolution(KNOBS, np.random.default_rng(seed), evaluations=30),
    "optuna": lambda seed: OptunaSearch(KNOBS, seed=seed),
}


@pytest.fixture(params=list(MAKERS))
def make(request: pytest.FixtureRequest) -> Maker:
    if request.param == "optuna":
        pytest.importorskip("optuna")
    return MAKERS[request.param]


def told(search: Search, times: int) -> list[Configuration]:
    noise, asked = np.random.default_rng(7), []
    for _ in range(times):
        asked.append(search.ask())
        cost = 2 + float(asked[-1]["count"]) + (asked[-1]["engine"] != "a") + 0.1 * float(noise.normal())
        search.tell(asked[-1], Measured((cost,), (-0.3,)))
    return asked


def test_it_begins_at_the_default_and_asks_for_values_that_the_knobs_take(make: Maker) -> None:
    asked = told(make(1), 15)
    assert asked[0] == {"count": 5, "rate": 0.01, "engine": "b", "cached": False}
    for configuration in asked:
        for name, knob in KNOBS.items():
            value = configuration[name]
            assert knob.checked(value) == value
            assert type(value) is type(knob.default)


def test_its_best_is_something_that_was_told(make: Maker) -> None:
    search = make(1)
    assert search.best() == ()
    asked = told(search, 15)
    (pick,) = search.best()
    assert pick.configuration in asked
    assert pick.measured == asked.count(pick.configuration)
    assert 1.5 < pick.objectives[0] < 8


def test_the_same_seed_asks_the_same(make: Maker) -> None:
    assert told(make(3), 12) == told(make(3), 12)


def test_it_learns_from_what_it_did_not_ask_for(make: Maker) -> None:
    search = make(1)
    good = {"count": 0, "rate": 1.0, "engine": "a", "cached": True}
    for _ in range(3):
        search.tell({**good, "count": 9}, Measured((11.0,), (-0.3,)))
        search.tell(good, Measured((2.0,), (-0.3,)))
    assert search.best()[0].configuration == good


def test_failures_do_not_stop_it_and_are_not_best(make: Maker) -> None:
    search = make(1)
    for number in range(12):
        configuration = search.ask()
        failed = number % 3 == 2
        values = (math.inf, math.inf) if failed else (2.0 + float(configuration["count"]), -0.3)
        search.tell(configuration, Measured(values[:1], values[1:]))
    assert all(math.isfinite(pick.objectives[0]) for pick in search.best())


def test_a_value_that_a_knob_cannot_have_is_refused(make: Maker) -> None:
    with pytest.raises(InputError, match="count"):
        make(1).tell({"count": 99, "rate": 1.0, "engine": "a", "cached": True}, Measured((1.0,)))
