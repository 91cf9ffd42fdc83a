"""The report of a period of a store, as commands, API and engine give it."""

from collections.abc import Mapping
from importlib.metadata import version

from homeostat.app.report.period import period_of
from homeostat.app.report.stored import compare_periods, stored_recording
from homeostat.core.metric import Metric
from homeostat.core.query import Store
from homeostat.judge.comparisons.comparison import THRESHOLD
from homeostat.judge.reports.report import Report, Step, make_report, no_step


def period_report(
    store: Store,
    now_ns: int,
    metrics: Mapping[str, Metric],
    since: str,
    baseline: str = "",
    threshold: float = THRESHOLD,
    step: Step = no_step,
) -> Report:
    """Return the report of `since`, compared with `before` (the same length just before) or another period.

    Raises InputError for a period that makes no sense.
    """
    period = period_of(since, now_ns)
    comparison = None
    if baseline:
        before = period.before() if baseline == "before" else period_of(baseline, now_ns)
        comparison = compare_periods(store, before, period, metrics, {}, step, threshold)
    recording = stored_recording(store, period, metrics, step, comparison)
    return make_report(recording, now_ns, version("homeostat"), step)
