"""Claims about alerts and incidents: nothing is told twice, nothing that lasts is left out."""

from collections.abc import Sequence
from itertools import groupby

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.clock import HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.notice import Notice, Occasion
from homeostat.core.target import Severity, Side
from homeostat.core.verdict import State, Verdict
from homeostat.judge.alerts.alert import Alert
from homeostat.judge.alerts.incident import GATHER_NS, GREW_NS, Book, Incident, Silence, advance
from homeostat.judge.alerts.watch import Observation
from homeostat.judge.targets.target import Condition, Handling, Rule

T0 = 1_750_000_000 * SECOND_NS
TICK_NS = 5 * SECOND_NS
CONDITION = Condition(Severity.WARNING, Side.BELOW, 200.0, 190.0, (10 * MINUTE_NS,))
HANDLING = Handling(for_ns=20 * SECOND_NS, cool_down_ns=MINUTE_NS)

Seen = str
"""What is seen at a tick: w(arning), c(ritical), . (clear), ? (not known) or _ (not measured)."""


def rule(name: str, handling: Handling = HANDLING) -> Rule:
    return Rule(
        name, "p95 < 200 ms", "llm.duration", "p95", "ms", (CONDITION,), by=("service",), handling=handling
    )


def observation(target: Rule, service: str, seen: Seen) -> Observation:
    level = {"w": Severity.WARNING, "c": Severity.CRITICAL}.get(seen)
    state = State.VIOLATED if level else State.WITHIN if seen == "." else State.UNKNOWN
    verdict = Verdict(
        state, state.value, 300.0, 280.0, 320.0, 200.0, "ms", "order statistics", 0.9999, 99, None
    )
    attributes = (("service", service),)
    return Observation(target, f"service={service}", attributes, level, seen == ".", CONDITION, verdict)


