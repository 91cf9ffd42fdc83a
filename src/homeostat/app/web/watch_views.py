"""The views of a watch: what it shows now, and what was crossed since somebody looks at it. No HTML here."""

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from homeostat.app.web.memo import Memo
from homeostat.app.web.watch_query import attributes_words, query_of, series_text
from homeostat.core.clock import HOUR_NS, MINUTE_NS, SECOND_NS, Clock
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.metric import Better, Metric
from homeostat.core.query import Frame, FrameQuery, Store, TotalQuery, TraceQuery, TracesQuery
from homeostat.core.series import SeriesKey
from homeostat.judge.targets.limit import judge
from homeostat.judge.targets.statistic import default_statistic, statistic
from homeostat.judge.views.candidate import Candidate
from homeostat.judge.views.overview import rows_of
from homeostat.judge.views.watch import (
    KNOWN,
    Asked,
    Bounds,
    Crossing,
    Level,
    SeenTrace,
    Sight,
    Threshold,
    Watch,
    WatchRow,
    crossing_of,
    level_of,
    sight_words,
)
from homeostat.judge.views.window import LAG_NS, Window
from homeostat.judge.words.amount import convert, write_length
from homeostat.judge.words.quantity import quantity

ROWS_MAX = 40
SITTINGS_MAX = 64
CROSSINGS_MAX = 100
SITTING_NS = HOUR_NS
"""A sitting ends when nobody looked for so long; its crossings are then forgotten."""

TRACES_LOOKED_AT = 50
TRACES_SHOWN = 10
TRACES_NS = 5 * SECOND_NS
FINE_NS = 3 * MINUTE_NS

Since = Callable[[], Mapping[str, int]]


@dataclass(slots=True)
class _Sitting:
    """What happened since somebody looks at a watch."""

    began_ns: int
    looked_ns: int
    levels: dict[str, Level] = field(default_factory=dict)
    crossings: deque[Crossing] = field(default_factory=lambda: deque(maxlen=CROSSINGS_MAX))
    crossed: int = 0


