"""Claims about `homeostat watch`: it asks for the watch that was meant, and shows what the page shows."""

import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.app.cli.watch import query, view
from homeostat.app.web.app import create_app
from homeostat.app.web.watch_query import watch_of
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS, SystemClock
from homeostat.core.errors import InputError
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.core.target import Amount
from homeostat.judge.views.watch import Threshold
from homeostat.testing.served import served
from homeostat.testing.small_node import SmallNode


def test_thresholds_hold_for_all_series_and_on_the_side_that_was_named() -> None:
    asked = query(["a", "max b{x=1}"], "", "0.9", "0.5", "5s", "30 s", ["session=s-1"])
    watch = watch_of(tuple((name, value) for name, values in asked.items() for value in values))
    assert [a.metric for a in watch.asked] == ["a", "b"]
    for one in watch.asked:
        assert (one.warn, one.critical) == (
            Threshold(Amount(0.9), above=False),
            Threshold(Amount(0.5), above=False),
        )
    assert (watch.every_ns, watch.over_ns, watch.only) == (
        5 * SECOND_NS,
        30 * SECOND_NS,
        (("session", "s-1"),),
    )


def test_two_sides_are_refused() -> None:
    with pytest.raises(InputError, match="one side"):
        query(["a"], "1", "2", "", "2 s", "1 min", [])


def test_it_prints_what_is_beyond_with_exit_code_1() -> None:
    node = SmallNode(clock=SystemClock())
    key = SeriesKey.of("queue.depth", Kind.GAUGE, "1", {})
    at_ns = node.clock.now_ns() - 5 * SECOND_NS
    node.store.write(Batch(points=(Point(key, at_ns, Moments(1, 50.0, 0.0, 50.0, 50.0, 50.0)),)))
    with served(create_app(node)) as address:
        command = ["watch", "queue.depth", "--endpoint", address, "--once"]
        beyond = CliRunner().invoke(build(), [*command, "--above", "10"])
        within = CliRunner().invoke(build(), [*command, "--above", "90", "--json"])
        wrong = CliRunner().invoke(build(), [*command, "--above", "10 apples"])
    node.close()
    assert beyond.exit_code == 1
    assert "1 of 1 series is beyond a threshold" in beyond.output
    assert within.exit_code == 0
    assert json.loads(within.stdout)["rows"][0]["level"] == "within"
    assert wrong.exit_code == 2
    assert "apples" in wrong.output


@pytest.mark.parametrize("width", [60, 80, 200])
def test_it_fits_the_terminal(width: int) -> None:
    row = {
        "key": "operation.duration{operation=answer,service=assistant}",
        "statistic": "p95",
        "value_words": "1.35 s",
        "interval_words": "[1.24, 1.46] s",
    }
    sight = {
        "words": "1 of 1 series is beyond a threshold.",
        "query": "series=operation.duration",
        "rows": [
            {
                "row": row,
                "level": "critical",
                "words": "above critical",
                "bounds": {"warn_words": "> 500 ms", "critical_words": "> 1 s"},
            }
        ],
        "crossings": [{"level": "critical", "at_ns": 0, "key": row["key"], "words": "above critical"}],
        "notes": ["Nothing came under 'x' in the last 1 min."],
    }
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(view(sight, "http://127.0.0.1:4318"))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= width
    for words in ("1.35 s", "▲ 00:00:00", "Nothing came"):
        assert words in text
