"""Claims about answers that another process took: they come to the arms of the requests they are about."""

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.objective import Measure, Objective, Term
from homeostat.core.plant import Split
from homeostat.core.query import Store
from homeostat.loop.homeostat import Homeostat
from homeostat.loop.policy.policy import Policy
from homeostat.runtime.experience.elsewhere import LOOK_EVERY_NS, Elsewhere
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.eventually import until
from homeostat.testing.running_node import RunningNode

Make = Callable[..., Experience]


class Here:
    """The process that serves requests, half of which are the treatment of a trial."""

    def __init__(self, host: BareHost, store: Store, names: Pseudonyms) -> None:
        self.host = host
        self._store = store
        self.requests = host.tracer.requests
        self.requests.govern()
        self.requests.lead((Split("t", {}),), lambda treated: [])
        self._elsewhere = Elsewhere(self.requests, "shop", lambda: names, host.clock)

    def served(self, user: str) -> str:
        """Serve a request, and return its id."""
        with self.host.tracer.request("answer", user=user) as request:
            return request.request_id

    def heard(self) -> list[tuple[dict[str, float], dict[str, int]]]:
        """Return what was said of requests since the last call, with the arms that they had."""
        assert isinstance(self.host.clock, ManualClock)
        self.host.clock.advance(LOOK_EVERY_NS / SECOND_NS)
        self._elsewhere.hear(self._store)
        rows = self.requests.take()[0]
        return [(dict(row.reported or {}), dict(row.arms)) for row in rows if not row.measured]


@pytest.fixture
def here(host: BareHost, store: Store, names: Pseudonyms) -> Here:
    return Here(host, store, names)


@pytest.fixture
def there(make: Make, clock: ManualClock) -> Experience:
    """The experience as a process has it that served none of the requests."""
    return make(host=BareHost(clock))


def test_what_another_process_was_told_counts_once_for_the_arm_that_the_request_had(
    here: Here, there: Experience
) -> None:
    ids = {user: here.served(user) for user in "abcdef"}
    arms = {user: dict(row.arms) for user, row in zip(ids, here.requests.take()[0], strict=True)}
    assert {arm["t"] for arm in arms.values()} == {0, 1}
    for n, (user, id) in enumerate(ids.items(), 1):
        assert there.feedback(user, request_id=id, rating=n)
    heard = sorted(here.heard(), key=lambda one: one[0]["rating"])
    assert heard == [({"rating": float(n)}, arms[user]) for n, user in enumerate(ids, 1)]
    assert here.heard() == []
    there.feedback("a", request_id=ids["a"], rating=9, thumbs=1)
    assert sorted(measure for said, _ in here.heard() for measure in said) == ["rating", "thumbs"]


def test_what_this_process_took_itself_is_not_taken_again(here: Here, make: Make) -> None:
    own = make()
    id = here.served("ann")
    own.feedback("ann", request_id=id, thumbs=1)
    assert [said for said, _ in here.heard()] == [{"thumbs": 1.0}]
    assert here.heard() == []


def test_what_is_about_no_request_of_this_process_is_no_loss_here_nor_there(
    here: Here, there: Experience, host: BareHost
) -> None:
    here.served("ann")
    there.feedback("ann", rating=5)
    there.feedback("bob", request_id="unknown", rating=5)
    assert here.heard() == []
    assert host.losses.totals() == {}


def test_an_answer_that_is_late_in_the_store_is_found(here: Here, make: Make, store: Store) -> None:
    queue: list[Batch] = []

    def offer(batch: Batch) -> bool:
        queue.append(batch)
        return True

    there = make(offer, BareHost(here.host.clock))
    there.feedback("ann", request_id=here.served("ann"), rating=7)
    assert [here.heard() for _ in range(6)] == [[]] * 6
    for batch in queue:
        store.write(batch)
    assert [said for said, _ in here.heard()] == [{"rating": 7.0}]


@pytest.mark.long
def test_feedback_that_homeostat_up_takes_over_http_reaches_the_process_that_served_the_request(
    tmp_path: Path,
) -> None:
    path = str(tmp_path / "store.db")
    with (
        Homeostat("shop", store=path, collect=False) as hs,
        RunningNode(path, tmp_path / "home") as node,
    ):
        hs.govern(Policy(Objective((Term(Measure("duration")),))))
        with hs.request("answer", user="ann") as request:
            id = request.request_id
        body = {"service": "shop", "user": "ann", "request_id": id, "thumbs": True}
        call = urllib.request.Request(
            f"{node.address}/feedback",
            json.dumps(body).encode(),
            {"content-type": "application/json"},
        )
        with urllib.request.urlopen(call, timeout=30.0) as answer:
            assert answer.status == 201
        until(lambda: hs.snapshot("outcome.thumbs", operation="answer").count == 1)