class WatchViews:
    """Looks at series over the last while. All who look at the same watch share what was crossed.

    Kept in memory: the crossings of the 64 watches that were looked at last, 100 each.
    """

    def __init__(
        self, store: Store, clock: Clock, metrics: Mapping[str, Metric], memo: Memo, since: Since
    ) -> None:
        self._store = store
        self._clock = clock
        self._metrics = metrics
        self._memo = memo
        self._since = since
        self._lock = threading.Lock()
        self._sittings: OrderedDict[Watch, _Sitting] = OrderedDict()

    def sight(self, watch: Watch) -> Sight:
        """Return what a watch shows now. Raises InputError where a threshold does not fit its series."""
        return self._memo.get(("watch", watch), watch.every_ns // 2, lambda: self._look(watch))

    def _look(self, watch: Watch) -> Sight:
        now_ns = self._clock.now_ns()
        end_ns = (now_ns - LAG_NS) // SECOND_NS * SECOND_NS
        level_ns = SECOND_NS if watch.over_ns <= FINE_NS else 10 * SECOND_NS
        window = Window("watch", end_ns - watch.over_ns, end_ns, level_ns, end_ns + LAG_NS)
        since = self._since() if watch.asked else {}
        rows: dict[str, WatchRow] = {}
        notes = []
        for asked in watch.asked:
            found = self._rows(asked, watch, window, since)
            if not found:
                notes.append(_nothing(asked, watch))
            rows.update((f"{r.row.statistic} {r.row.key}", r) for r in found)
        shown = tuple(list(rows.values())[:ROWS_MAX])
        traces = self._traces(watch, window) if watch.only else ()
        if watch.only and not traces:
            notes.append(
                f"None of the newest {TRACES_LOOKED_AT} kept traces carries {attributes_words(watch.only)}."
            )
        sitting, crossings = self._sit(watch, shown, now_ns)
        return Sight(
            words=sight_words(shown) if watch.asked else "Nothing is watched yet.",
            query=query_of(watch),
            every_s=watch.every_ns / SECOND_NS,
            over_s=watch.over_ns / SECOND_NS,
            began_ns=sitting.began_ns,
            rows=shown,
            rows_left_out=len(rows) - len(shown),
            crossings=crossings,
            crossings_dropped=sitting.crossed - len(crossings),
            traces=traces,
            notes=tuple(notes),
        )

    def _rows(self, asked: Asked, watch: Watch, window: Window, since: Mapping[str, int]) -> list[WatchRow]:
        wanted = dict((*asked.attributes, *watch.only))
        start_ns, end_ns = window.start_ns, window.end_ns
        totals = self._store.read(TotalQuery(start_ns, end_ns, asked.metric, wanted))
        frames: dict[SeriesKey, Frame] = self._store.read(
            FrameQuery(start_ns, end_ns, window.level_ns, asked.metric, wanted)
        )
        found = []
        for key, total in sorted(totals.items()):
            if not total.moments.count:
                continue
            metric = self._metrics.get(key.metric) or _unknown(key)
            name = asked.statistic or metric.judged_by
            first_ns = max(since.get(key.get("service"), start_ns), start_ns)
            seconds = max(end_ns - first_ns, SECOND_NS) / SECOND_NS
            shown = statistic(total, name, key.unit, seconds)
            bounds = _bounds(asked, metric, shown.unit)
            level, words = level_of(shown, total.moments.count, bounds)
            limit = bounds.warn if bounds.warn is not None else bounds.critical
            better = Better.LOWER if bounds.above else Better.HIGHER
            drawn = replace(metric, judged_by=name, better=better, target=limit)
            judged = judge(shown, total.moments.count, drawn)
            candidate = Candidate(key, total, drawn, shown, judged, essential=True)
            (row,) = rows_of([candidate], frames, window, frozenset())
            found.append(WatchRow(row, level, words, bounds))
        return found

    def _traces(self, watch: Watch, window: Window) -> tuple[SeenTrace, ...]:
        """Read the newest kept traces that carry the attributes on one of their spans."""

        def work() -> tuple[SeenTrace, ...]:
            start_ns = window.now_ns - max(watch.over_ns, 15 * MINUTE_NS)
            query = TracesQuery(start_ns, window.now_ns, order="newest", limit=TRACES_LOOKED_AT)
            carrying = [
                t
                for t in self._store.read(query)
                if any(
                    all(str(span.attributes.get(name, "")) == value for name, value in watch.only)
                    for span in self._store.read(TraceQuery(t.trace_id))
                )
            ]
            return tuple(
                SeenTrace(t.trace_id.hex(), t.operation, t.start_ns, t.duration_ns, t.errors)
                for t in carrying[:TRACES_SHOWN]
            )

        return self._memo.get(("watch traces", watch.only, watch.over_ns), TRACES_NS, work)

    def _sit(
        self, watch: Watch, rows: tuple[WatchRow, ...], now_ns: int
    ) -> tuple[_Sitting, tuple[Crossing, ...]]:
        with self._lock:
            sitting = self._sittings.get(watch)
            if sitting is None or now_ns - sitting.looked_ns > SITTING_NS:
                sitting = self._sittings[watch] = _Sitting(now_ns, now_ns)
            self._sittings.move_to_end(watch)
            while len(self._sittings) > SITTINGS_MAX:
                self._sittings.popitem(last=False)
            sitting.looked_ns = now_ns
            for row in rows:
                name = f"{row.row.statistic} {row.row.key}"
                crossed = crossing_of(sitting.levels.get(name), row, now_ns)
                if crossed is not None:
                    sitting.crossings.append(crossed)
                    sitting.crossed += 1
                if row.level in KNOWN:
                    sitting.levels[name] = row.level
            return sitting, tuple(reversed(sitting.crossings))


def _unknown(key: SeriesKey) -> Metric:
    """A metric that the catalogue does not have."""
    name = default_statistic(key.kind)
    return Metric(key.metric, key.unit, key.kind, Better.NEITHER, "", "application", "application", name)


def _nothing(asked: Asked, watch: Watch) -> str:
    over = write_length(watch.over_ns)
    if not watch.only:
        return f"Nothing came under {series_text(asked)!r} in the last {over}."
    names = " and ".join(name for name, _ in watch.only)
    return (
        f"No series of {asked.metric} with {attributes_words(watch.only)} in the last {over}: what an"
        f" operation sets is seen on its traces only; a series has {names} where it is recorded with that."
    )


def _bounds(asked: Asked, metric: Metric, unit: str) -> Bounds:
    """Return the thresholds in the unit of the statistic: those asked for, else those of the catalogue."""
    own = asked.warn is not None or asked.critical is not None
    if own:
        sides = {t.above for t in (asked.warn, asked.critical) if t is not None and t.above is not None}
        if len(sides) > 1:
            raise InputError(f"warn and critical of {series_text(asked)!r} lie on different sides: use one")
        above = sides.pop() if sides else metric.better is not Better.HIGHER
        warn, critical = (_amount(t, unit, asked) for t in (asked.warn, asked.critical))
    else:
        above = metric.better is not Better.HIGHER
        same = asked.statistic in ("", metric.judged_by)
        warn, critical = (metric.warning, metric.critical) if same else (None, None)
    side = ">" if above else "<"
    words = tuple("" if b is None else f"{side} {quantity(b, unit)}" for b in (warn, critical))
    return Bounds(above, warn, critical, *words)


def _amount(threshold: Threshold | None, unit: str, asked: Asked) -> float | None:
    if threshold is None:
        return None
    try:
        return convert(threshold.amount, unit)
    except ConfigError as error:
        raise InputError(f"the threshold of {series_text(asked)!r} does not fit it: {error}") from error
