"""Claims about sets of knobs: what is refused leaves all as it was."""

from collections.abc import Callable, Sequence

import pytest

from homeostat.act.knobs.constraint import forbidden, required
from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.external_knob import Callback, actuator
from homeostat.act.knobs.knob_set import KNOBS_MAX, KnobSet
from homeostat.core.change import Change, Move
from homeostat.core.errors import ConfigError, InputError, NotApplied
from homeostat.core.knob import Value
from homeostat.core.losses import Losses
from homeostat.core.plant import Split, Steering


class Bench:
    """A set of knobs, and what it leads requests by."""

    def __init__(self) -> None:
        self.splits: tuple[str, ...] = ()
        self.values_of: Callable[[frozenset[str]], Sequence[Value]] = lambda treated: ()
        self.led = 0
        self.losses = Losses()
        self.set = KnobSet(self, self._lead, self.losses)
        self.batch = self.set.declare(declared("batch", 8, low=1, high=64, step_max=0.5))
        self.workers = self.set.declare(declared("workers", 2, low=1, high=16))
        self.depth = self.set.declare(declared("depth", 3, low=1, high=9, scope="request"))
        self.model = self.set.declare(
            declared("model", "small", choices=["small", "large"], scope="request"), switch=True
        )

    def get(self) -> "Bench":
        """What is served here: no request."""
        return self

    @property
    def values(self) -> Sequence[Value]:
        """What holds for it."""
        return self.values_of(frozenset())

    def _lead(self, splits: Sequence[Split], values_of: Callable[[frozenset[str]], Sequence[Value]]) -> None:
        self.led += 1
        self.splits = tuple(split.trial for split in splits)
        self.values_of = values_of


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_the_same_declaration_again_is_the_same_handle(bench: Bench) -> None:
    again = bench.set.declare(declared("batch", 8, low=1, high=64, step_max=0.5, help="told now"))
    assert again is bench.batch


@pytest.mark.parametrize(
    "other",
    [
        declared("batch", 8, low=1, high=32, step_max=0.5),
        declared("batch", 9, low=1, high=64, step_max=0.5),
        declared("batch", 8, low=1, high=64),
        declared("batch", 8, low=1, high=64, step_max=0.5, scope="request"),
        declared("batch", 8.0, low=1, high=64, step_max=0.5),
    ],
)
def test_another_declaration_of_a_name_is_refused_with_the_difference(bench: Bench, other: object) -> None:
    with pytest.raises(ConfigError, match="'batch' was declared with"):
        bench.set.declare(other)  # type: ignore[arg-type]


def test_steering_puts_values_in_force_and_what_is_left_out_stays(bench: Bench) -> None:
    bench.set.steer(Steering({"batch": 16}))
    bench.set.steer(Steering({"depth": 5.0}))
    assert bench.set.configuration == {"batch": 16, "workers": 2, "depth": 5, "model": "small"}
    assert (bench.batch.get(), bench.workers.get(), bench.depth.get()) == (16, 2, 5)
    assert list(bench.values_of(frozenset())) == [5, "small"]


def test_steering_the_same_again_leads_nothing(bench: Bench) -> None:
    steering = Steering({"batch": 16}, (Split("t", {"depth": 5}),))
    bench.set.steer(steering)
    led = bench.led
    bench.set.steer(steering)
    assert bench.led == led


REFUSED = [
    (Steering({"batch": 65}), "65"),
    (Steering({"batch": "many"}), "many"),
    (Steering({"batches": 8}), "there is no knob 'batches'"),
    (Steering({"batch": 9}, (Split("t", {"batch": 9}),)), "whole process"),
    (Steering({"batch": 9}, (Split("t", {}),)), "knobs to turn"),
    (Steering({"batch": 9}, (Split("", {"depth": 4}),)), "name"),
    (Steering({"batch": 9}, (Split("t", {"depth": 4}, share=0.0),)), "share"),
    (Steering({"batch": 9}, (Split("t", {"depth": 10}),)), "10"),
    (Steering({"batch": 9}, (Split("t", {"depth": 4}), Split("t", {"model": "large"}))), "one name"),
    (Steering({"batch": 9}, (Split("t", {"depth": 4}, shadow=True),)), "switch"),
    (Steering({"batch": 64, "workers": 16}), "memory"),
    (Steering({"batch": 9}, (Split("t", {"depth": 9, "model": "large"}),)), "too slow"),
    (Steering({"batch": 9}, (Split("t", {"depth": 9}), Split("u", {"model": "large"}))), "too slow"),
    (Steering({"batch": 9, "depth": 9}, (Split("u", {"model": "large"}, shadow=True),)), "too slow"),
]


