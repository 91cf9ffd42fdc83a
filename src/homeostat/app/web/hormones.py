"""The hormones: five levels over time, what each stands for, and what it does now. No HTML here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from homeostat.act.endocrine import HALF_LIFE_S, Endocrine, Modulation
from homeostat.core.query import Frame
from homeostat.judge.views.plots import POINTS
from homeostat.judge.views.window import Window, held, line_of
from homeostat.prove.trials.effect_words import length_words


@dataclass(frozen=True, slots=True)
class _Hormone:
    """What a hormone stands for, above which level it acts, and what it does in words."""

    stands_for: str
    acts_above: float
    does: Callable[[Modulation], str]


def _times(value: float) -> str:
    return f"×{value:.3g}"


def _dopamine(m: Modulation) -> str:
    if m.learning_rate == 1.0:
        return ""
    return f"steps are {_times(m.learning_rate)} as long" + (
        f", and the unknown is worth {_times(m.exploration)} as much" if m.exploration else ""
    )


def _cortisol(m: Modulation) -> str:
    if m.strictness == 1.0:
        return ""
    return f"trials are {_times(m.strictness)} as strict, and nothing is explored for mere gain"


def _norepinephrine(m: Modulation) -> str:
    if m.priority == 1.0:
        return ""
    return f"urgent changes count {_times(m.priority)}, and one change is tried at a time"


def _serotonin(m: Modulation) -> str:
    return f"steps are {_times(m.damping)} as long" if m.damping < 0.995 else ""


def _growth(m: Modulation) -> str:
    return "capacity may be tried with less" if m.capacity_trials else ""


HORMONES: Mapping[str, _Hormone] = {
    "dopamine": _Hormone("Changes pay: rises with proven gains.", 0.8, _dopamine),
    "cortisol": _Hormone(
        "Something is wrong: rises with violated targets, errors and short resources.", 0.6, _cortisol
    ),
    "norepinephrine": _Hormone(
        "It is urgent: rises with urgent alerts and spikes of load.", 0.7, _norepinephrine
    ),
    "serotonin": _Hormone("All is calm: rises while every target holds.", 0.5, _serotonin),
    "growth": _Hormone("There is room: rises while targets hold with slack.", 0.6, _growth),
}


@dataclass(frozen=True, slots=True)
class HormoneRow:
    """A level from 0 to 1, now and over a window; `does` is its effect now, in words.

    `points` are evenly spaced over the window, None where nothing was measured.
    """

    name: str
    level: float
    stands_for: str
    acts_above: float
    acting: bool
    does: str
    half_life_words: str
    points: tuple[float | None, ...]


def hormone_effects(levels: Mapping[str, float]) -> dict[str, str]:
    """Return what each hormone does at these levels, in words; empty where it does nothing.

    >>> hormone_effects({"cortisol": 0.7})["cortisol"]
    'trials are ×2 as strict, and nothing is explored for mere gain'
    """
    state = _state(levels)
    return {name: hormone.does(state.modulation) for name, hormone in HORMONES.items()}


def _state(levels: Mapping[str, float]) -> Endocrine:
    return Endocrine(**{name: levels[name] for name in HALF_LIFE_S if name in levels})


def hormone_rows(
    levels: Mapping[str, float], frames: Mapping[str, Frame], window: Window
) -> tuple[HormoneRow, ...]:
    """Return all hormones in their order."""
    state, does = _state(levels), hormone_effects(levels)
    return tuple(
        HormoneRow(
            name,
            state.levels[name],
            hormone.stands_for,
            hormone.acts_above,
            bool(does[name]),
            does[name] or f"nothing: it acts above {hormone.acts_above:g}",
            length_words(HALF_LIFE_S[name]),
            held(line_of(frames[name], "last", window, POINTS)) if name in frames else (),
        )
        for name, hormone in HORMONES.items()
    )
