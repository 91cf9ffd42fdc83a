"""Rows of outcomes on their way: handed out once their request has ended, ratings when they come."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.core.clock import SECOND_NS
from homeostat.core.plant import NO_ARM, Outcomes
from homeostat.testing.simulated_application.draws import Floats
from homeostat.testing.simulated_application.requests import Requests

MEASURES = ("duration", "cost", "tokens", "errors", "quality")
ROWS_MAX = 500_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows: when each is known and when its request ended, in seconds, its measures, arms and user."""

    known_s: Floats
    ended_s: Floats
    values: NDArray[np.float64]
    arms: Mapping[str, NDArray[np.int8]]
    users: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        requests: Requests,
        starts_s: Floats,
        arms: Mapping[str, NDArray[np.int8]],
        rating_delay_s: float,
        users: NDArray[np.int64] | None = None,
    ) -> "Rows":
        """Return the rows of requests; ratings that come later are rows of their own."""
        ended_s = starts_s + requests.duration_ms / 1e3
        if users is None:
            users = np.full(ended_s.size, -1, np.int64)
        measured = np.array([requests.duration_ms, requests.cost_usd, requests.tokens, requests.errors])
        if rating_delay_s <= 0.0:
            return cls(ended_s, ended_s, np.vstack([measured, requests.quality]), arms, users)
        rated = np.flatnonzero(~np.isnan(requests.quality))
        values = np.full((len(MEASURES), ended_s.size + rated.size), np.nan)
        values[:4, : ended_s.size] = measured
        values[4, ended_s.size :] = requests.quality[rated]
        known_s = np.concatenate([ended_s, ended_s[rated] + rating_delay_s])
        of_s = np.concatenate([ended_s, ended_s[rated]])
        of_arms = {n: np.concatenate([c, c[rated]]) for n, c in arms.items()}
        return cls(known_s, of_s, values, of_arms, np.concatenate([users, users[rated]]))


class OutcomeRows:
    """Rows that wait to be known, and known ones that wait to be fetched: at most `ROWS_MAX` of all."""

    def __init__(self, start_ns: int) -> None:
        self._start_ns = start_ns
        self._rows: list[Rows] = []
        self._count = 0
        self._dropped = 0

    def add(self, rows: Rows) -> None:
        """Take rows in; the oldest go where there are too many."""
        self._rows.append(rows)
        self._count += rows.known_s.size
        while self._count > ROWS_MAX:
            oldest = self._rows.pop(0)
            self._count -= oldest.known_s.size
            self._dropped += oldest.known_s.size

    def taken(self, now_ns: int) -> Outcomes:
        """Return the rows known by now, in the order in which they became so, and forget them."""
        dropped, self._dropped = self._dropped, 0
        if not self._rows:
            empty = np.zeros(0)
            return Outcomes(np.zeros(0, np.int64), dict.fromkeys(MEASURES, empty), {}, dropped=dropped)
        known_s = np.concatenate([rows.known_s for rows in self._rows])
        ended_s = np.concatenate([rows.ended_s for rows in self._rows])
        values = np.concatenate([rows.values for rows in self._rows], axis=1)
        users = np.concatenate([rows.users for rows in self._rows])
        trials = sorted({name for rows in self._rows for name in rows.arms})
        arms = {name: np.concatenate([_arms(rows, name) for rows in self._rows]) for name in trials}
        order = np.argsort(known_s, kind="stable")
        done = np.searchsorted(known_s[order], (now_ns - self._start_ns) / SECOND_NS, side="right")
        now, later = order[:done], order[done:]
        still = {name: column[later] for name, column in arms.items() if (column[later] != NO_ARM).any()}
        self._rows = [Rows(known_s[later], ended_s[later], values[:, later], still, users[later])]
        self._count = later.size
        return Outcomes(
            ended_ns=self._start_ns + (ended_s[now] * SECOND_NS).astype(np.int64),
            values=dict(zip(MEASURES, values[:, now], strict=True)),
            arms={name: column[now] for name, column in arms.items()},
            dropped=dropped,
            units=users[now] if (users >= 0).any() else None,
        )


def _arms(rows: Rows, name: str) -> NDArray[np.int8]:
    column = rows.arms.get(name)
    return column if column is not None else np.full(rows.known_s.size, NO_ARM, np.int8)
