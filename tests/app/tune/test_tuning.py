"""The tuning as a whole, on functions instead of commands: budget, resuming, failures, proof."""

import math
from pathlib import Path

import numpy as np
import pytest

from homeostat.app.tune.journal import Journal, Part
from homeostat.app.tune.searches import search_of, usual_search
from homeostat.app.tune.trial_command import Run
from homeostat.app.tune.tuning import Tuned, tune
from homeostat.app.tune.tuning_file import Bound, Goal, TuningFile
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Configuration, Integers, Knob

KNOBS = {
    "batch": Knob("batch", 2, Integers(1, 64, log=True)),
    "workers": Knob("workers", 12, Integers(1, 16)),
}
TUNING = TuningFile(KNOBS, (Goal("cost"),), (Bound("p95", 250.0, upper=True),), evaluations=25, pairs=5)


class Program:
    """Costs less the fewer workers and the larger batches, and is slower; every measurement has 5% noise."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.runs: list[Configuration] = []

    def __call__(self, configuration: Configuration) -> Run:
        self.runs.append(configuration)
        batch, workers = float(configuration["batch"]), float(configuration["workers"])
        values = {"cost": workers + 20 / batch, "p95": 40 + 6 * batch + 200 / workers}
        return Run({name: v * (1 + 0.05 * float(self.rng.normal())) for name, v in values.items()})


def tuned(journal: Journal, program: Program, tuning: TuningFile = TUNING, name: str = "safe") -> Tuned:
    return tune(tuning, search_of(tuning, name, 0, None, "x"), program, journal)


def test_a_better_configuration_is_found_and_proven_within_the_budget(tmp_path: Path) -> None:
    program = Program()
    found = tuned(Journal.opened(tmp_path / "j", TUNING), program)
    assert found.proven
    assert found.against is not None
    assert found.against.effects[0].change < -0.3
    assert found.against.targets[0].holds
    assert len(program.runs) == 25 + 2 * 5 == found.measured


def test_where_nothing_makes_a_difference_nothing_is_proven(tmp_path: Path) -> None:
    proven = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        journal = Journal.opened(tmp_path / f"j{seed}", TUNING)
        flat = lambda c, rng=rng: Run({"cost": rng.lognormal(0, 0.2), "p95": 100.0})  # noqa: E731
        proven += tune(TUNING, search_of(TUNING, "safe", seed, None, "x"), flat, journal).proven
    assert proven <= 1


def test_stopped_in_the_middle_it_goes_on_without_measuring_again(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    first = Program()

    def until(configuration: Configuration) -> Run:
        if len(first.runs) == 12:
            raise Stop
        return first(configuration)

    with pytest.raises(Stop):
        tune(TUNING, search_of(TUNING, "safe", 0, None, "x"), until, Journal.opened(tmp_path / "j", TUNING))
    second = Program(1)
    found = tuned(Journal.opened(tmp_path / "j", TUNING), second)
    assert len(first.runs) + len(second.runs) == found.measured == 35
    third = Program(2)
    again = tuned(Journal.opened(tmp_path / "j", TUNING), third)
    assert third.runs == []
    assert again.pick == found.pick


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    tuned(Journal.opened(tmp_path / "j", TUNING), Program())
    text = (tmp_path / "j").read_text()
    (tmp_path / "j").write_text(text[:-20])
    journal = Journal.opened(tmp_path / "j", TUNING)
    assert journal.cut
    assert len(journal.entries) == 34
    assert Journal.opened(tmp_path / "j", TUNING).cut is False


def test_a_journal_of_other_knobs_or_a_damaged_one_is_refused(tmp_path: Path) -> None:
    Journal.opened(tmp_path / "j", TUNING)
    other = TuningFile({"batch": KNOBS["batch"]}, TUNING.goals, TUNING.bounds)
    with pytest.raises(InputError, match="--fresh"):
        Journal.opened(tmp_path / "j", other)
    with (tmp_path / "j").open("a") as file:
        file.write('{"part": "search"}\n')
    with pytest.raises(InputError, match="line 2 is damaged"):
        Journal.opened(tmp_path / "j", TUNING)
    (tmp_path / "notes").write_text("hello\n")
    with pytest.raises(InputError, match="no journal"):
        Journal.opened(tmp_path / "notes", TUNING)


def test_a_command_that_fails_with_the_default_stops_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="default values: exit code 3"):
        tune(
            TUNING,
            search_of(TUNING, "safe", 0, None, "x"),
            lambda c: Run({}, "exit code 3"),
            Journal.opened(tmp_path / "j", TUNING),
        )


def test_failures_elsewhere_are_counted_and_avoided(tmp_path: Path) -> None:
    program = Program()

    def fragile(configuration: Configuration) -> Run:
        found = program(configuration)
        return Run({}, "out of memory") if float(configuration["batch"]) > 6 else found

    journal = Journal.opened(tmp_path / "j", TUNING)
    found = tune(TUNING, search_of(TUNING, "safe", 0, None, "x"), fragile, journal)
    assert found.proven
    assert found.pick is not None
    assert float(found.pick.configuration["batch"]) <= 6
    assert found.failed == sum(bool(e.run.failure) for e in journal.of(Part.SEARCH)) < 8


def test_two_goals_give_a_front_in_their_own_units(tmp_path: Path) -> None:
    tuning = TuningFile(KNOBS, (Goal("cost"), Goal("speed", lower=False)), evaluations=40, pairs=4)

    def program(configuration: Configuration) -> Run:
        workers = float(configuration["workers"])
        return Run(
            {"cost": 10 + workers, "speed": 5 * math.sqrt(workers) / (1 + float(configuration["batch"]))}
        )

    assert usual_search(tuning) == "evolution"
    found = tune(
        tuning, search_of(tuning, "evolution", 0, None, "x"), program, Journal.opened(tmp_path / "j", tuning)
    )
    assert len(found.front) >= 3
    assert all(pick.configuration["batch"] == 1 for pick in found.front)
    for pick in found.front:
        workers = float(pick.configuration["workers"])
        assert pick.objectives == pytest.approx((10 + workers, 2.5 * math.sqrt(workers)), rel=0.1)


def test_a_search_that_does_not_suit_is_refused() -> None:
    two = TuningFile(KNOBS, (Goal("cost"), Goal("speed")))
    with pytest.raises(ConfigError, match="one goal"):
        search_of(two, "safe", 0, None, "x")
    with pytest.raises(ConfigError, match="storage"):
        search_of(TUNING, "safe", 0, "sqlite:///x", "x")
