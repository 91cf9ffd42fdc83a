"""The set of knobs: all that an application declared, what holds them back, and their values in force."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from math import prod
from typing import Any

from homeostat.act.knobs.constraint import Constraint
from homeostat.act.knobs.external_knob import Actuator
from homeostat.act.knobs.knob_handle import Current, KnobHandle, RequestKnob
from homeostat.core.change import Change
from homeostat.core.errors import ConfigError, HomeostatError, InputError, NotApplied
from homeostat.core.guard import guarded
from homeostat.core.knob import Configuration, Knob, Scope, Value
from homeostat.core.layering import layers
from homeostat.core.log import event
from homeostat.core.losses import Losses
from homeostat.core.plant import Split, Steering

KNOBS_MAX = 500

COMBINATIONS_MAX = 4_096
"""Combinations of treatments that are checked against a constraint; where there are more, none is allowed."""

Lead = Callable[[Sequence[Split], Callable[[frozenset[str]], Sequence[Value]]], None]
"""Takes the trials, and the values of the request knobs by the trials in which a request is treated."""


class KnobSet:
    """The knobs of one application. Any thread may declare, steer and pin; reading takes no lock.

    Whatever is refused raises a HomeostatError and leaves all as it was.
    """

    def __init__(self, current: Current, lead: Lead, losses: Losses) -> None:
        self._losses = losses
        self._current = current
        self._lead = lead
        self._lock = threading.RLock()
        self._handles: dict[str, KnobHandle[Any]] = {}
        self._actuators: dict[str, Actuator] = {}
        self._switches: set[str] = set()
        self._by_request: list[str] = []
        self._constraints: list[Constraint] = []
        self._steering = Steering({})
        self._pins: dict[str, Value] = {}

    def declare(self, knob: Knob, apply: Actuator | None = None, *, switch: bool = False) -> KnobHandle[Any]:
        """Return the handle of a knob, the one there is where the same knob was declared before.

        `apply` sets it where it lives outside of this process. Raises ConfigError where another knob has the
        name, or where the default is held back by a constraint.
        """
        with self._lock:
            known = self._handles.get(knob.name)
            if known is not None:
                _same(known.knob, knob)
                return known
            if len(self._handles) >= KNOBS_MAX:
                raise ConfigError(f"knob {knob.name!r} is one too many: there are {KNOBS_MAX} already")
            if apply is not None and knob.scope is Scope.REQUEST:
                raise ConfigError(
                    f"knob {knob.name!r} lives elsewhere (`apply`): its scope must be 'process'"
                )
            for constraint in self._constraints:
                _hold_to(constraint, {**self.configuration, knob.name: knob.default})
            return self._added(knob, apply, switch)

    def _added(self, knob: Knob, apply: Actuator | None, switch: bool) -> KnobHandle[Any]:
        handle: KnobHandle[Any]
        if knob.scope is Scope.REQUEST:
            handle = RequestKnob(knob, self, self._current, len(self._by_request))
            self._by_request.append(knob.name)
        else:
            handle = KnobHandle(knob, self)
        if apply is not None:
            self._actuators[knob.name] = apply
        if switch:
            self._switches.add(knob.name)
        self._handles = {**self._handles, knob.name: handle}
        base = {**self._steering.base, knob.name: knob.default}
        self._set(Steering(base, self._steering.splits), self._pins)
        return handle

    def constrain(self, constraint: Constraint) -> None:
        """Hold combinations back from now on; raise ConfigError where the one in force is among them."""
        with self._lock:
            _hold_to(constraint, self.configuration)
            self._constraints.append(constraint)

    @property
    def knobs(self) -> Mapping[str, Knob]:
        """The knobs that may be turned: those that are not pinned."""
        pins = self._pins
        return {name: handle.knob for name, handle in self._handles.items() if name not in pins}

    @property
    def configuration(self) -> Configuration:
        """The values in force, all of one moment."""
        with self._lock:
            return {**self._steering.base, **self._pins}

    @property
    def pinned(self) -> Configuration:
        """The knobs that are held by hand, with their values."""
        return dict(self._pins)

    def watch_reading(self, names: Iterable[str]) -> None:
        """Begin to look whether somebody reads these knobs."""
        for name in names:
            if name in self._handles:
                self._handles[name].was_read = False

    def unread(self, names: Iterable[str]) -> frozenset[str]:
        """Return which of these knobs nobody has read since `watch_reading`.

        Knobs with an actuator are not among them: what they turn does not read them here.
        """
        own = (name for name in names if name in self._handles and name not in self._actuators)
        return frozenset(name for name in own if not self._handles[name].was_read)

    def check(self, change: Change) -> None:
        """Raise InputError where a change from the values in force must not be tried.

        That is one of a knob that is not there or is pinned, beyond its bounds or by more than one step, or
        to a combination that is held back.
        """
        with self._lock:
            before = self.configuration
            for move in change.moves:
                knob = self._turnable(move.knob)
                after = knob.checked(move.after)
                if knob.limited(before[move.knob], after) != after:
                    raise InputError(
                        f"knob {knob.name!r} moves by at most {knob.step_max:.0%} of its range at once: "
                        f"not from {before[move.knob]!r} to {after!r}"
                    )
            for constraint in self._constraints:
                constraint.check(change.applied(before))

    def steer(self, steering: Steering) -> None:
        """Put values in force and divide the requests, all or nothing.

        A knob that is left out keeps its value, a pinned one its pin. Raises InputError for what is not
        allowed, NotApplied where a knob of another process could not be set.
        """
        with self._lock:
            base = {**self._steering.base, **self._checked(steering.base)}
            splits = tuple(self._checked_split(split) for split in steering.splits)
            if len({split.trial for split in splits}) < len(splits):
                raise InputError(f"two trials have one name: {sorted(split.trial for split in splits)}")
            self._set(Steering(base, splits), self._pins)

    def pin(self, name: str, value: Value) -> None:
        """Hold a knob at a value from now on; trials of it get no further requests."""
        with self._lock:
            knob = self._knob(name)
            pins = {**self._pins, name: knob.checked(value)}
            kept = tuple(split for split in self._steering.splits if name not in split.treatment)
            for split in self._steering.splits:
                if split not in kept:
                    event("knob.pinned_in_trial", knob=name, trial=split.trial)
            self._set(Steering(self._steering.base, kept), pins)

    def unpin(self, name: str) -> None:
        """Let a knob be turned again; it takes the value that it was last steered to."""
        with self._lock:
            self._knob(name)
            self._set(self._steering, {k: v for k, v in self._pins.items() if k != name})

    def forget(self) -> None:
        """Go on in a forked child: the values stay, the trials are the parent's."""
        self._lock = threading.RLock()
        self._steering = Steering(self._steering.base)
        self._publish()

    def _set(self, steering: Steering, pins: dict[str, Value]) -> None:
        before, after = self.configuration, {**steering.base, **pins}
        if before == after and steering.splits == self._steering.splits:
            self._pins = pins
            return
        for constraint in self._constraints:
            _check_all(constraint, after, steering.splits)
        self._apply(before, after)
        self._steering, self._pins = steering, pins
        self._publish()

    def _apply(self, before: Configuration, after: Configuration) -> None:
        """Set what lives elsewhere; where that fails, set back what was done, and raise."""
        done: list[str] = []
        for name, actuator in self._actuators.items():
            if name not in before or before[name] == after[name]:
                continue
            try:
                actuator.apply(name, after[name])
            except Exception as error:
                for earlier in (*reversed(done), name):
                    with guarded(self._losses, "knob_not_set_back"):
                        self._actuators[earlier].apply(earlier, before[earlier])
                if isinstance(error, HomeostatError):
                    raise
                raise NotApplied(f"knob {name!r} was not set to {after[name]!r}: {error!r}") from error
            done.append(name)

    def _publish(self) -> None:
        values, splits = {**self._steering.base, **self._pins}, self._steering.splits
        names = tuple(self._by_request)
        treatments = {split.trial: {} if split.shadow else split.treatment for split in splits}

        def values_of(treated: Iterable[str]) -> list[Value]:
            merged = dict(values)
            for trial in treated:
                merged.update(treatments[trial])
            return [merged[name] for name in names]

        self._lead(splits, values_of)
        for name, handle in self._handles.items():
            handle.base = values[name]

    def _knob(self, name: str) -> Knob:
        handle = self._handles.get(name)
        if handle is None:
            known = ", ".join(sorted(self._handles)) or "none"
            raise InputError(f"there is no knob {name!r}; there are: {known}")
        return handle.knob

    def _turnable(self, name: str) -> Knob:
        knob = self._knob(name)
        if name in self._pins:
            raise InputError(f"knob {name!r} is pinned at {self._pins[name]!r}")
        return knob

    def _checked(self, values: Configuration) -> dict[str, Value]:
        return {name: self._knob(name).checked(value) for name, value in values.items()}

    def _checked_split(self, split: Split) -> Split:
        if not split.trial or not split.treatment:
            raise InputError(f"a trial needs a name and knobs to turn, not {split!r}")
        if not 0.0 < split.share <= 1.0:
            raise InputError(
                f"the share of trial {split.trial!r} must be above 0, up to 1, not {split.share!r}"
            )
        for name in split.treatment:
            if self._turnable(name).scope is not Scope.REQUEST:
                raise InputError(
                    f"knob {name!r} holds for the whole process: requests cannot be divided by it"
                )
        if split.shadow and (len(split.treatment) != 1 or not split.treatment.keys() <= self._switches):
            raise InputError(
                f"only a switch can run in the shadow, one at a time, not {dict(split.treatment)}"
            )
        return Split(split.trial, self._checked(split.treatment), split.share, split.sticky, split.shadow)