@pytest.mark.parametrize(("steering", "told"), REFUSED)
def test_a_steering_that_is_refused_leaves_all_as_it_was(bench: Bench, steering: Steering, told: str) -> None:
    bench.set.constrain(required("batch * workers <= 256", "the GPU's memory"))
    bench.set.constrain(forbidden(lambda c: c["model"] == "large" and int(c["depth"]) > 8, "too slow"))
    before, led = bench.set.configuration, bench.led
    with pytest.raises(InputError, match=told):
        bench.set.steer(steering)
    assert bench.set.configuration == before
    assert bench.batch.get() == 8
    assert bench.led == led


def test_trials_that_share_a_knob_are_never_combined_so_only_what_can_be_is_checked(bench: Bench) -> None:
    bench.set.constrain(forbidden(lambda c: c["model"] == "large" and int(c["depth"]) > 8, "too slow"))
    shared = (Split("t", {"depth": 9, "model": "small"}), Split("u", {"model": "large"}))
    bench.set.steer(Steering({}, shared))
    assert bench.splits == ("t", "u")


def test_values_of_a_treatment_lie_on_top_of_those_in_force_but_a_shadow_changes_none(bench: Bench) -> None:
    splits = (Split("t", {"depth": 5}), Split("s", {"model": "large"}, shadow=True))
    bench.set.steer(Steering({"depth": 2}, splits))
    assert list(bench.values_of(frozenset())) == [2, "small"]
    assert list(bench.values_of(frozenset({"t", "s"}))) == [5, "small"]


def test_a_constraint_that_the_values_in_force_break_is_refused_and_so_is_a_knob_that_breaks_one(
    bench: Bench,
) -> None:
    with pytest.raises(ConfigError, match="in force"):
        bench.set.constrain(required("batch < 8"))
    bench.set.steer(Steering({"batch": 64}))
    bench.set.constrain(required("batch * threads <= 64"))
    with pytest.raises(ConfigError, match="threads = 2"):
        bench.set.declare(declared("threads", 2, low=1, high=8))
    bench.set.declare(declared("threads", 1, low=1, high=8))
    with pytest.raises(InputError, match="threads = 3"):
        bench.set.steer(Steering({"threads": 3}))


def test_a_pin_holds_against_steering_until_it_is_taken_out(bench: Bench) -> None:
    bench.batch.pin(4)
    assert "batch" not in bench.set.knobs
    bench.set.steer(Steering({"batch": 32, "workers": 3}))
    assert (bench.batch.get(), bench.workers.get()) == (4, 3)
    assert bench.set.pinned == {"batch": 4}
    bench.batch.unpin()
    assert bench.batch.get() == 32
    assert "batch" in bench.set.knobs


def test_a_pin_ends_the_trials_of_its_knob_and_forbids_new_ones(bench: Bench) -> None:
    trial, other = Split("t", {"depth": 5}), Split("u", {"model": "large"})
    bench.set.steer(Steering({}, (trial, other)))
    bench.depth.pin(7)
    assert bench.splits == ("u",)
    assert list(bench.values_of(frozenset({"u"}))) == [7, "large"]
    with pytest.raises(InputError, match="pinned at 7"):
        bench.set.steer(Steering({}, (trial,)))


def test_a_pin_is_held_to_bounds_and_constraints(bench: Bench) -> None:
    bench.set.constrain(required("batch * workers <= 64"))
    with pytest.raises(InputError, match="65"):
        bench.batch.pin(65)
    with pytest.raises(InputError, match="together"):
        bench.batch.pin(64)
    assert bench.batch.get() == 8


def change(knob: str, before: Value, after: Value) -> Change:
    return Change((Move(knob, before, after),), "a person", "to try")


def test_a_change_beyond_one_step_is_refused_from_where_the_knob_stands(bench: Bench) -> None:
    bench.set.check(change("batch", 8, 39))
    with pytest.raises(InputError, match="at most 50%"):
        bench.set.check(change("batch", 8, 48))
    bench.set.steer(Steering({"batch": 40}))
    bench.set.check(change("batch", 40, 64))


def test_a_change_of_a_pinned_or_unknown_knob_or_to_a_forbidden_combination_is_refused(bench: Bench) -> None:
    bench.set.constrain(required("workers * depth <= 30"))
    with pytest.raises(InputError, match="together"):
        bench.set.check(change("workers", 2, 11))
    bench.workers.pin(3)
    with pytest.raises(InputError, match="pinned at 3"):
        bench.set.check(change("workers", 3, 4))
    with pytest.raises(InputError, match="no knob 'x'"):
        bench.set.check(change("x", 3, 4))


