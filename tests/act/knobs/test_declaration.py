"""Claims about declarations of knobs."""

from typing import Any

import pytest

from homeostat.act.knobs.declaration import declared
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices, Floats, Integers, Scope


@pytest.mark.parametrize(
    ("default", "how", "domain"),
    [
        (8, {"low": 1, "high": 64}, Integers(1, 64)),
        (8, {"low": 1, "high": 64, "log": True}, Integers(1, 64, log=True)),
        (8, {"low": 0.5, "high": 64}, Floats(0.5, 64.0)),
        (0.5, {"low": 0, "high": 1}, Floats(0.0, 1.0)),
        (True, {}, Choices((False, True))),
        ("small", {"choices": ["small", "large"]}, Choices(("small", "large"))),
        (4, {"choices": [1, 2, 4, 8]}, Choices((1, 2, 4, 8))),
    ],
)
def test_the_kind_of_a_knob_follows_from_its_default(
    default: Any, how: dict[str, Any], domain: object
) -> None:
    knob = declared("k", default, **how)
    assert knob.domain == domain
    assert knob.default == default
    assert knob.scope is Scope.PROCESS


@pytest.mark.parametrize(
    ("name", "default", "how", "told"),
    [
        ("", 8, {"low": 1, "high": 64}, "name"),
        ("batch size", 8, {"low": 1, "high": 64}, "'batch size'"),
        ("k", 8, {}, "low"),
        ("k", 8, {"low": 1}, "high"),
        ("k", 8, {"low": 64, "high": 1}, "low < high"),
        ("k", 80, {"low": 1, "high": 64}, "80"),
        ("k", 0.5, {"low": 0, "high": 1, "log": True}, "above 0"),
        ("k", "small", {}, "choices"),
        ("k", "huge", {"choices": ["small", "large"]}, "'huge'"),
        ("k", "s", {"choices": "sml"}, "list"),
        ("k", 1, {"choices": [1]}, "two values"),
        ("k", 1, {"choices": [1, 2], "low": 1}, "leave them out"),
        ("k", 1, {"low": False, "high": True}, "numbers"),
        ("k", 8, {"low": 1, "high": 64, "scope": "user"}, "'user'"),
        ("k", 8, {"low": 1, "high": 64, "step_max": 0}, "step_max"),
        ("k", 8, {"low": 1, "high": 64, "settle_s": -1}, "settle_s"),
        ("k", float("nan"), {"low": 1, "high": 64}, "nan"),
    ],
)
def test_a_declaration_that_makes_no_sense_says_what_to_do(
    name: str, default: Any, how: dict[str, Any], told: str
) -> None:
    with pytest.raises(ConfigError, match=told):
        declared(name, default, **how)
