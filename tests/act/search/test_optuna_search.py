"""Optuna's samplers behind the protocol."""

import math
from pathlib import Path

import pytest

from homeostat.act.search.search import Measured
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Choices, Floats, Integers, Knob, Value

optuna = pytest.importorskip("optuna")

from homeostat.act.search.optuna_search import OptunaSearch, Sampler  # noqa: E402

KNOBS = {
    "batch": Knob("batch", 60, Integers(1, 64, log=True)),
    "share": Knob("share", 0.9, Floats(0.0, 1.0)),
    "engine": Knob("engine", "a", Choices(("a", "b"))),
}


def cost(configuration: dict[str, Value]) -> float:
    batch, share = float(configuration["batch"]), float(configuration["share"])
    return 1 + abs(math.log(batch / 8)) + (share - 0.3) ** 2 + (configuration["engine"] == "a")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("sampler", [Sampler.TPE, Sampler.NSGA2, Sampler.CMA])
def test_each_sampler_starts_at_the_default_and_gets_better(sampler: Sampler) -> None:
    search = OptunaSearch(KNOBS, sampler, seed=1)
    first = search.ask()
    assert first == {"batch": 60, "share": 0.9, "engine": "a"}
    search.tell(first, Measured((cost(dict(first)),)))
    for _ in range(60):
        configuration = search.ask()
        search.tell(configuration, Measured((cost(dict(configuration)),)))
    assert search.best()[0].objectives[0] < 0.7 * cost(dict(first))


def test_workers_that_share_a_storage_know_of_each_other(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'tune.db'}"
    one, other = (OptunaSearch(KNOBS, seed=i, storage=storage) for i in (1, 2))
    for search in (one, other, one, other):
        configuration = search.ask()
        search.tell(configuration, Measured((cost(dict(configuration)),)))
    assert one.best() == other.best()


def test_what_breaks_a_target_or_failed_is_not_best() -> None:
    search = OptunaSearch(KNOBS, seed=1)
    good = {"batch": 8, "share": 0.5, "engine": "a"}
    search.tell(good, Measured((3.0,), (-0.1,)))
    search.tell({**good, "engine": "b"}, Measured((1.0,), (0.1,)))
    search.tell({**good, "batch": 9}, Measured((math.inf,), (math.inf,)))
    assert [pick.configuration for pick in search.best()] == [good]


def test_the_same_configuration_measured_twice_counts_by_its_mean() -> None:
    search = OptunaSearch(KNOBS, seed=1)
    good = {"batch": 8, "share": 0.5, "engine": "a"}
    search.tell(good, Measured((3.0,)))
    search.tell(good, Measured((5.0,)))
    assert (search.best()[0].objectives, search.best()[0].measured) == ((4.0,), 2)


def test_a_front_of_two_objectives_is_told_in_order() -> None:
    search = OptunaSearch(KNOBS, Sampler.NSGA2, objectives=2, seed=1)
    for batch, values in ((1, (1.0, 9.0)), (2, (2.0, 2.0)), (3, (9.0, 1.0)), (4, (9.0, 9.0))):
        search.tell({"batch": batch, "share": 0.5, "engine": "a"}, Measured(values))
    assert [pick.configuration["batch"] for pick in search.best()] == [1, 2, 3]


def test_what_a_sampler_cannot_do_is_said() -> None:
    with pytest.raises(ConfigError, match="one objective"):
        OptunaSearch(KNOBS, Sampler.CMA, objectives=2)
    with pytest.raises(InputError, match="objectives"):
        OptunaSearch(KNOBS).tell({"batch": 8, "share": 0.5, "engine": "a"}, Measured((1.0, 2.0)))


def test_workers_that_start_at_the_same_moment_all_get_in(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    storage = f"sqlite:///{tmp_path / 'tune.db'}"
    with ThreadPoolExecutor(3) as pool:
        searches = list(pool.map(lambda seed: OptunaSearch(KNOBS, seed=seed, storage=storage), range(3)))
    assert [search.best() for search in searches] == [(), (), ()]


def test_a_storage_that_cannot_be_used_is_named() -> None:
    with pytest.raises(ConfigError, match="nonsense"):
        OptunaSearch(KNOBS, storage="nonsense")
