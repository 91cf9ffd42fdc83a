"""A process that alerts until it is killed, and then goes on: `keep_alerting.py STORE URL LOOKS`."""

import sys

from homeostat.app.alerts.channels.channel import Channel
from homeostat.app.alerts.channels.webhook import WebhookSender
from homeostat.app.alerts.desk import AlertDesk
from homeostat.app.alerts.target_file import Alerting
from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.query import RecordsQuery
from homeostat.core.record import Record
from homeostat.core.series import SeriesKey
from homeostat.core.target import Severity
from homeostat.judge.targets.target import Handling, rule_of
from homeostat.judge.targets.target_language import parse
from homeostat.observe.catalogue import load_catalogue
from homeostat.store.open import open_store
from homeostat.testing.clock import ManualClock
from homeostat.testing.store_contract import T0, point

STEP_S = 15
SERVICES = ("a", "b", "c")


def slow(service: str, tick: int) -> bool:
    """Whether a service is slow at a tick: each in turns of its own length."""
    return tick // (5 + SERVICES.index(service)) % 2 == 1


def main(path: str, url: str, looks: int) -> None:
    clock, losses = ManualClock(now_ns=T0), Losses()
    store = open_store(path)
    found = store.read(RecordsQuery("test.tick"))
    tick = int(found[0].body) if found else 0
    clock.advance(tick * STEP_S)
    handling = Handling(for_ns=0, cool_down_ns=0)
    target = parse("p95(operation.duration) < 200 ms over 30 s by service")
    rule = rule_of("fast", target, load_catalogue(), handling=handling)
    webhook = Channel("hook", "webhook", Severity.WARNING, lambda: WebhookSender(url))
    desk = AlertDesk(store, clock, losses, Alerting((rule,), (rule,), (webhook,)))
    courier = desk.couriers["hook"]
    courier.start()
    while tick < looks:
        tick += 1
        points = tuple(
            point(
                SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"service": service}),
                clock.now_ns() // SECOND_NS * SECOND_NS,
                [900.0 if slow(service, tick) else 20.0] * 700,
            )
            for service in SERVICES
        )
        store.write(Batch(points=points, records=(Record("test.tick", "", 0, str(tick).encode()),)))
        desk.look()
        clock.advance(STEP_S)
        sys.stdout.write(f"{tick}\n")
        sys.stdout.flush()
    while courier.waiting:
        clock.advance(STEP_S)
        courier.deliver_due()
    desk.close()
    store.close()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
