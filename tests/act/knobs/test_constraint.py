"""Claims about constraints."""

import pytest

from homeostat.act.knobs.constraint import forbidden, required
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Configuration


def test_a_forbidden_combination_is_refused_with_its_values_and_the_reason() -> None:
    constraint = forbidden(lambda c: int(c["batch"]) * int(c["workers"]) > 256, "the GPU's memory")
    constraint.check({"batch": 64, "workers": 4})
    with pytest.raises(InputError, match=r"batch = 64, workers = 8 must not be together: the GPU's memory"):
        constraint.check({"batch": 64, "workers": 8})


def test_a_constraint_waits_for_all_of_its_knobs() -> None:
    required("batch * workers <= 256").check({"batch": 64})
    forbidden(lambda c: int(c["batch"]) * int(c["workers"]) > 256, "memory").check({"batch": 64})


def test_a_test_that_fails_is_refused_and_not_taken_as_passed() -> None:
    def broken(c: Configuration) -> bool:
        return {"a": True}[str(c["batch"])]

    with pytest.raises(InputError, match="failed"):
        forbidden(broken, "memory").check({"batch": 1})
    with pytest.raises(InputError, match="failed"):
        forbidden(lambda c: c["batch"].missing, "memory").check({"batch": 1})  # type: ignore[union-attr]


def test_a_constraint_needs_a_reason_and_a_function() -> None:
    with pytest.raises(ConfigError, match="reason"):
        forbidden(lambda c: True, "")
    with pytest.raises(ConfigError, match="require"):
        forbidden("batch < 3", "memory")  # type: ignore[arg-type]
