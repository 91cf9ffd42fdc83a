"""Claims about `homeostat engine`."""

from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from homeostat.app.alerts.own_rules import own_rules
from homeostat.app.cli.main import build
from homeostat.app.engine.operations import OPERATIONS
from homeostat.store.open import open_store


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "s.db"
    open_store(path).close()
    return path


def ask(store: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(build(), ["engine", *words, "--store", str(store)])
    return done.exit_code, done.output


def test_without_an_operation_all_are_listed(tmp_path: Path) -> None:
    code, told = ask(tmp_path / "no such store", *())
    assert code == 0
    assert [one["operation"] for one in msgspec.json.decode(told)] == list(OPERATIONS)


def test_arguments_are_text_or_json(store: Path) -> None:
    rule = ("metric=operation.duration", "threshold=p95 < 200 ms", "severity=critical", "notify=[]")
    code, told = ask(store, "set_performance_alert", *rule)
    assert code == 0
    assert msgspec.json.decode(told)["expect"] == "p95(operation.duration) < 200 ms"
    with open_store(store) as opened:
        assert [rule.severity.value for rule in own_rules(opened)] == ["critical"]
    assert ask(store, "predict_resource_needs", "time_horizon=3600", "confidence_level=0.9") == (0, "[]\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("get_resource_status", "1h"), 2, "write an argument as NAME=VALUE, not '1h'"),
        (("get_resource_status", "range=2h"), 2, "range '2h' is not known"),
        (("faster",), 2, "there is no operation 'faster'"),
        (("optimize_system",), 3, "hs.govern"),
        (("set_performance_alert", "metric=m", "threshold=fast"), 2, "write a threshold like"),
    ],
)
def test_a_mistake_says_what_would_be_right(
    store: Path, words: tuple[str, ...], code: int, said: str
) -> None:
    found, told = ask(store, *words)
    assert found == code
    assert said in " ".join(told.split())