def play(
    timelines: dict[tuple[str, str], str],
    handling: Handling = HANDLING,
    silences: Sequence[Silence] = (),
    restart: bool = False,
) -> list[Notice]:
    """Let targets on services be seen as the timelines say, a tick a letter; then all is clear."""
    rules = {name: rule(name, handling) for name, _ in timelines}
    handlings = dict.fromkeys(rules, handling)
    book, told = Book(), []
    ticks = max(len(t) for t in timelines.values())
    for tick in range(ticks + handling.cool_down_ns // TICK_NS + 60):
        now_ns = T0 + tick * TICK_NS
        seen = [
            observation(rules[name], service, letter)
            for (name, service), timeline in timelines.items()
            if (letter := timeline[tick] if tick < len(timeline) else ".") != "_"
        ]
        step = advance(book, seen, handlings, silences, now_ns)
        book = step.book
        if restart:
            book = Book(
                msgspec.json.decode(msgspec.json.encode(book.alerts), type=dict[str, Alert]),
                msgspec.json.decode(msgspec.json.encode(book.incidents), type=dict[str, Incident]),
            )
        told += step.notices
    assert not book.alerts
    assert not book.incidents
    return told


timelines = st.lists(st.tuples(st.sampled_from("wc.?_"), st.integers(1, 40)), min_size=1, max_size=12).map(
    lambda runs: "".join(letter * n for letter, n in runs)
)
keys = st.sampled_from([("slow", "a"), ("slow", "b"), ("failing", "a"), ("dear", "a")])
worlds = st.dictionaries(keys, timelines, min_size=1)


@settings(max_examples=150, deadline=None)
@given(worlds)
def test_each_incident_begins_once_and_ends_once_and_no_line_is_told_twice(
    world: dict[tuple[str, str], str],
) -> None:
    told = play(world)
    assert len({n.id for n in told}) == len(told)
    for _, group in groupby(sorted(told, key=lambda n: n.incident), key=lambda n: n.incident):
        notices = sorted(group, key=lambda n: (n.time_ns, n.occasion is Occasion.RECOVERED))
        occasions = [n.occasion for n in notices]
        assert occasions[0] is Occasion.BEGAN
        assert occasions[-1] is Occasion.RECOVERED
        assert set(occasions[1:-1]) <= {Occasion.GREW}
        lines = [(a.target, a.subject, a.severity, a.began_ns) for n in notices[:-1] for a in n.alerts]
        assert len(set(lines)) == len(lines)


@settings(max_examples=150, deadline=None)
@given(worlds)
def test_every_violation_that_lasts_is_told_at_its_severity(world: dict[tuple[str, str], str]) -> None:
    told = play(world)
    lasting = (HANDLING.for_ns + HANDLING.cool_down_ns) // TICK_NS + 2
    for (target, service), timeline in world.items():
        tick = 0
        for bad, run in groupby(timeline, key=lambda letter: letter in "wc"):
            seen = "".join(run)
            first_ns, last_ns = T0 + tick * TICK_NS, T0 + (tick + len(seen)) * TICK_NS
            tick += len(seen)
            if not bad or len(seen) < lasting:
                continue
            lines = [
                a
                for n in told
                for a in n.alerts
                if n.occasion is not Occasion.RECOVERED
                and (a.target, a.subject) == (target, f"service={service}")
                and a.began_ns <= last_ns
            ]
            assert lines
            if "c" * lasting in seen:
                assert any(a.severity is Severity.CRITICAL for a in lines), first_ns


@settings(max_examples=60, deadline=None)
@given(worlds)
def test_a_restart_between_any_two_looks_changes_nothing(world: dict[tuple[str, str], str]) -> None:
    assert play(world, restart=True) == play(world)


@settings(max_examples=60, deadline=None)
@given(timelines)
def test_what_never_lasts_as_long_as_for_is_never_told(timeline: str) -> None:
    short = HANDLING.for_ns // TICK_NS
    broken = "".join(letter if i % (short + 1) else "." for i, letter in enumerate(timeline))
    assert play({("slow", "a"): broken}) == []


def test_one_incident_on_many_targets_of_a_service_is_one_notice_and_one_recovery() -> None:
    told = play({(f"target {i}", "a"): "w" * 60 for i in range(20)})
    assert [(n.occasion, len(n.alerts)) for n in told] == [(Occasion.BEGAN, 20), (Occasion.RECOVERED, 20)]
    assert told[0].title == ("Warning: service=a: target 0: p95 is 300 ms (limit < 200 ms), and 19 more")
    assert told[1].title.startswith("Recovered: service=a: target 0")


def test_services_are_told_apart() -> None:
    told = play({("slow", "a"): "w" * 60, ("slow", "b"): "w" * 60})
    assert sorted((n.group, n.occasion.value) for n in told) == [
        ("service=a", "began"),
        ("service=a", "recovered"),
        ("service=b", "began"),
        ("service=b", "recovered"),
    ]


def test_what_becomes_critical_is_told_at_once_and_what_joins_after_some_minutes() -> None:
    told = play({("slow", "a"): "w" * 20 + "c" * 100, ("dear", "a"): "." * 10 + "w" * 110})
    assert [(n.occasion.value, n.severity.value, n.alerts[0].target) for n in told] == [
        ("began", "warning", "slow"),
        ("grew", "critical", "slow"),
        ("recovered", "critical", "slow"),
    ]
    assert {a.target for a in told[1].alerts} == {"slow", "dear"}
    assert told[1].time_ns == T0 + 20 * TICK_NS + HANDLING.for_ns
    later = play({("slow", "a"): "w" * 200, ("dear", "a"): "." * 20 + "w" * 180})
    assert [n.alerts[0].target for n in later] == ["slow", "dear", "slow"]
    assert later[1].time_ns - later[0].time_ns == GREW_NS


def test_flapping_is_held_by_the_cool_down() -> None:
    told = play({("slow", "a"): ("w" * 6 + "." * 6) * 20}, Handling(for_ns=0, cool_down_ns=HOUR_NS))
    assert [n.occasion for n in told[:2]] == [Occasion.BEGAN, Occasion.RECOVERED]
    assert len(told) == 2


def test_what_is_not_known_neither_ends_an_alert_nor_begins_one() -> None:
    assert play({("slow", "a"): "?" * 500}) == []
    told = play({("slow", "a"): "w" * 10 + "?" * 500})
    assert told[1].time_ns >= T0 + 510 * TICK_NS


def test_an_alert_on_what_is_no_longer_measured_ends_after_an_hour() -> None:
    told = play({("slow", "a"): "w" * 10 + "_" * 1_000})
    assert [n.occasion for n in told] == [Occasion.BEGAN, Occasion.RECOVERED]
    assert told[1].time_ns == T0 + 9 * TICK_NS + HOUR_NS


def test_the_first_notice_waits_until_its_alerts_have_gathered() -> None:
    told = play({("slow", "a"): "w" * 60, ("dear", "a"): "." + "w" * 59})
    assert told[0].time_ns == T0 + HANDLING.for_ns + GATHER_NS
    assert len(told[0].alerts) == 2


@pytest.mark.parametrize(
    "silence", [{"target": "slow"}, {"group": "service=a"}, {"target": "slow", "group": "service=a"}]
)
def test_a_silence_holds_back_until_it_ends_and_drops_what_ended_before(silence: dict[str, str]) -> None:
    quiet = [Silence("s", T0 + 60 * TICK_NS, **silence)]
    assert play({("slow", "a"): "w" * 30}, silences=quiet) == []
    told = play({("slow", "a"): "w" * 100}, silences=quiet)
    assert [n.occasion for n in told] == [Occasion.BEGAN, Occasion.RECOVERED]
    assert told[0].time_ns == T0 + 60 * TICK_NS
    assert (
        len(
            play(
                {("slow", "b"): "w" * 30, ("dear", "a"): "w" * 30},
                silences=[Silence("s", T0 * 2, "slow", "service=a")],
            )
        )
        == 4
    )


def test_the_recovery_of_what_was_told_is_told_through_a_silence() -> None:
    told_at = T0 + HANDLING.for_ns + GATHER_NS
    told = play({("slow", "a"): "w" * 30}, silences=[Silence("s", T0 * 2, "other")])
    assert told[0].time_ns == told_at
    book = Book()
    target = rule("slow")
    notices = []
    for tick in range(200):
        now_ns = T0 + tick * TICK_NS
        seen = [observation(target, "a", "w" if tick < 30 else ".")]
        silences = [Silence("s", T0 * 2, "slow")] if now_ns > told_at else []
        step = advance(book, seen, {"slow": HANDLING}, silences, now_ns)
        book = step.book
        notices += step.notices
    assert [n.occasion for n in notices] == [Occasion.BEGAN, Occasion.RECOVERED]


def test_alerts_of_a_target_that_was_taken_out_end_with_a_recovery() -> None:
    book, target = Book(), rule("slow")
    for tick in range(20):
        now_ns = T0 + tick * TICK_NS
        book = advance(book, [observation(target, "a", "w")], {"slow": HANDLING}, (), now_ns).book
    step = advance(book, [], {}, (), T0 + 20 * TICK_NS)
    assert [n.occasion for n in step.notices] == [Occasion.RECOVERED]
    assert not step.book.alerts
