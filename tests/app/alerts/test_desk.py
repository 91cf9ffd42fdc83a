"""Claims about the desk: what is told lives in the store, so that no failure and no kill loses it."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from homeostat.app.alerts.alert_views import AlertViews
from homeostat.app.alerts.channels.channel import Channel, Undelivered
from homeostat.app.alerts.desk import AlertDesk
from homeostat.app.alerts.outbox import ATTEMPTS_MAX, DEAD, SENT, WAITING, read_deliveries, read_notices
from homeostat.app.alerts.target_file import Alerting
from homeostat.core.batch import Batch
from homeostat.core.clock import HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import InputError, StoreBusy
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.notice import Notice, Occasion
from homeostat.core.query import Answer_co, Maintenance, Query, Store
from homeostat.core.series import SeriesKey
from homeostat.core.target import Severity
from homeostat.judge.targets.target import Handling, Rule, rule_of
from homeostat.judge.targets.target_language import parse
from homeostat.observe.catalogue import load_catalogue
from homeostat.store.open import open_store
from homeostat.testing.clock import ManualClock
from homeostat.testing.notice_receiver import NoticeReceiver
from homeostat.testing.store_contract import T0, point

SCRIPT = Path(__file__).with_name("keep_alerting.py")
CATALOGUE = load_catalogue()


class Recording:
    """A sender that keeps what it sent, and fails while it is told to."""

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.attempts = 0
        self.failing = False

    def send(self, notice: Notice) -> None:
        self.attempts += 1
        if self.failing:
            raise Undelivered("it was told to fail")
        self.sent.append(notice)

    def act(self, notice: Notice) -> None:
        self.send(notice)


class Scene:
    """A desk over a store in which a service is slow or fast, on a clock that is moved by hand."""

    def __init__(
        self, expect: str, handling: Handling | None = None, least: Severity = Severity.WARNING
    ) -> None:
        self.clock = ManualClock(now_ns=T0)
        self.losses = Losses()
        self.store: Store = open_store(":memory:")
        self.sender = Recording()
        self.action = Recording()
        self.rule: Rule = rule_of("target", parse(expect), CATALOGUE, handling=handling or Handling(for_ns=0))
        self.channels = (Channel("out", "test", least, lambda: self.sender),)
        self.desk = self.open()

    def open(self) -> AlertDesk:
        alerting = Alerting((self.rule,), (self.rule,), self.channels)
        return AlertDesk(self.store, self.clock, self.losses, alerting, {"shed": self.action})

    def step(
        self, value: float | None, seconds: float = 5, n: int = 500, metric: str = "operation.duration"
    ) -> None:
        if value is not None:
            kind = CATALOGUE[metric].kind
            key = SeriesKey.of(metric, kind, CATALOGUE[metric].unit, {"service": "web"})
            self.store.write(
                Batch(points=(point(key, self.clock.now_ns() // SECOND_NS * SECOND_NS, [value] * n),))
            )
        self.desk.look()
        for courier in self.desk.couriers.values():
            courier.deliver_due()
        self.clock.advance(seconds)

    def told(self) -> list[str]:
        return [n.occasion.value for n in self.sender.sent]


@pytest.fixture
def scene() -> Iterator[Callable[..., Scene]]:
    made: list[Scene] = []

    def make(*args: object, **kwargs: object) -> Scene:
        made.append(Scene(*args, **kwargs))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.store.close()


def test_a_slow_service_is_told_once_and_its_recovery_once(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min")
    for value in [20.0] * 10 + [900.0] * 60 + [20.0] * 60:
        s.step(value)
    assert s.told() == ["began", "recovered"]
    assert s.sender.sent[0].alerts[0].words.startswith("p95 is 90")
    assert {d.notice.id for d in read_deliveries(s.store, SENT)} == {n.id for n in s.sender.sent}
    assert read_deliveries(s.store, WAITING) == []


def test_a_restart_tells_nothing_again_and_remembers_the_incident(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min")
    for value in [900.0] * 20:
        s.step(value)
    for value in [900.0] * 10 + [20.0] * 60:
        s.desk = s.open()
        s.step(value)
    assert s.told() == ["began", "recovered"]


def test_a_store_that_is_busy_delays_a_notice_and_doubles_none(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min")

    class Busy:
        """The store, busy at every other write."""

        def __init__(self, store: Store) -> None:
            self._store = store
            self._writes = 0

        def write(self, batch: Batch) -> None:
            self._writes += 1
            if batch.records and self._writes % 2:
                raise StoreBusy("busy")
            self._store.write(batch)

        def read(self, query: Query[Answer_co]) -> Answer_co:
            return self._store.read(query)

        def maintain(self, now_ns: int) -> Maintenance:
            return self._store.maintain(now_ns)

        def close(self) -> None:
            self._store.close()

    whole = s.store
    alerting = Alerting((s.rule,), (s.rule,), s.channels)
    s.desk = AlertDesk(Busy(whole), s.clock, s.losses, alerting)
    for value in [900.0] * 30 + [20.0] * 60:
        key = SeriesKey.of("operation.duration", Kind.HISTOGRAM, "ms", {"service": "web"})
        whole.write(Batch(points=(point(key, s.clock.now_ns() // SECOND_NS * SECOND_NS, [value] * 500),)))
        for _ in range(3):
            with suppress(StoreBusy):
                s.desk.look()
                break
        s.desk.couriers["out"].deliver_due()
        s.clock.advance(5)
    assert s.told() == ["began", "recovered"]


def test_what_cannot_be_delivered_is_tried_ever_more_slowly_and_then_listed(
    scene: Callable[..., Scene],
) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min")
    s.sender.failing = True
    moments = []
    for _ in range(800):
        before = s.sender.attempts
        s.step(900.0)
        if s.sender.attempts > before:
            moments.append(s.clock.now_ns())
    assert s.sender.attempts == ATTEMPTS_MAX
    gaps = [b - a for a, b in pairwise(moments)]
    assert gaps == sorted(gaps)
    (dead,) = AlertViews(s.store, s.clock).state().dead
    assert (dead.channel, dead.attempts, dead.error) == ("out", ATTEMPTS_MAX, "it was told to fail")
    assert s.losses.totals()["alerts.undelivered"] == 1
    s.sender.failing = False
    for _ in range(60):
        s.step(20.0)
    assert s.told() == ["recovered"]


def test_a_recovery_does_not_overtake_its_beginning(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min")
    s.sender.failing = True
    for value in [900.0] * 20 + [20.0] * 40:
        s.step(value)
    s.sender.failing = False
    for _ in range(100):
        s.step(20.0)
    assert s.told() == ["began", "recovered"]


def test_a_delivery_to_a_channel_that_was_taken_out_is_listed_as_dead(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min")
    s.sender.failing = True
    for _ in range(10):
        s.step(900.0)
    s.channels = ()
    s.desk = s.open()
    s.step(900.0)
    assert [d.error for d in read_deliveries(s.store, DEAD)] == ["the channel 'out' is no longer configured"]


def given_up(scene: Scene) -> AlertViews:
    """Let a notice fail until it is given up."""
    scene.sender.failing = True
    for _ in range(ATTEMPTS_MAX + 5):
        scene.step(900.0, seconds=900)
    return AlertViews(scene.store, scene.clock)


def test_what_was_given_up_is_sent_again_once_when_somebody_asks(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 10 min by service")
    views = given_up(s)
    (lost, *_) = read_deliveries(s.store, DEAD)
    s.sender.failing = False
    assert views.retry(lost.key).waiting == (lost.key,)
    assert lost.key not in [d.key for d in read_deliveries(s.store, DEAD)]
    before = len(s.sender.sent)
    for _ in range(4):
        s.step(900.0)
    assert [n.id for n in s.sender.sent[before:]].count(lost.notice.id) == 1
    assert lost.key in [d.key for d in read_deliveries(s.store, SENT)]


def test_what_is_to_be_sent_again_survives_a_restart_and_is_not_doubled(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 10 min by service")
    views = given_up(s)
    keys = [d.key for d in read_deliveries(s.store, DEAD)]
    s.sender.failing = False
    assert set(views.retry().waiting) == set(keys)
    s.desk = s.open()
    before = len(s.sender.sent)
    for _ in range(6):
        s.step(900.0)
    sent = Counter(n.id for n in s.sender.sent[before:])
    assert all(sent[key.partition("/")[0]] == 1 for key in keys)
    assert read_deliveries(s.store, DEAD) == []


def test_a_notice_of_a_channel_that_was_taken_out_cannot_be_sent_again(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 10 min by service")
    views = given_up(s)
    keys = tuple(d.key for d in read_deliveries(s.store, DEAD))
    s.channels = ()
    s.desk = s.open()
    s.desk.look()
    assert views.retry().left == keys
    with pytest.raises(InputError, match="no longer configured"):
        views.retry(keys[0])
    with pytest.raises(InputError, match="was given up"):
        views.retry("nothing/such")


def test_an_alert_that_names_an_action_sets_it_off_once(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min", Handling(for_ns=0, action="shed"))
    for value in [900.0] * 30 + [20.0] * 60:
        s.step(value)
    assert [n.occasion for n in s.action.sent] == [Occasion.BEGAN]
    assert s.told() == ["began", "recovered"]


def test_a_channel_hears_only_what_is_bad_enough_for_it(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min", least=Severity.CRITICAL)
    for value in [900.0] * 30 + [20.0] * 60:
        s.step(value)
    assert s.told() == []
    assert len(read_notices(s.store, 10)) == 2


def test_a_silence_that_another_process_writes_is_heard(scene: Callable[..., Scene]) -> None:
    s = scene("p95(operation.duration) < 200 ms over 1 min")
    s.step(20.0)
    AlertViews(s.store, s.clock).silence("target", "", HOUR_NS)
    for _ in range(60):
        s.step(900.0)
    assert s.told() == []
    assert len(AlertViews(s.store, s.clock).active()) == 1


def test_the_share_of_failed_operations_is_told(scene: Callable[..., Scene]) -> None:
    s = scene("rate(errors) < 1% over 1 min")
    for i in range(60):
        if i > 20:
            key = SeriesKey.of("operation.errors", Kind.COUNTER, "1", {"service": "web", "error": "Timeout"})
            s.store.write(Batch(points=(point(key, s.clock.now_ns() // SECOND_NS * SECOND_NS, [1.0] * 40),)))
        s.step(20.0)
    assert s.told() == ["began"]
    assert "share is" in s.sender.sent[0].alerts[0].words


def test_a_budget_that_burns_is_told_only_while_it_still_burns(scene: Callable[..., Scene]) -> None:
    s = scene("burn(share(operation.duration > 200 ms) < 0.1% over 30 d) < 14.4 over 1 h and 5 min")
    for i in range(140):
        s.step(900.0 if 60 < i < 80 else 20.0, seconds=30, n=200)
    assert [(n.occasion.value, n.severity.value) for n in s.sender.sent] == [
        ("began", "warning"),
        ("recovered", "warning"),
    ]
    lasted = s.sender.sent[1].time_ns - s.sender.sent[0].time_ns
    assert lasted < 20 * MINUTE_NS


def test_a_rate_of_a_young_service_is_over_the_time_it_was_seen(scene: Callable[..., Scene]) -> None:
    s = scene("rate(operation.duration) < 10/s over 10 min")
    for _ in range(24):
        s.step(20.0, n=150)
    assert s.told() == ["began"]


@pytest.mark.parametrize(
    ("looks", "kills"),
    [(50, (23,)), pytest.param(160, (7, 13, 29, 31, 77), marks=pytest.mark.long)],
)
def test_kills_at_any_moment_lose_no_notice_and_repeat_none(
    tmp_path: Path, looks: int, kills: tuple[int, ...]
) -> None:
    """By their idempotency keys: what was sent at the moment of a kill may come again under the same one."""
    store_path = tmp_path / "h.db"
    with NoticeReceiver() as receiver:
        command = [sys.executable, str(SCRIPT), str(store_path), receiver.url, str(looks)]
        for kill_at in kills:
            child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            assert child.stdout is not None
            receiver.status = 500 if kill_at == 29 else 204
            for line in child.stdout:
                if int(line) >= kill_at:
                    child.send_signal(signal.SIGKILL)
                    break
            child.stdout.close()
            child.wait(60.0)
        receiver.status = 204
        subprocess.run(command, check=True, timeout=120, stdout=subprocess.DEVNULL)
        with open_store(store_path) as store:
            notices = read_notices(store, 1_000)
            assert read_deliveries(store, WAITING) == []
            assert read_deliveries(store, DEAD) == []
    assert set(receiver.ids) == {n.id for n in notices}
    assert len(notices) > looks // 4
    incidents = Counter((n.incident, n.occasion) for n in notices)
    assert set(incidents.values()) == {1}
    bodies = {b["id"]: b for b in receiver.bodies}
    assert all(bodies[b["id"]] == b for b in receiver.bodies)
