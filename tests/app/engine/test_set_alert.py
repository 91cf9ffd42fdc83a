"""Claims about alerts that people set while a server runs."""

from typing import Any

import pytest

from homeostat.app.alerts.alert_views import AlertViews
from homeostat.app.alerts.channels.channel import Channel
from homeostat.app.alerts.desk import AlertDesk
from homeostat.app.alerts.own_rules import RULES_MAX, forget_rule, own_rules
from homeostat.app.alerts.target_file import Alerting
from homeostat.app.engine.engine import Engine
from homeostat.app.loops.loop_actions import loop_actions
from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import HomeostatError, InputError
from homeostat.core.metric import Kind
from homeostat.core.notice import Notice
from homeostat.core.order import Restore
from homeostat.core.series import SeriesKey
from homeostat.core.target import Severity
from homeostat.testing.small_node import SmallNode
from homeostat.testing.store_contract import point


class Kept:
    """A sender that keeps what it sent."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []

    def send(self, notice: Notice) -> None:
        self.sent.append(notice)


class Server:
    """The desk of a server on the node's store, with one channel, `out`."""

    def __init__(self, node: SmallNode) -> None:
        self.node = node
        self.kept = Kept()
        alerting = Alerting((), (), (Channel("out", "test", Severity.WARNING, lambda: self.kept),))
        desk = LoopDesk(node.store, node.clock, node.losses)
        self.desk = AlertDesk(
            node.store, node.clock, node.losses, alerting, loop_actions(desk), metrics=node.catalogue
        )

    def step(self, value: float, times: int = 1) -> None:
        """Let five seconds pass, `times` times, in which answers took so many ms."""
        key = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"service": "assistant"})
        for _ in range(times):
            second_ns = self.node.clock.now_ns() // SECOND_NS * SECOND_NS
            self.node.store.write(Batch(points=(point(key, second_ns, [value] * 500),)))
            self.desk.look()
            for courier in self.desk.couriers.values():
                courier.deliver_due()
            self.node.clock.advance(5)


@pytest.fixture
def server(node: SmallNode) -> Server:
    return Server(node)


def test_an_alert_is_taken_in_while_the_server_runs_and_fires(engine: Engine, server: Server) -> None:
    server.step(900.0, 10)
    assert server.kept.sent == []
    engine.set_performance_alert("operation.duration", "p95 < 200 ms over 1 min", severity="critical")
    server.step(900.0, 60)
    server.step(20.0, 60)
    assert [n.occasion.value for n in server.kept.sent] == ["began", "recovered"]
    assert server.kept.sent[0].alerts[0].target == "operation.duration p95 < 200 ms over 1 min"
    assert server.kept.sent[0].severity.value == "critical"


def test_an_alert_that_is_set_again_replaces_itself_and_one_that_is_forgotten_is_silent(
    engine: Engine, server: Server, node: SmallNode
) -> None:
    for severity in ("warning", "critical"):
        rule = engine.set_performance_alert("operation.duration", "p95 < 200 ms over 1 min", "", severity)
    assert own_rules(node.store) == (rule,)
    server.step(20.0)
    assert [w.name for w in AlertViews(node.store, node.clock).setup().rules] == [rule.name]
    forget_rule(node.store, rule.name, node.clock.now_ns())
    server.step(900.0, 60)
    assert server.kept.sent == []
    assert AlertViews(node.store, node.clock).setup().rules == ()


def test_an_alert_outlives_the_server(engine: Engine, server: Server, node: SmallNode) -> None:
    engine.set_performance_alert("operation.duration", "p95 < 200 ms over 1 min")
    again = Server(node)
    again.step(900.0, 60)
    assert [n.occasion.value for n in again.kept.sent] == ["began"]


def test_the_action_restore_reaches_the_loop_once(governed: tuple[Engine, Any], server: Server) -> None:
    engine, loop = governed
    server.step(20.0)
    engine.set_performance_alert("operation.duration", "p95 < 200 ms over 1 min", "restore", notify=("out",))
    for _ in range(60):
        loop.tell()
        server.step(900.0)
        loop.step(0.0)
    assert loop.orders == [Restore(by="an alert")]
    assert [n.occasion.value for n in server.kept.sent] == ["began"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("operation.duration", "200 ms"), "write a threshold like 'p95 < 200 ms'"),
        (("operation.duration", "p95 < many"), "many"),
        (("operation.duration", "p95 < 200 ms", "reboot"), "there is no action 'reboot'; known are observe"),
        (("operation.duration", "p95 < 200 ms", "", "fatal"), "severity must be warning or critical"),
        (
            ("operation.duration", "p95 < 200 ms", "", "warning", ("pager",)),
            "no channel 'pager'; known are out",
        ),
        (
            ("operation.duration", "p95 < 200 ms", "", "warning", ("action:restore",)),
            "no channel 'action:restore'",
        ),
    ],
)
def test_an_alert_that_makes_no_sense_says_why_and_is_not_kept(
    engine: Engine, server: Server, node: SmallNode, arguments: tuple[str, ...], said: str
) -> None:
    server.step(20.0)
    with pytest.raises(HomeostatError) as caught:
        engine.set_performance_alert(*arguments)  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert own_rules(node.store) == ()


def test_alerts_have_a_bound_and_say_so(engine: Engine) -> None:
    for i in range(RULES_MAX):
        engine.set_performance_alert("operation.duration", f"p95 < {i + 100} ms")
    with pytest.raises(InputError, match=f"{RULES_MAX} alerts are set already"):
        engine.set_performance_alert("operation.duration", "p95 < 1 ms")
    engine.set_performance_alert("operation.duration", "p95 < 150 ms", severity="critical")
