"""Quasi-Newton search: the minimum of a smooth function of a few numbers whose gradient is known."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_ENOUGH = 1e-4
"""The share of the fall foretold by the gradient that a step must bring (Armijo)."""

_HALVINGS_MAX = 25
_STEP_MAX = 2.0


def minimise(
    function: Callable[[Floats], tuple[float, Floats]],
    start: Floats,
    rounds: int = 60,
    tolerance: float = 1e-5,
) -> tuple[Floats, float]:
    """Return the place of a local minimum near `start`, and the value there.

    BFGS with backtracking (Nocedal and Wright, "Numerical Optimization", 2006, algorithm 6.1). `function`
    returns a value and its gradient; an infinite value means "not here". Guarantee: the value is never above
    that at `start`; where it stops before `rounds` are over, a round changed the value by less than
    `tolerance`. Cost: about 1.2 evaluations a round. Does not hold for more than some tens of numbers, nor
    where the gradient jumps.

    >>> found, value = minimise(lambda x: (float(x @ x), 2.0 * x), np.array([3.0, -1.0]))
    >>> round(value, 6)
    0.0
    """
    place = np.array(start, dtype=np.float64)
    value, slope = function(place)
    inverse = np.eye(place.size)
    fresh = True
    for _ in range(rounds):
        step = -inverse @ slope
        fall = float(slope @ step)
        if fall >= 0.0:
            inverse, step, fall, fresh = np.eye(place.size), -slope, -float(slope @ slope), True
        longest = float(np.abs(step).max(initial=0.0))
        if longest > _STEP_MAX:
            step, fall = step * (_STEP_MAX / longest), fall * (_STEP_MAX / longest)
        for _ in range(_HALVINGS_MAX):
            there, slope_there = function(place + step)
            if there <= value + _ENOUGH * fall:
                break
            step, fall = step / 2.0, fall / 2.0
        else:
            break
        change, gained = slope_there - slope, value - there
        place, value, slope = place + step, there, slope_there
        curve = float(step @ change)
        if curve > 1e-12:
            if fresh:
                inverse *= curve / float(change @ change)
                fresh = False
            bent = np.eye(place.size) - np.outer(step, change) / curve
            inverse = bent @ inverse @ bent.T + np.outer(step, step) / curve
        if gained < tolerance:
            break
    return place, value
