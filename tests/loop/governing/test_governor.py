"""The governor on a small plant whose truth is known."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from homeostat.act.controllers.cap import Adaptation, Cap
from homeostat.core.assignment import assign_many
from homeostat.core.change import Change
from homeostat.core.clock import DAY_NS, HOUR_NS, SECOND_NS
from homeostat.core.errors import InputError, StoreFull
from homeostat.core.knob import Choices, Integers, Knob, Scope
from homeostat.core.losses import Losses
from homeostat.core.metric import Better, Kind
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.order import Mode, Pin, Restore, SetMode, Try, Undo
from homeostat.core.plant import Outcomes, Steering
from homeostat.judge.targets.target_language import parse
from homeostat.loop.governing.book import Book
from homeostat.loop.governing.governor import Governor
from homeostat.loop.governing.published import published
from homeostat.loop.policy.policy import Policy, TrialRules
from homeostat.loop.reliefs import Reliefs
from homeostat.loop.rules.state import Limits
from homeostat.loop.sight.levels import Levels
from homeostat.observe.registry import Registry
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry

QUALITY = Measure("quality", Summary.MEAN, Better.HIGHER)
TICK_NS = 10 * SECOND_NS
LAYERS = Knob("layers", 6, Integers(1, 10), scope=Scope.REQUEST)


class Plant:
    """Requests take 10 ms a layer; below three layers the answers are worse."""

    def __init__(self, *knobs: Knob, seed: int = 0, slower: float = 1.0) -> None:
        self.known = {knob.name: knob for knob in knobs or (LAYERS,)}
        self.random = np.random.default_rng(seed)
        self.slower = slower
        self.now_ns = 1_000 * SECOND_NS
        self.steering = Steering({})
        self.refuses = ""

    @property
    def knobs(self) -> Mapping[str, Knob]:
        return self.known

    def steer(self, steering: Steering) -> None:
        if self.refuses and steering.splits:
            raise InputError(self.refuses)
        self.steering = steering

    def outcomes(self) -> tuple[Outcomes, ...]:
        n = 200
        layers = np.full(n, float(self.steering.base.get("layers", 6)))
        arms = {}
        for split in self.steering.splits:
            arm = assign_many(split.trial, self.random.integers(2**63, size=n, dtype=np.uint64), split.share)
            arms[split.trial] = arm
            layers[arm == 1] = float(split.treatment["layers"])
        duration = 10.0 * layers * self.slower * np.exp(self.random.normal(0.0, 0.2, n))
        quality = np.where(layers < 3, 0.7, 0.9) + self.random.normal(0.0, 0.02, n)
        ended_ns = np.full(n, self.now_ns - SECOND_NS)
        return (Outcomes(ended_ns, {"duration": duration, "quality": quality}, arms),)


def policy(mode: Mode = Mode.ACT, **more: object) -> Policy:
    return Policy(
        Objective((Term(Measure("duration")),)),
        (Guardrail(QUALITY, 0.02),),
        (parse("mean(duration) < 100 ms over 5 min"),),
        mode,
        Limits(rest_ns=SECOND_NS),
        TrialRules(deadline_ns=600 * SECOND_NS),
        **more,  # type: ignore[arg-type]
    )


def governed(plant: Plant, book: Book | None = None, mode: Mode = Mode.ACT) -> Governor:
    return Governor(plant, policy(mode), book or Book(), plant.now_ns)


def run(governor: Governor, plant: Plant, ticks: int) -> None:
    for _ in range(ticks):
        plant.now_ns += TICK_NS
        governor.tick(plant.now_ns)


def kinds(governor: Governor) -> list[EntryKind]:
    return [entry.note.kind for entry in governor.book.ledger.entries]


def test_it_finds_what_is_faster_and_no_worse() -> None:
    plant = Plant()
    governor = governed(plant)
    run(governor, plant, 120)
    assert plant.steering.base == {"layers": 3}
    assert EntryKind.KEPT in kinds(governor)
    assert governor.book.ledger.broken() is None


def test_observing_touches_nothing() -> None:
    plant = Plant()
    governor = governed(plant, mode=Mode.OBSERVE)
    run(governor, plant, 30)
    assert plant.steering == Steering({"layers": 6})
    assert not governor.book.ledger.entries


def test_advising_recommends_once_and_waits_for_a_person() -> None:
    plant = Plant()
    governor = governed(plant, mode=Mode.ADVISE)
    run(governor, plant, 10)
    assert kinds(governor) == [EntryKind.PROPOSED]
    assert plant.steering.base == {"layers": 6}
    assert not plant.steering.splits


def test_after_an_abrupt_end_in_a_trial_the_last_good_configuration_is_back() -> None:
    plant = Plant()
    kept: list[LedgerEntry] = []
    governor = Governor(plant, policy(), Book(keep=kept.append), plant.now_ns)
    while EntryKind.KEPT not in kinds(governor) or kinds(governor)[-1] is not EntryKind.BEGUN:
        run(governor, plant, 1)
    good = governor.seen.state.configuration
    from homeostat.prove.ledger.ledger import Ledger

    again = Plant()
    later = Governor(again, policy(), Book(Ledger(tuple(kept))), plant.now_ns + SECOND_NS)
    assert kinds(later)[-1] is EntryKind.RECOVERED
    assert "ended abruptly" in later.book.ledger.entries[-1].note.reason
    assert again.steering == Steering(good)
    assert later.seen.situation.history


def test_the_kill_switch_restores_all_defaults_at_the_next_tick() -> None:
    plant = Plant()
    governor = governed(plant)
    run(governor, plant, 120)
    governor.order(Restore(by="ann"))
    run(governor, plant, 1)
    assert plant.steering == Steering({"layers": 6})
    assert governor.seen.state.mode is Mode.OBSERVE
    assert EntryKind.RESTORED in kinds(governor)


def test_the_kill_switch_works_even_if_the_ledger_cannot_be_written() -> None:
    full = False

    def keep(_: LedgerEntry) -> None:
        if full:
            raise StoreFull("the disk is full")

    plant = Plant()
    governor = Governor(plant, policy(), Book(keep=keep), plant.now_ns)
    run(governor, plant, 120)
    assert plant.steering.base != {"layers": 6}
    full = True
    governor.order(Restore(by="ann"))
    run(governor, plant, 1)
    assert plant.steering == Steering({"layers": 6})


def test_the_kill_switch_ends_a_trial_on_defaults_even_if_nothing_can_be_written() -> None:
    full = False

    def keep(_: LedgerEntry) -> None:
        if full:
            raise StoreFull("the disk is full")

    plant = Plant()
    governor = Governor(plant, policy(), Book(keep=keep), plant.now_ns)
    while not plant.steering.splits:
        run(governor, plant, 1)
    assert plant.steering.base == {"layers": 6}
    full = True
    governor.order(Restore(by="ann"))
    run(governor, plant, 1)
    assert plant.steering == Steering({"layers": 6})


def test_what_cannot_be_written_is_not_done() -> None:
    def keep(_: LedgerEntry) -> None:
        raise StoreFull("the disk is full")

    plant = Plant()
    governor = Governor(plant, policy(), Book(keep=keep), plant.now_ns)
    with pytest.raises(StoreFull):
        run(governor, plant, 5)
    assert plant.steering == Steering({"layers": 6})


def test_what_the_application_refuses_is_rolled_back_with_its_reason() -> None:
    plant = Plant()
    plant.refuses = "not on Fridays"
    governor = governed(plant)
    run(governor, plant, 3)
    assert plant.steering == Steering({"layers": 6})
    last = next(e for e in governor.book.ledger.entries if e.note.kind is EntryKind.ROLLED_BACK)
    assert "not on Fridays" in last.note.reason


def test_what_a_person_sets_and_the_application_refuses_is_put_back() -> None:
    class Strict(Plant):
        def steer(self, steering: Steering) -> None:
            if steering.base.get("layers") == 9:
                raise InputError("nine layers do not fit")
            super().steer(steering)

    plant = Strict()
    governor = governed(plant)
    governor.order(Pin(by="ann", knob="layers", value=9))
    run(governor, plant, 3)
    assert plant.steering.base == {"layers": 6}
    assert governor.seen.state.configuration == {"layers": 6}
    assert not governor.seen.state.pinned
    told = [entry.note.reason for entry in governor.book.ledger.entries]
    assert any("nine layers do not fit" in reason for reason in told)


def test_a_pinned_knob_stays_also_after_a_restart() -> None:
    plant = Plant()
    governor = governed(plant)
    governor.order(Pin(by="ann", knob="layers", value=5))
    run(governor, plant, 60)
    assert plant.steering == Steering({"layers": 5})
    again = Plant()
    later = Governor(again, policy(), Book(governor.book.ledger), plant.now_ns)
    run(later, again, 20)
    assert again.steering == Steering({"layers": 5})


def test_what_was_kept_can_be_undone() -> None:
    plant = Plant()
    governor = governed(plant)
    while EntryKind.KEPT not in kinds(governor):
        run(governor, plant, 1)
    number = len(governor.book.ledger.entries)
    governor.order(SetMode(by="ann", mode=Mode.OBSERVE))
    run(governor, plant, 1)
    governor.order(Undo(by="ann", number=number))
    run(governor, plant, 1)
    assert plant.steering.base == {"layers": 6}
    assert kinds(governor)[-1] is EntryKind.UNDONE


def test_orders_that_make_no_sense_are_refused_with_the_remedy() -> None:
    plant = Plant()
    governor = governed(plant)
    with pytest.raises(InputError, match=r"no knob 'layer'; there are: layers"):
        governor.order(Try(by="ann", values={"layer": 3}))
    with pytest.raises(InputError, match="11 is no whole number from 1 to 10"):
        governor.order(Pin(by="ann", knob="layers", value=11))
    governor.order(Undo(by="ann", number=77))
    run(governor, plant, 1)
    assert governor.book.ledger.entries[0].note.kind is EntryKind.REFUSED


def test_a_knob_that_is_declared_later_is_turned_too() -> None:
    plant = Plant(Knob("idle", 1, Integers(0, 3)))
    governor = governed(plant)
    run(governor, plant, 2)
    plant.known["layers"] = LAYERS
    run(governor, plant, 200)
    assert plant.steering.base["layers"] == 3


def test_small_losses_do_not_add_up_beyond_the_guardrail() -> None:
    class Sliding(Plant):
        """Each layer less is 1.2% worse: within the margin each time, beyond it together."""

        def outcomes(self) -> tuple[Outcomes, ...]:
            (found,) = super().outcomes()
            layers = found.values["duration"] / 10.0
            quality = 0.9 + 0.011 * (layers - 6.0) + self.random.normal(0.0, 0.002, layers.size)
            return (Outcomes(found.ended_ns, {**found.values, "quality": quality}, found.arms),)

    plant = Sliding(Knob("layers", 6, Integers(1, 10), scope=Scope.REQUEST, step_max=0.12))
    governor = governed(plant)
    run(governor, plant, 400)
    assert plant.steering.base["layers"] >= 5


def test_what_a_trial_needs_is_told_when_it_begins() -> None:
    plant = Plant()
    governor = governed(plant, mode=Mode.OBSERVE)
    run(governor, plant, 5)
    governor.order(Try(by="ann", values={"layers": 4}))
    run(governor, plant, 1)
    entry = governor.book.ledger.entries[-1]
    assert entry.note.evidence[-1].startswith("to see 20% it needs about ")
    assert governor.seen.needs == {"trial-1": entry.note.evidence[-1]}


def test_an_order_that_the_application_would_refuse_is_not_begun() -> None:
    class Checking(Plant):
        def check(self, change: Change) -> None:
            raise InputError(f"{change.words} is too far")

    plant = Checking()
    governor = governed(plant, mode=Mode.OBSERVE)
    run(governor, plant, 1)
    with pytest.raises(InputError, match="layers 6 → 3 is too far"):
        governor.order(Try(by="ann", values={"layers": 3}))
    governor.order(SetMode(by="ann", mode=Mode.ACT))
    run(governor, plant, 5)
    assert EntryKind.BEGUN not in kinds(governor)
    assert all("too far" in why for why in governor.seen.held_back.values())
    assert governor.seen.held_back


def test_a_cap_is_obeyed_and_left_again() -> None:
    workers = Knob("workers", 8, Integers(1, 64))
    plant = Plant(LAYERS, workers)
    caps = (Adaptation((Cap("memory_mb", 1_000.0, {"workers": 200.0}),)),)
    book = Book()
    governor = Governor(plant, policy(controllers=caps), book, plant.now_ns)
    run(governor, plant, 2)
    assert plant.steering.base["workers"] == 5
    assert kinds(governor) == [EntryKind.OBEYED]
    again = Plant(LAYERS, workers)
    lifted = (Adaptation((Cap("memory_mb", 3_000.0, {"workers": 200.0}),)),)
    later = Governor(again, policy(controllers=lifted), Book(book.ledger), plant.now_ns)
    assert again.steering.base["workers"] == 5, "what was obeyed stays after a restart"
    run(later, again, 2)
    back = later.book.ledger.entries[-1].note
    assert (back.kind, back.moves[0].after) == (EntryKind.OBEYED, 8)


class Turning(Plant):
    """Once the world has turned, few layers are what is slow."""

    turned = False

    def outcomes(self) -> tuple[Outcomes, ...]:
        (found,) = super().outcomes()
        layers = found.values["duration"] / 10.0
        slow = np.where(layers < 4.5, 3.0, 1.0) if self.turned else 1.0
        return (Outcomes(found.ended_ns, {**found.values, "duration": 10.0 * layers * slow}, found.arms),)


@pytest.mark.parametrize("turned", [False, True])
def test_what_was_kept_is_tried_again_after_a_week_and_goes_only_where_the_world_has_turned(
    turned: bool,
) -> None:
    plant = Turning(Knob("layers", 6, Choices((3, 6)), scope=Scope.REQUEST))
    finder = governed(plant)
    while EntryKind.KEPT not in kinds(finder):
        run(finder, plant, 1)
    plant.now_ns += 7 * DAY_NS
    plant.turned = turned
    usual = replace(policy(controllers=()), targets=())
    governor = Governor(plant, usual, Book(finder.book.ledger), plant.now_ns)
    again = len(kinds(governor))
    while set(kinds(governor)[again:]).isdisjoint({EntryKind.KEPT, EntryKind.ROLLED_BACK}):
        run(governor, plant, 1)
        assert all(split.share == 0.1 for split in plant.steering.splits if "hold" not in split.trial)
    begun = governor.book.ledger.entries[again].note
    assert (begun.kind, begun.by) == (EntryKind.BEGUN, "validation")
    assert plant.steering.base == {"layers": 6 if turned else 3}


def test_where_requests_go_wrong_is_seen() -> None:
    class Traits(Plant):
        def outcomes(self) -> tuple[Outcomes, ...]:
            (found,) = super().outcomes()
            tokens = self.random.uniform(0, 80_000, found.ended_ns.size)
            duration = found.values["duration"] * np.where(tokens > 40_000, 1.5, 1.0)
            return (
                Outcomes(
                    found.ended_ns, {**found.values, "duration": duration, "tokens": tokens}, found.arms
                ),
            )

    plant = Traits()
    governor = governed(plant, mode=Mode.OBSERVE)
    run(governor, plant, 40)
    ((outcome, pattern),) = governor.seen.patterns
    assert (outcome, pattern.column, pattern.relation) == ("duration", "tokens", ">")
    told = published("svc", 1, dict(plant.knobs), governor.seen)
    assert told.patterns[0].words == pattern.words


def test_a_kept_change_goes_on_being_watched_after_a_restart() -> None:
    plant = Plant(Knob("layers", 6, Choices((3, 6)), scope=Scope.REQUEST))
    finder = governed(plant)
    while EntryKind.KEPT not in kinds(finder):
        run(finder, plant, 1)
    (before,) = plant.steering.splits
    plant.now_ns += HOUR_NS
    later = Governor(plant, policy(controllers=()), Book(finder.book.ledger), plant.now_ns)
    assert plant.steering.splits == (before,), "the same users are held back"
    (plan,) = later.plans
    assert plan.deadline_ns - plant.now_ns < DAY_NS - HOUR_NS + SECOND_NS
    plant.now_ns += DAY_NS
    run(later, plant, 1)
    assert kinds(later)[-1] is EntryKind.STOOD
    again = Governor(plant, policy(controllers=()), Book(later.book.ledger), plant.now_ns)
    assert again.plans == ()


def test_the_mode_that_a_person_ordered_outlasts_a_restart_until_the_policy_says_another() -> None:
    plant = Plant()
    governor = governed(plant)
    run(governor, plant, 1)
    governor.order(Restore(by="ann"))
    run(governor, plant, 1)
    book = Book(governor.book.ledger)
    assert governed(plant, book).seen.state.mode is Mode.OBSERVE, "the kill switch was meant"
    assert governed(plant, book, Mode.ADVISE).seen.state.mode is Mode.ADVISE


def test_what_became_of_each_strategy_is_published_with_intervals() -> None:
    plant = Plant()
    governor = governed(plant)
    run(governor, plant, 120)
    told = published("app", 1, dict(plant.knobs), governor.seen)
    row = next(one for one in told.strategies if one.strategy == "climb")
    assert row.kept >= 1
    assert f"{row.kept} of {row.trials} kept (" in row.words
    assert "better each" in row.words


def test_memory_that_runs_short_is_relieved_by_what_the_application_handed_in() -> None:
    plant, losses = Plant(), Losses()
    registry, reliefs, trimmed = Registry(losses), Reliefs(losses), []
    reliefs.add("memory", lambda: trimmed.append("cache"), "the cache")
    gauge = registry.recorder("system.memory.utilization", Kind.GAUGE, "1", {"service": "shop"})
    levels = Levels(registry, ("system.memory.utilization",), {"service": "shop"})
    governor = Governor(plant, policy(), Book(), plant.now_ns, levels=levels, reliefs=reliefs)
    for used in (0.5, 0.97, 0.97):
        gauge.buffer.append(used)
        registry.fold(0, 1)
        plant.now_ns += TICK_NS
        governor.tick(plant.now_ns)
    assert trimmed == ["cache"]
    (told,) = [e.note for e in governor.book.ledger.entries if e.note.kind is EntryKind.RELIEVED]
    assert told.by == "resources"
    assert told.reason.startswith("system.memory.utilization is 97%, above 85%: memory relieved by")
