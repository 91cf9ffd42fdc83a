"""`homeostat demo`: what its options ask for."""

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.app.demo import demo


@pytest.mark.parametrize(
    ("options", "fault", "act"),
    [((), True, True), (("--no-fault",), False, True), (("--observe",), True, False)],
)
def test_the_fault_and_the_acting_can_be_left_out_and_the_status_is_the_demos(
    monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], fault: bool, act: bool
) -> None:
    asked: list[dict[str, object]] = []
    monkeypatch.setattr(demo, "run_demo", lambda **given: asked.append(given) or 130)
    found = CliRunner().invoke(build(), ["demo", *options])
    assert found.exit_code == 130
    assert asked == [{"seconds": 150.0, "port": 0, "as_json": False, "fault": fault, "act": act}]
