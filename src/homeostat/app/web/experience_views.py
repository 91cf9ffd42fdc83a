"""The views of experience: whose is kept, and what is known of one application in words. No HTML here."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from homeostat.app.web.memo import Memo
from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.metric import Metric
from homeostat.evaluate.experience.features import FeatureUse
from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.learning import LearningCurve
from homeostat.evaluate.experience.retention import Cohort
from homeostat.evaluate.experience.summary import Summary
from homeostat.evaluate.experience.tasks import TaskFigures
from homeostat.judge.words.quantity import bounds, count, quantity
from homeostat.runtime.experience.experiences import Experiences

WEEKS_SHOWN = 5
"""Weeks after the first that there is room for; the figures have all."""

KEPT_NS = 10 * SECOND_NS
"""For how long figures are shown before they are worked out again."""

SCALES = {"rating": "of 10", "usability": "of 100"}
NAMES = {
    "rating": "Satisfaction",
    "thumbs": "Thumbs up",
    "recommend": "Would recommend (net promoters)",
    "usability": "Usability (ten statements)",
}


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A figure as it is shown: with its interval, what it rests on, and who answered.

    `state` says how it stands to its target: `holds`, `missed`, or `undecided` where that is in the interval.
    """

    name: str
    words: str
    interval_words: str
    basis_words: str
    response_words: str
    care: str
    known: bool
    target_words: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task in words."""

    task: str
    figures: tuple[FigureRow, ...]


@dataclass(frozen=True, slots=True)
class LearningRow:
    """What practice does to the time of a task, or why that is not known."""

    task: str
    words: str


@dataclass(frozen=True, slots=True)
class CohortRow:
    """People who first came in one week; None is a week that has not passed."""

    week: str
    people: int
    weeks: tuple[FigureRow | None, ...]


@dataclass(frozen=True, slots=True)
class FeatureRow:
    """A feature in words."""

    share: FigureRow
    uses_words: str
    uses_each_words: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of experience: whose there is, and of one what is known; no figures where there is none.

    `days` is over how many they are.
    """

    services: tuple[str, ...]
    service: str
    days: int
    declared: dict[str, object]
    rows: tuple[FigureRow, ...]
    tasks: tuple[TaskRow, ...]
    learning: tuple[LearningRow, ...]
    cohorts: tuple[CohortRow, ...]
    features: tuple[FeatureRow, ...]
    figures: Summary | None


class ExperienceViews:
    """Works out what is shown of experience."""

    def __init__(self, experiences: Experiences | None, memo: Memo, metrics: Mapping[str, Metric]) -> None:
        self._targets = {name: m.target for name, m in metrics.items() if m.target is not None}
        self._experiences = experiences
        self._memo = memo

    def shown(self, service: str = "") -> Shown:
        """Return the figures of an application, of the first one without a name. Raises InputError."""
        experiences = self._experiences
        services = () if experiences is None else tuple(experiences.declared())
        if experiences is None or not services:
            return Shown(services, "", 0, {}, (), (), (), (), (), None)
        chosen = service or services[0]
        if chosen not in services:
            raise InputError(f"no experience is kept of {chosen[:64]!r}; there is {', '.join(services[:5])}")
        experience = experiences.of(chosen)
        found = self._memo.get(("experience", chosen), KEPT_NS, experience.figures)
        return Shown(
            services,
            chosen,
            round((found.now_ns - found.since_ns) / DAY_NS),
            experience.declaration.told(),
            rows_of(found, self._targets),
            tuple(map(_task, found.tasks)),
            (
                *(LearningRow(curve.task, learning_words(curve)) for curve in found.curves),
                *(LearningRow(task, f"not known, {why}") for task, why in found.unlearned.items()),
            ),
            tuple(map(_cohort, found.retention.cohorts)),
            tuple(map(_feature, found.features)),
            found,
        )


def rows_of(found: Summary, targets: Mapping[str, float]) -> tuple[FigureRow, ...]:
    """Return the figures in words, what people say first; `targets` are those of the metrics."""
    said = [
        figure_row(
            NAMES[name], figure, name, targets.get(f"experience.{name}") if name != "recommend" else None
        )
        for name, figure in found.feedback.items()
    ]
    seen = (
        ("Tasks done", found.completion, "task.completed"),
        ("Came back in their second week", found.retention.returned, "returned"),
        ("Adaptations kept", found.adaptations, "adaptation.accepted"),
        ("Preferences chosen again", found.preferences, "preference.stable"),
    )
    rows = (figure_row(name, f, "share", targets.get(f"experience.{metric}")) for name, f, metric in seen)
    return (*said, *rows)


