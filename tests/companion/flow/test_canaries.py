"""Claims about canaries: what they find is measured as their requests' outcome, and no memory grows of it."""

from collections import Counter
from pathlib import Path

from homeostat.companion.canaries import ASKED, FACTS, Canaries, canary
from homeostat.companion.canary_names import PREFIX, is_canary
from homeostat.companion.companion import RECEIVE, Companion
from homeostat.companion.residents import Residents
from homeostat.companion.search.search import Search
from homeostat.companion.store.people import People
from homeostat.core.plant import Steering
from homeostat.loop.policy.policy_file import load_policy
from homeostat.testing.bare_host import BareHost

import homeostat.companion  # isort: skip


def test_canaries_find_what_was_planted_by_words_alone(host: BareHost, people: People) -> None:
    residents = Residents(1 << 26)
    companion = Companion(host, people, Search(host, None, residents), residents)
    canaries = Canaries(host, companion, people=2)
    host.tracer.requests.govern()
    canaries.plant()
    shares = [canaries.ask() for _ in range(2 * ASKED)]
    assert sum(shares[: 2 * FACTS]) / (2 * FACTS) > 0.5
    assert not any(shares[2 * FACTS :]), "what belongs together is found by who has dreamed"
    counts = [companion.extent(f"{PREFIX}{number}").count for number in range(2)]
    canaries.plant()
    canaries.ask()
    assert [companion.extent(f"{PREFIX}{number}").count for number in range(2)] == counts
    rows, _, _ = host.tracer.requests.take()
    told = [row.reported for row in rows if row.operation == RECEIVE]
    assert [row["recall"] for row in told if row] == [*shares, shares[0]]


def test_a_search_that_is_made_worse_is_seen(host: BareHost, people: People) -> None:
    residents = Residents(1 << 26)
    companion = Companion(host, people, Search(host, None, residents), residents)
    canaries = Canaries(host, companion, people=1)
    canaries.plant()
    before = sum(canaries.ask() for _ in range(ASKED))
    host.knob_set.steer(Steering({"companion_search_lexical": 0.0}))
    assert sum(canaries.ask() for _ in range(ASKED)) < before / 2


def test_a_canary_is_the_same_each_time_and_asks_nothing_twice() -> None:
    one = canary(3)
    assert canary(3) == one
    assert canary(4).messages != one.messages
    assert is_canary(one.person)
    assert max(Counter(asked.question for asked in one.asked).values()) == 1
    ids = {message.id for message in one.messages}
    assert all(set(asked.evidence) <= ids for asked in one.asked)


def test_the_built_in_policy_guards_recall_and_observes() -> None:
    policy = load_policy(Path(homeostat.companion.__file__).with_name("policy.toml"))
    assert policy.mode.value == "observe"
    assert policy.objective.operation == RECEIVE
    assert "recall" in {guardrail.measure.name for guardrail in policy.guardrails}
