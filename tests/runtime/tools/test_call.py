"""A graph of calls is checked before anything runs."""

import pytest

from homeostat.core.errors import ConfigError
from homeostat.runtime.tools.call import Call, Ran, remaining_work, sorted_calls


def nothing() -> None:
    """Do nothing."""


def test_each_call_stands_behind_what_it_needs() -> None:
    calls = {"c": Call(nothing, needs=("a", "b")), "b": Call(nothing, needs=("a",)), "a": Call(nothing)}
    assert sorted_calls(calls) == ("a", "b", "c")


def test_a_graph_that_cannot_be_run_is_refused_with_the_names() -> None:
    with pytest.raises(ConfigError, match="'b' needs 'x', which is no call; there are a, b"):
        sorted_calls({"a": Call(nothing), "b": Call(nothing, needs=("x",))})
    with pytest.raises(ConfigError, match=r"in a circle: .*a.*b"):
        sorted_calls({"a": Call(nothing, needs=("b",)), "b": Call(nothing, needs=("a",))})


def test_what_waits_for_a_call_counts_as_its_work() -> None:
    calls = {
        "search": Call(nothing, tool="quick"),
        "read": Call(nothing, needs=("search",), tool="slow"),
        "news": Call(nothing, tool="slow"),
    }
    assert remaining_work(calls, {"quick": 1.0, "slow": 5.0}.__getitem__) == {
        "search": 6.0,
        "read": 5.0,
        "news": 5.0,
    }


def test_a_result_is_had_by_name_and_so_is_an_error() -> None:
    ran = Ran({"a": 1}, {"b": ValueError("no")})
    assert ran["a"] == 1
    with pytest.raises(ValueError, match="no"):
        ran["b"]