def _task(found: TaskFigures) -> TaskRow:
    return TaskRow(
        found.task,
        (
            figure_row("Done", found.done),
            figure_row("Without a hitch", found.clean),
            figure_row("Errors a try", found.errors, "count"),
            figure_row("Retries a try", found.retries, "count"),
            figure_row("Time", found.seconds, "s"),
        ),
    )


def learning_words(found: LearningCurve) -> str:
    """Return what practice does to the time of a task."""
    saved = found.saved
    assert saved.value is not None
    assert saved.low is not None
    assert saved.high is not None
    verb = "saves" if saved.value >= 0 else "costs"
    ends = sorted((abs(saved.low), abs(saved.high))) if saved.low * saved.high > 0 else None
    sure = (
        reach(ends[0], ends[1], "share")
        if ends
        else f"{reach(saved.low, saved.high, 'share')}: perhaps nothing"
    )
    return (
        f"Each doubling of practice {verb} {valued(abs(saved.value), 'share')} of the time {sure}, "
        f"from {count(saved.n)} tries of {count(saved.people)} people."
    )


def _cohort(found: Cohort) -> CohortRow:
    week = f"{datetime.fromtimestamp(found.start_ns / 1e9, UTC):%Y-%m-%d}"
    rows = tuple(None if week is None else figure_row("", week) for week in found.weeks)
    return CohortRow(week, found.people, rows[:WEEKS_SHOWN])


def _feature(found: FeatureUse) -> FeatureRow:
    return FeatureRow(
        figure_row(found.feature, found.share),
        "–" if found.uses is None else count(found.uses),
        "–" if found.uses_each is None else f"{found.uses_each:.1f}",
    )


def figure_row(name: str, figure: Figure, scale: str = "share", target: float | None = None) -> FigureRow:
    """Return a figure in words.

    >>> figure_row("Done", Figure(value=0.9, low=0.8, high=0.95, n=40, people=12)).words
    '90%'
    """
    basis = f"n {count(figure.n)}, {count(figure.people)} people"
    rate = figure.response_rate
    unknown = "not known" if scale in NAMES else "seen, not asked"
    response = (
        unknown if rate is None else f"{quantity(rate, 'ratio')} of {count(figure.asked or 0)} answered"
    )
    if figure.value is None or figure.low is None or figure.high is None:
        told = "" if target is None else valued(target, scale)
        return FigureRow(name, "not known", figure.why, basis, response, "", False, told)
    return FigureRow(
        name=name,
        words=valued(figure.value, scale),
        interval_words=reach(figure.low, figure.high, scale),
        basis_words=basis,
        response_words=response,
        care="few people: read it with care" if figure.few else "",
        known=True,
        target_words="" if target is None else valued(target, scale),
        state="" if target is None else _standing(figure.low, figure.high, target),
    )


def _standing(low: float, high: float, target: float) -> str:
    if low >= target:
        return "holds"
    return "missed" if high < target else "undecided"


def valued(value: float, scale: str) -> str:
    """Return a figure's value on its scale.

    >>> valued(0.42, "recommend"), valued(8.52, "rating"), valued(72.0, "usability")
    ('+42', '8.5 of 10', '72 of 100')
    """
    match scale:
        case "recommend":
            return f"{100 * value:+.0f}"
        case "rating":
            return f"{value:.1f} {SCALES[scale]}"
        case "usability":
            return f"{value:.0f} {SCALES[scale]}"
        case "s":
            return quantity(value, "s")
        case "count":
            return f"{value:.2f}"
        case _:
            return quantity(value, "ratio")


def reach(low: float, high: float, scale: str) -> str:
    """Return an interval on a figure's scale.

    >>> reach(0.31, 0.53, "recommend"), reach(0.8, 0.95, "share")
    ('[+31, +53]', '[80, 95]%')
    """
    match scale:
        case "recommend":
            return f"[{100 * low:+.0f}, {100 * high:+.0f}]"
        case "rating":
            return f"[{low:.1f}, {high:.1f}]"
        case "usability":
            return f"[{low:.0f}, {high:.0f}]"
        case "s":
            return bounds(low, high, "s")
        case "count":
            return f"[{low:.2f}, {high:.2f}]"
        case _:
            return bounds(low, high, "ratio")
