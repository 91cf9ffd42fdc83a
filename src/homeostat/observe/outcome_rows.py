"""The rows of outcomes: what ended requests came to, noted as tuples, made columns when somebody looks."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from homeostat.core.plant import NO_ARM, Outcomes
from homeostat.core.span import LlmCall

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Calls = Sequence[tuple[LlmCall, int, bool]]
"""Calls to models: what is known of each, when it began, and whether it failed."""


class Row(NamedTuple):
    """One request that ended, or (`measured` is False) what was said of one afterwards; times are monotonic.

    `calls` is None where they were too many to be summed. A `part` of a request is no whole one. `unit` is
    the number of its user, where one is known.
    """

    ended_ns: int
    operation: str
    arms: Mapping[str, int]
    duration_ms: float
    error: float
    calls: Calls | None
    reported: Mapping[str, float] | None
    measured: bool = True
    part: bool = False
    unit: int | None = None


Spent = tuple[Row, float, float, int]
"""A row with what it cost (USD), its tokens, and the number of its unit."""

UNIT_MASK = 0x7FFF_FFFF_FFFF_FFFF

WHOLE = ""
"""The name under which all whole requests are counted, whatever their operation."""

Priced = Callable[[LlmCall, int], LlmCall]


def tokens_of(calls: Calls | None) -> float:
    """Return the tokens of all calls, NaN where one that succeeded does not tell of its own."""
    if calls is None:
        return math.nan
    total = 0.0
    for call, _, failed in calls:
        if call.input_tokens is None and call.output_tokens is None:
            if not failed:
                return math.nan
            continue
        total += (call.input_tokens or 0) + (call.output_tokens or 0)
    return total


def cost_of(calls: Calls | None, priced: Priced, epoch_ns: int) -> float:
    """Return what all calls cost (USD), NaN where that of one that succeeded is not known.

    A part of the cost would make an arm look cheap whose model has no price.
    """
    if calls is None:
        return math.nan
    total = 0.0
    for call, start_ns, failed in calls:
        cost_usd = priced(call, start_ns + epoch_ns).cost_usd
        if cost_usd is None:
            if not failed:
                return math.nan
            continue
        total += cost_usd
    return total


class OutcomeColumns:
    """Makes rows columns.

    A request without calls to models cost nothing, if its operation is known to make any; before the first
    such call nobody knows whether calls are seen at all, and its cost and tokens are NaN. Units are told once
    a user was: a request without a user is a unit by itself, with a number below zero.
    """

    def __init__(self, priced: Priced) -> None:
        self._priced = priced
        self._calling: set[str] = set()
        self._alone = count(-1, -1)
        self._users = False

    def of(
        self, rows: Sequence[Row], epoch_ns: int, trials: Collection[str], dropped: Mapping[str, int]
    ) -> tuple[Outcomes, ...]:
        """Return the outcomes of all whole requests, under no name, and of each operation under its own.

        There are those that have rows, or of which rows were dropped.
        """
        self._users = self._users or any(row.unit is not None for row in rows)
        everything = [(row, *self._spent(row, epoch_ns), self._unit(row)) for row in rows]
        by_operation: dict[str, list[Spent]] = {name: [] for name in dropped}
        for one in everything:
            by_operation.setdefault(one[0].operation, []).append(one)
        if not by_operation:
            return ()
        found = tuple(
            self._outcomes(name, of_it, epoch_ns, trials, dropped.get(name, 0))
            for name, of_it in by_operation.items()
        )
        whole = [one for one in everything if not one[0].part]
        if len(found) == 1 and len(whole) == len(everything):
            return (replace(found[0], operation=WHOLE), *found)
        return (self._outcomes(WHOLE, whole, epoch_ns, trials, sum(dropped.values())), *found)

    def _unit(self, row: Row) -> int:
        return next(self._alone) if row.unit is None else row.unit & UNIT_MASK

    def _spent(self, row: Row, epoch_ns: int) -> tuple[float, float]:
        if not row.measured:
            return math.nan, math.nan
        if row.calls:
            self._calling.add(row.operation)
        elif row.calls is not None and row.operation not in self._calling:
            return math.nan, math.nan
        return cost_of(row.calls, self._priced, epoch_ns), tokens_of(row.calls)

    def _outcomes(
        self, name: str, spent: list[Spent], epoch_ns: int, trials: Collection[str], dropped: int
    ) -> Outcomes:
        import numpy as np

        rows = [row for row, *_ in spent]
        values = {
            "duration": [row.duration_ms for row in rows],
            "errors": [row.error for row in rows],
            "cost": [cost for _, cost, _, _ in spent],
            "tokens": [tokens for _, _, tokens, _ in spent],
        }
        said = {measure for row in rows for measure in row.reported or ()}
        for measure in sorted(said):
            measured = values.get(measure) or [math.nan] * len(rows)
            values[measure] = [
                (row.reported or {}).get(measure, known) for row, known in zip(rows, measured, strict=True)
            ]
        return Outcomes(
            ended_ns=np.array([row.ended_ns + epoch_ns for row in rows], np.int64),
            values={measure: np.array(column, np.float64) for measure, column in values.items()},
            arms=_arms(rows, trials),
            operation=name,
            dropped=dropped,
            units=np.array([unit for *_, unit in spent], np.int64) if self._users else None,
        )


def _arms(rows: list[Row], trials: Collection[str]) -> "dict[str, NDArray[np.int8]]":
    import numpy as np

    known = {*trials, *(trial for arms in {id(r.arms): r.arms for r in rows}.values() for trial in arms)}
    return {
        trial: np.array([row.arms.get(trial, NO_ARM) for row in rows], np.int8) for trial in sorted(known)
    }