class Elsewhere:
    """A process with knobs, which may fail."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.fails = ""

    def apply(self, knob: str, value: Value) -> None:
        if knob == self.fails:
            raise NotApplied(f"{knob} is stuck")
        self.values[knob] = value


def test_knobs_of_other_processes_are_set_before_any_other_and_only_when_they_change(bench: Bench) -> None:
    elsewhere = Elsewhere()
    pool = bench.set.declare(declared("pool", 4, low=1, high=9), elsewhere)
    assert elsewhere.values == {}
    bench.set.steer(Steering({"batch": 9}))
    assert elsewhere.values == {}
    bench.set.steer(Steering({"pool": 5}))
    assert elsewhere.values == {"pool": 5}
    pool.pin(7)
    assert elsewhere.values == {"pool": 7}


def test_if_one_of_them_cannot_be_set_the_others_are_set_back(bench: Bench) -> None:
    elsewhere = Elsewhere()
    for name in ("pool", "cache", "queue"):
        bench.set.declare(declared(name, 4, low=1, high=9), elsewhere)
    bench.set.steer(Steering({"pool": 5, "cache": 5, "queue": 5}))
    elsewhere.fails = "cache"
    with pytest.raises(NotApplied, match="cache is stuck"):
        bench.set.steer(Steering({"pool": 6, "cache": 6, "queue": 6, "batch": 9}))
    assert elsewhere.values == {"pool": 5, "cache": 5, "queue": 5}
    assert bench.set.configuration["pool"] == 5
    assert bench.batch.get() == 8


def raising(value: Value) -> None:
    raise RuntimeError(f"no {value}")


@pytest.mark.parametrize("apply", [raising, lambda value: False])
def test_a_callback_that_raises_or_returns_false_did_not_set_the_knob(
    bench: Bench, apply: Callable[[Value], object]
) -> None:
    pool = bench.set.declare(declared("pool", 4, low=1, high=9), actuator(apply))
    with pytest.raises(NotApplied, match="'pool' was not set to 5"):
        bench.set.steer(Steering({"pool": 5}))
    assert pool.get() == 4


def test_an_actuator_of_the_users_may_raise_anything(bench: Bench) -> None:
    class Broken:
        def apply(self, knob: str, value: Value) -> None:
            raise OSError("disk")

    bench.set.declare(declared("pool", 4, low=1, high=9), Broken())
    with pytest.raises(NotApplied, match="disk"):
        bench.set.steer(Steering({"pool": 5}))
    assert bench.losses.totals() == {"internal_error.knob_not_set_back": 1}


def test_what_is_no_actuator_is_refused_and_a_request_knob_takes_none(bench: Bench) -> None:
    with pytest.raises(ConfigError, match="'http://x'"):
        actuator("http://x")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="process"):
        bench.set.declare(declared("x", 4, low=1, high=9, scope="request"), Callback(print))


def test_the_number_of_knobs_is_bounded(bench: Bench) -> None:
    for number in range(KNOBS_MAX - 4):
        bench.set.declare(declared(f"k{number}", False))
    with pytest.raises(ConfigError, match="one too many"):
        bench.set.declare(declared("last", False))


def test_too_many_trials_to_check_all_combinations_of_are_refused(bench: Bench) -> None:
    for number in range(13):
        bench.set.declare(declared(f"k{number}", False, scope="request"))
    bench.set.constrain(forbidden(lambda c: False, "whatever"))
    splits = tuple(Split(f"t{n}", {f"k{n}": True}) for n in range(13))
    with pytest.raises(InputError, match="too many trials"):
        bench.set.steer(Steering({}, splits))
    bench.set.steer(Steering({}, splits[:12]))


def test_which_knobs_nobody_reads_is_known(bench: Bench) -> None:
    names = {"batch", "depth", "model", "unheard of"}
    bench.batch.get()
    bench.set.watch_reading(names)
    assert bench.set.unread(names) == {"batch", "depth", "model"}
    assert bench.batch.get() == 8
    assert bench.depth.get() == 3
    assert bench.set.unread(names) == {"model"}


def test_what_lives_elsewhere_is_not_read_here(bench: Bench) -> None:
    bench.set.declare(declared("threads", 4, low=1, high=8), Callback(lambda value: True))
    bench.set.watch_reading(["threads"])
    assert bench.set.unread(["threads"]) == frozenset()
