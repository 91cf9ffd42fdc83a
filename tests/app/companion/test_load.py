"""A load test from end to end: a real server in a process of its own, a crowd, and nothing lost."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from homeostat.app.cli.main import build
from homeostat.app.companion.child import CompanionChild
from homeostat.core.errors import NotAvailable

SMALL = ["--people", "20", "--active", "8", "--rate", "10", "--seconds", "4", "--history", "30"]


@pytest.mark.long
def test_a_crowd_is_answered_and_all_that_was_promised_is_kept(tmp_path: Path) -> None:
    arguments = ["companion", "loadtest", *SMALL, "--data", str(tmp_path / "people"), "--json"]
    for _ in range(2):
        done = CliRunner().invoke(build(), arguments)
        assert done.exit_code == 0, done.output
        found = json.loads(done.stdout)
        assert found["lost"] == 0
        assert found["checked"] == found["replay"]["completed"] == found["replay"]["sent"] > 10
        assert found["replay"]["latency_ms"]["count"] == found["minutes"][0]["count"]
        assert found["usage"]["rss_mb_max"] > 10


@pytest.mark.long
def test_a_server_that_does_not_start_is_named_with_its_log(tmp_path: Path) -> None:
    child = CompanionChild(tmp_path, ("--store", "mysql://nowhere"))
    with pytest.raises(NotAvailable, match=r"companion-up\.log"), child:
        pass


def test_more_active_people_than_there_are_is_refused() -> None:
    done = CliRunner().invoke(build(), ["companion", "loadtest", "--people", "5", "--active", "6"])
    assert done.exit_code == 2
    assert "of 5 people, 6 cannot be active" in done.output
