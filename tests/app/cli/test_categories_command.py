"""Claims about `homeostat categories`: it says what the page says, and its exit code whether all is well."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from homeostat.app.cli.categories import alone, whole
from homeostat.app.cli.main import build
from homeostat.app.web.app import create_app
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS, SystemClock
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.testing.served import served
from homeostat.testing.small_node import SmallNode


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """A server that knows of one limit that is broken, of safety, and of one that holds, of security."""
    node = SmallNode(clock=SystemClock())
    at_ns = node.clock.now_ns() - 5 * SECOND_NS
    for name, value in (("safety.filter_accuracy", 0.5), ("security.privacy", 1.0)):
        key = SeriesKey.of(name, Kind.GAUGE, "ratio", {})
        node.store.write(Batch(points=(Point(key, at_ns, Moments(1, value, 0.0, value, value, value)),)))
    with served(create_app(node)) as address:
        yield address
    node.close()


def asked(address: str, *arguments: str) -> Result:
    command = ["categories", *arguments, "--endpoint", address, "--range", "1h"]
    return CliRunner().invoke(build(), command, env={"COLUMNS": "150", "NO_COLOR": "1"})


def test_all_categories_are_printed_with_what_is_broken_and_exit_code_1(address: str) -> None:
    found = asked(address)
    assert found.exit_code == 1
    assert "1 limit is broken. 50% of known limits hold, the mean of 2 categories" in found.output
    assert "safety.filter_accuracy" in found.output
    assert "security.privacy" not in found.output


def test_one_category_is_printed_with_all_its_limits_and_why_one_is_not_known(address: str) -> None:
    found = asked(address, "security")
    assert found.exit_code == 0
    assert "1 of 1 known limit holds (100%)" in found.output
    assert "nothing measured so far (security: the companion's checks" in " ".join(found.output.split())


def test_json_is_what_the_server_answers(address: str) -> None:
    every, one = asked(address, "--json"), asked(address, "safety", "--json")
    assert (every.exit_code, one.exit_code) == (1, 1)
    categories = json.loads(every.stdout)["categories"]
    assert json.loads(one.stdout) == next(c for c in categories if c["name"] == "safety")


def test_a_category_that_is_none_is_refused_with_those_that_are(address: str) -> None:
    found = asked(address, "speed")
    assert found.exit_code == 2
    assert "there are computing, pipeline" in found.output


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_the_terminal(address: str, width: int) -> None:
    found: dict[str, Any] = json.loads(asked(address, "--json").stdout)
    for shown in (whole(found), alone(found["categories"][0])):
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(shown)
        assert max(map(len, console.export_text().splitlines())) <= width
