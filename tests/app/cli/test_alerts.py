"""`homeostat alerts` against a server: the list, silences, and notices that are sent again."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from homeostat.app.alerts.alert_views import Setup, Watched, setup_record
from homeostat.app.alerts.outbox import DEAD, Delivery, moved
from homeostat.app.cli.alerts import lines
from homeostat.app.web.app import create_app
from homeostat.core.batch import Batch
from homeostat.core.clock import SystemClock
from homeostat.core.notice import Notice, Occasion
from homeostat.core.target import Severity
from homeostat.testing.served import served
from homeostat.testing.small_node import SmallNode

HOMEOSTAT = [sys.executable, "-m", "homeostat.app.cli.main"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server with a token, a target, and two notices that could not be delivered."""
    folder = tmp_path_factory.mktemp("store")
    node = SmallNode(token="s3cret", clock=SystemClock(), store=str(folder / "alerts.db"))
    now_ns = node.clock.now_ns()
    for i in ("n-1", "n-2"):
        notice = Notice(i, i, Occasion.BEGAN, Severity.CRITICAL, "g", now_ns, f"slow {i}", ())
        node.store.write(moved(Delivery(notice, "pager", 10, 0, "answered with status 500"), DEAD))
    watched = Watched("answers are fast", "p95 < 1 ms over 10 min", "operation.duration", True)
    node.store.write(Batch(records=(setup_record(Setup((watched,), ("pager",)), now_ns),)))
    with served(create_app(node)) as address:
        yield address
    node.close()


def alerts(address: str, *arguments: str, token: str = "s3cret") -> subprocess.CompletedProcess[str]:
    environment = {"PATH": "/usr/bin:/bin", "HOMEOSTAT_ENDPOINT": address, "HOMEOSTAT_TOKEN": token}
    return subprocess.run(
        [*HOMEOSTAT, "alerts", *arguments],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip


def test_alerts_are_listed_silenced_and_sent_again(address: str) -> None:
    listed = alerts(address)
    assert (listed.returncode, listed.stderr) == (0, "")
    assert "0 active alerts, 1 target" in listed.stdout
    assert "not delivered: n-1/pager: slow n-1 (answered with status 500)" in listed.stdout

    assert alerts(address, "retry", "n-1/pager").stdout == "sent again: n-1/pager\n"
    assert json.loads(alerts(address, "retry", "--all", "--json").stdout) == {
        "waiting": ["n-2/pager"],
        "left": [],
    }
    assert alerts(address, "retry", "--all").stdout == "nothing is undelivered\n"

    made = alerts(address, "silence", "--target", "answers are fast", "--for", "2h", "--reason", "release")
    (silence_id,) = re.findall(r"speak (\w+)", made.stdout)
    assert "silent: answers are fast for another 120 min (release)" in alerts(address).stdout
    assert alerts(address, "speak", silence_id).returncode == 0
    assert json.loads(alerts(address, "--json").stdout)["silences"] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retry",), "name either one notice"),
        (("retry", "n-1/pager", "--all"), "name either one notice"),
        (("retry", "nothing/such"), "was given up"),
        (("silence", "--target", "none such"), "no target 'none such'"),
        (("silence", "--target", "answers are fast", "--for", "soon"), "a length of time such as"),
        (("speak", "none/such"), "silence"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(address: str, arguments: tuple[str, ...], said: str) -> None:
    refused = alerts(address, *arguments)
    assert refused.returncode == 2
    assert said in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_without_the_token_nothing_is_told(address: str) -> None:
    refused = alerts(address, token="wrong")
    assert refused.returncode == 2
    assert "needs its token" in refused.stderr


def test_an_active_alert_is_told_with_how_long_it_lasts() -> None:
    alert = {"severity": "critical", "target": "fast", "subject": "web", "words": "p95 is 2 s", "began_ns": 0}
    state = {"now_ns": 360 * 10**9, "active": [alert], "targets": [{}, {}], "silences": [], "dead": []}
    assert lines(state) == ["1 active alert, 2 targets", "! critical: fast (web): p95 is 2 s, for 6 min"]


def test_a_target_that_was_not_set_while_the_server_ran_cannot_be_forgotten(address: str) -> None:
    refused = alerts(address, "forget", "answers are fast")
    assert refused.returncode == 2
    assert "no target 'answers are fast' was set with set_performance_alert" in refused.stderr
