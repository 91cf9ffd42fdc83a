"""Decisions: learns choices made in contexts, and foretells the next, or says that it does not know."""

import math
from collections.abc import Mapping

import msgspec

from homeostat.companion.mirror.decisions.tree import Node, Values, best, learn, opinion
from homeostat.core.errors import InputError

VERSION = 1
KNOWN_FROM = 0.6
"""Below this probability nothing is claimed."""

DECISIONS_MIN = 4.0
"""On fewer decisions (old ones count less) nothing is claimed."""

RECENT = 0.07
TRUST_MIN = 0.3

ASPECTS_MAX = 32
TEXT_MAX = 100
STEPS_PER_DECADE = 5
"""Numbers are seen in classes: so many for each power of ten."""

Context = Mapping[str, str | float | bool]
_HOUR_US = 3_600_000_000
_PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")


class Foretold(msgspec.Struct, frozen=True):
    """What is likely chosen: None where it is not known. `probabilities` are of all choices made so far.

    `decisions` is how many decisions in such a context it rests on, the old ones counting less.
    """

    choice: str | None
    probability: float
    probabilities: dict[str, float]
    decisions: float


class Decisions(msgspec.Struct):
    """All that was learned of a person's choices; `sure` and `right` say how it was of late.

    Where it was less right than sure, what it says next is that much less sure.
    """

    version: int = VERSION
    count: int = 0
    last_us: int = 0
    sure: float = 0.5
    right: float = 0.5
    root: Node = msgspec.field(default_factory=Node)

    def learn(self, context: Context, choice: str, at_us: int, offset_min: int = 0) -> None:
        """Learn one choice. Raises InputError where context or choice cannot be used."""
        if not choice or len(choice) > TEXT_MAX:
            raise InputError(f"a choice has 1 to {TEXT_MAX} characters, not {len(choice)}")
        values = seen(context, at_us, offset_min)
        shares, _ = opinion(self.root, values)
        if shares:
            foretold = best(shares)
            self.sure += RECENT * (shares[foretold] - self.sure)
            self.right += RECENT * ((foretold == choice) - self.right)
        learn(self.root, values, choice)
        self.count += 1
        self.last_us = max(self.last_us, at_us)

    def foretell(self, context: Context, at_us: int, offset_min: int = 0) -> Foretold:
        """Return what is likely chosen in a context at a moment."""
        shares, weight = opinion(self.root, seen(context, at_us, offset_min))
        if not shares:
            return Foretold(None, 0.0, {}, 0.0)
        choice = best(shares)
        trust = min(max(self.right / self.sure, TRUST_MIN), 1.0)
        shares = {name: share * trust for name, share in shares.items()}
        claimed = shares[choice] >= KNOWN_FROM and weight >= DECISIONS_MIN
        rounded = {name: round(share, 4) for name, share in sorted(shares.items(), key=lambda one: -one[1])}
        return Foretold(choice if claimed else None, shares[choice], rounded, round(weight, 1))


def seen(context: Context, at_us: int, offset_min: int) -> Values:
    """Return a context as the tree sees it, with part of day and weekday or weekend.

    >>> seen({"cost": 12.0, "raining": True}, at_us=0, offset_min=0)
    {'cost': '10 to 15.8', 'raining': 'yes', 'part of day': 'night', 'week': 'weekday'}
    """
    if len(context) > ASPECTS_MAX:
        raise InputError(f"a context has at most {ASPECTS_MAX} aspects, not {len(context)}")
    found = {}
    for aspect, value in context.items():
        if not aspect or len(aspect) > TEXT_MAX:
            raise InputError(f"an aspect's name has 1 to {TEXT_MAX} characters, not {len(aspect)}")
        found[aspect] = _value(value)
    hours = (at_us + offset_min * 60_000_000) // _HOUR_US
    found["part of day"] = _PARTS_OF_DAY[hours % 24 // 6]
    found["week"] = "weekend" if (hours // 24 + 3) % 7 >= 5 else "weekday"
    return found


def _value(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        if len(value) > TEXT_MAX:
            raise InputError(f"a value has at most {TEXT_MAX} characters, not {len(value)}: shorten it")
        return value
    if not math.isfinite(value):
        raise InputError(f"a number must be finite, not {value}: leave it out")
    if value == 0:
        return "0"
    step = math.floor(math.log10(abs(value)) * STEPS_PER_DECADE + 1e-9)
    low, high = (10 ** (one / STEPS_PER_DECADE) for one in (step, step + 1))
    return f"{'-' if value < 0 else ''}{low:.3g} to {high:.3g}"


_DECODER = msgspec.msgpack.Decoder(Decisions)


def decode(note: bytes | None) -> Decisions:
    """Return what was learned; nothing where there is no note, or one of another version."""
    if note is None:
        return Decisions()
    try:
        found = _DECODER.decode(note)
    except msgspec.MsgspecError:
        return Decisions()
    return found if found.version == VERSION else Decisions()
