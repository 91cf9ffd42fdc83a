"""Two releases of one application in one store, told apart by `homeostat compare`."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.core.clock import MINUTE_NS, SECOND_NS, SystemClock
from homeostat.loop.homeostat import Homeostat
from homeostat.testing.clock import ManualClock

SECONDS = 240


def play(path: Path, release: str, ago_min: int, factor: float, seed: int) -> None:
    """Answer eight questions a second or so for four minutes of a clock that is turned by hand."""
    rng = np.random.default_rng(seed)
    now_ns = SystemClock().now_ns() // SECOND_NS * SECOND_NS
    clock = ManualClock(now_ns - ago_min * MINUTE_NS)
    with Homeostat(
        "shop", release=release, store=path, collect=False, flush_interval_s=60.0, clock=clock
    ) as hs:
        handle = hs.histogram("answer.length", unit="1")
        for _ in range(SECONDS):
            for ms in rng.lognormal(4.0, 0.3, 8):
                with hs.operation("answer"), hs.llm("gpt-4o-mini", provider="openai") as call:
                    clock.advance(factor * ms / 1e3)
                    call.usage(input_tokens=1_000, output_tokens=50)
                handle.record(ms)
            clock.advance(0.5)
            assert hs.flush()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("releases") / "h.db"
    play(path, "1", 30, 1.0, 1)
    play(path, "1-again", 20, 1.0, 2)
    play(path, "2", 10, 1.2, 3)
    return path


def compare(
    store: Path, baseline: str, candidate: str
) -> tuple[int, dict[tuple[str, str], dict[str, object]]]:
    arguments = ["compare", baseline, candidate, "--store", str(store), "--json"]
    done = CliRunner().invoke(build(), arguments)
    assert done.exit_code in (0, 1), done.output
    rows = json.loads(done.stdout)["rows"]
    return done.exit_code, {(r["title"], r["statistic"]): r for r in rows}


def test_a_fifth_slower_release_is_found(store: Path) -> None:
    code, rows = compare(store, "release:1", "release:2")
    assert code == 1
    for title in ("operation.duration (answer)", "llm.duration (gpt-4o-mini, chat, openai)"):
        assert rows[title, "mean"]["outcome"] == "worse"
        assert rows[title, "mean"]["change"] == pytest.approx(0.2, abs=0.06)
    assert rows["answer.length", "mean"]["outcome"] != "worse"


def test_a_release_that_is_the_same_is_no_worse(store: Path) -> None:
    code, rows = compare(store, "release:1", "release:1-again")
    assert code == 0
    assert ("operation.duration (answer)", "mean") in rows


def test_periods_are_compared_whatever_releases_they_hold(store: Path) -> None:
    code, rows = compare(store, "32m..22m", "12m..now")
    assert code == 1
    assert rows["operation.duration (answer)", "mean"]["outcome"] == "worse"