def _same(known: Knob, knob: Knob) -> None:
    """Raise ConfigError where a knob is declared again as another one; only its help may differ."""
    for field in ("domain", "default", "scope", "step_max", "settle_s"):
        before, after = getattr(known, field), getattr(knob, field)
        if before != after or (field == "default" and type(before) is not type(after)):
            raise ConfigError(
                f"knob {knob.name!r} was declared with {field} {before!r}, and again with {after!r}: "
                "give one of them another name"
            )


def _hold_to(constraint: Constraint, configuration: Configuration) -> None:
    try:
        constraint.check(configuration)
    except InputError as error:
        raise ConfigError(f"the values in force are held back: {error}") from None


def _check_all(constraint: Constraint, base: Configuration, splits: Sequence[Split]) -> None:
    """Check the values of every request that there may be: each layer treats it by at most one trial."""
    options: list[list[Configuration]] = [
        [{}, *(split.treatment for split in layer)]
        for layer in layers(splits)
        if any(constraint.touches(split.treatment.keys()) for split in layer)
    ]
    if prod(map(len, options)) > COMBINATIONS_MAX:
        raise InputError(f"too many trials at once to check all of their combinations: {constraint.reason}")
    for treatments in product(*options):
        merged = dict(base)
        for treatment in treatments:
            merged.update(treatment)
        constraint.check(merged)
