"""The book of requests: gives each its arms when it begins, and notes what it came to when it ends."""

import math
import os
import threading
import weakref
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from itertools import count
from typing import Any

from homeostat.core.clock import HOUR_NS
from homeostat.core.losses import Losses
from homeostat.core.plant import Split
from homeostat.observe.outcome_rows import Row
from homeostat.observe.request import Arms, Request, Work
from homeostat.observe.request_plan import Plan, ValuesOf

ROWS_MAX = 100_000
"""Outcomes that wait until somebody looks; then the oldest make room, and are counted."""

REMEMBERED_MAX = 50_000
"""Requests that were asked for their id, of which is known how to count what is said of them later."""

REMEMBERED_NS = 24 * HOUR_NS

ARMS_MAX = 4_096
"""Combinations of arms that are held ready; others are made for each request."""

MEASURES_MAX = 64
"""Names under which the application may report of its requests; further ones are dropped and counted."""

Known = tuple[int, str, Mapping[str, int], int | None]


class RequestBook:
    """All requests of one tracer.

    Nothing is kept before `govern` was called: then a request costs one comparison. From then on each gets
    its arms, and its row waits until it is taken. Any thread may call anything.
    """

    def __init__(
        self, now: Callable[[], int], losses: Losses, record: Callable[[str, str, float], None]
    ) -> None:
        self._now = now
        self._losses = losses
        self._record = record
        self._lock = threading.Lock()
        self._rows: deque[tuple[Any, ...]] = deque()
        self._dropped: Counter[str] = Counter()
        self._remembered: OrderedDict[str, Known] = OrderedDict()
        self._said: dict[str, dict[str, int]] = {}
        self._measures: set[str] = set()
        self._numbers = count(int.from_bytes(os.urandom(8), "little"))
        self._base = Arms([], {})
        self._known: weakref.WeakSet[Arms] = weakref.WeakSet((self._base,))
        self._plan = Plan((), lambda treated: ())
        self.governed = False
        self.arms: ContextVar[Arms] = ContextVar("homeostat_arms", default=self._base)
        """Those of the request that is served here: what knobs are read from."""
        self.idle = Request("", self._base, live=False)
        """Stands for the request where outcomes are not kept: its values are those in force."""

    def govern(self) -> None:
        """Keep outcomes from now on."""
        self.governed = True

    def lead(self, splits: Sequence[Split], values_of: ValuesOf) -> None:
        """Divide requests like this from now on.

        `values_of` gives the values of the request knobs where some trials are the treatment. They hold at
        once, also for requests under way, which lose the treatments that ended.
        """
        with self._lock:
            plan = Plan(splits, values_of)
            for arms in list(self._known):
                arms.values[:] = values_of(arms.treated & plan.trials)
            self._plan = plan

    def begin(self, name: str, unit: int | None = None) -> Request:
        """Return a new request with its arms; `unit` is the number of its user, where one is known."""
        plan = self._plan
        if not plan.draws:
            return Request(name, self._base, unit)
        key = plan.draw(next(self._numbers), unit)
        arms = plan.arms.get(key)
        return Request(name, arms if arms is not None else self._new_arms(plan, key), unit)

    def enter(self, name: str, unit: int | None = None) -> Request:
        """Begin a request whose values hold here from now on."""
        request = self.begin(name, unit)
        self.arms.set(request.arms)
        return request

    def go_back(self, to: Work | None) -> None:
        """Have the values of the request around hold here again."""
        self.arms.set(self._base if to is None else to.request.arms)

    def _new_arms(self, plan: Plan, key: int) -> Arms:
        with self._lock:
            arms = plan.make(key)
            self._known.add(arms)
            if plan is not self._plan:  # led elsewhere meanwhile
                arms.values[:] = self._plan.values_of(arms.treated & self._plan.trials)
            elif len(plan.arms) < ARMS_MAX:
                arms = plan.arms.setdefault(key, arms)
            return arms

    def ended(self, request: Request, operation: Work) -> None:
        """Note what a request came to."""
        request.live = False
        if not request.counted:
            return
        self._add(
            (
                operation.start_ns + operation.duration_ns,
                request.name,
                request.arms.by_trial,
                operation.duration_ns / 1e6,
                1.0 if operation.error else 0.0,
                request.calls,
                request.reported,
                True,
                request.part,
                request.unit,
            )
        )

    def report(self, request: Request, operation: str, values: Mapping[str, object]) -> None:
        """Take what the application says of a request under way."""
        numbers = self._numbers_of(operation, values)
        if request.live:
            request.report(numbers)
        elif self.governed and numbers and request is not self.idle:
            self._losses.add("outcome.after_the_end", len(numbers))

    def remember(self, request: Request, operation: str, request_id: str) -> None:
        """Keep the arms of a request by its id, so that something may be said of it later."""
        if request is not self.idle:
            request.id = request_id
        with self._lock:
            self._remembered[request_id] = (self._now(), operation, request.arms.by_trial, request.unit)
            if len(self._remembered) > REMEMBERED_MAX:
                self._said.pop(self._remembered.popitem(last=False)[0], None)
                self._losses.add("feedback.forgotten")

    def remembered(self) -> tuple[str, ...]:
        """Return the ids of the requests of which something may be said."""
        with self._lock:
            return tuple(self._remembered)

    def feedback(self, request_id: str, values: Mapping[str, object], *, at_ns: int = 0) -> bool:
        """Take what is said of a request by its id; False where it is not known, which is counted.

        `at_ns` is the wall time at which it was said, where it is kept for other processes as well: then it
        is taken once, and it is no loss where the request is not known. The row has the time of the request,
        not of what is said: trials by time tell its arm by that.
        """
        now = self._now()
        with self._lock:
            while self._remembered and next(iter(self._remembered.values()))[0] < now - REMEMBERED_NS:
                self._said.pop(self._remembered.popitem(last=False)[0], None)
            known = self._remembered.get(request_id)
            if known is not None and at_ns:
                said = self._said.setdefault(request_id, {})
                values = {name: value for name, value in values.items() if said.get(name, 0) < at_ns}
                said.update(dict.fromkeys(values, at_ns))
        if known is None:
            if not at_ns:
                self._losses.add("feedback.unknown_request")
            return False
        seen_ns, operation, arms, unit = known
        numbers = self._numbers_of(operation, values)
        if numbers and self.governed:
            self._add(
                Row(seen_ns, operation, arms, math.nan, math.nan, None, numbers, measured=False, unit=unit)
            )
        return True

    def note(self, request: Request, operation: str, seen_ns: int, values: Mapping[str, float]) -> None:
        """Take what was found of a request beside it, at the moment at which it was seen.

        It counts for the arms that the request had, and for those of the request around it; it is recorded by
        who found it. A request that holds requests of its own has no outcome, nor one that nobody asks for.
        """
        numbers = self._kept(values)
        at: Request | None = request if request is not self.idle and self.governed and numbers else None
        while at is not None:
            if at.counted:
                name = at.name or operation
                self._add(
                    (
                        seen_ns,
                        name,
                        at.arms.by_trial,
                        math.nan,
                        math.nan,
                        None,
                        numbers,
                        False,
                        at.part,
                        at.unit,
                    )
                )
            at = at.outer

    def take(self) -> tuple[list[Row], dict[str, int], frozenset[str]]:
        """Return the rows since the last call, how many of which operation were dropped, and the trials."""
        with self._lock:
            dropped, self._dropped = dict(self._dropped), Counter()
            trials = self._plan.trials
        rows = [Row._make(self._rows.popleft()) for _ in range(len(self._rows))]
        return rows, dropped, trials

    def forget(self) -> None:
        """Begin anew in a forked child: rows and trials are the parent's, the values in force stay."""
        self._lock = threading.Lock()
        self._numbers = count(int.from_bytes(os.urandom(8), "little"))
        self._rows.clear()
        self._dropped.clear()
        self._remembered.clear()
        self._said.clear()
        self.governed = False
        values = list(self._base.values)
        self.lead((), lambda treated: values)

    def _add(self, row: tuple[Any, ...]) -> None:
        """Keep the fields of a row: the row itself costs half a microsecond, and is made when taken."""
        self._rows.append(row)
        if len(self._rows) > ROWS_MAX:
            with self._lock:
                if len(self._rows) > ROWS_MAX:
                    self._dropped[self._rows.popleft()[1]] += 1
                    self._losses.add("outcome.buffer_full")

    def _numbers_of(self, operation: str, values: Mapping[str, object]) -> dict[str, float]:
        numbers = self._kept(values)
        for measure, number in numbers.items():
            self._record(operation, measure, number)
        return numbers

    def _kept(self, values: Mapping[str, object]) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for measure, value in values.items():
            number = value if isinstance(value, int | float) else _number(value)
            if not math.isfinite(number):
                self._losses.add("outcome.not_a_number")
            elif measure not in self._measures and len(self._measures) >= MEASURES_MAX:
                self._losses.add("outcome.measures_over_limit")
            else:
                self._measures.add(measure)
                numbers[measure] = float(number)
        return numbers


def _number(value: object) -> float:
    """Return a number of another library's type as ours, NaN for what is none."""
    to_float = getattr(value, "__float__", None)
    return float(to_float()) if to_float is not None else math.nan
