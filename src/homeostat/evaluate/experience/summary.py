"""The summary: all figures of an application's experience over a time, made from its events."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence, Set
from typing import TypeVar

import msgspec

from homeostat.evaluate.experience.adaptations import acceptance
from homeostat.evaluate.experience.events import NAMELESS, Answer, Asked, Choice, Offer, Visit
from homeostat.evaluate.experience.features import FeatureUse, feature_use
from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.instruments import INSTRUMENTS
from homeostat.evaluate.experience.learning import LearningCurve, learning_curve
from homeostat.evaluate.experience.preferences import stability
from homeostat.evaluate.experience.retention import Retention, retention
from homeostat.evaluate.experience.tasks import Attempt, TaskFigures, completion, task_figures

T = TypeVar("T")

TASKS_MAX = 12
"""Tasks, and features, of which figures are told: the ones used most."""


class Events(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one application. `cut` says that there was more than is looked at.

    All visits, and all tries, are there from `visits_since_ns` and `attempts_since_ns` on, of all times where
    that is 0.
    """

    answers: Sequence[Answer] = ()
    asked: Sequence[Asked] = ()
    visits: Sequence[Visit] = ()
    attempts: Sequence[Attempt] = ()
    choices: Sequence[Choice] = ()
    offers: Sequence[Offer] = ()
    visits_since_ns: int = 0
    attempts_since_ns: int = 0
    cut: bool = False


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The figures, each with how many it rests on.

    `feedback` is by instrument. `curves` are of tasks whose learning is known; `unlearned` says of the others
    why it is not. Retention and learning look at all that is kept, the rest at what was since `since_ns`.
    """

    service: str
    since_ns: int
    now_ns: int
    people: int
    sessions: int
    interactions: int
    feedback: dict[str, Figure]
    completion: Figure
    tasks: tuple[TaskFigures, ...]
    curves: tuple[LearningCurve, ...]
    unlearned: dict[str, str]
    retention: Retention
    preferences: Figure
    adaptations: Figure
    features: tuple[FeatureUse, ...]
    cut: bool = False


def summary(service: str, events: Events, since_ns: int, now_ns: int) -> Summary:
    """Return all figures."""
    recent = [v for v in events.visits if v.last_ns >= since_ns]
    attempts = [a for a in events.attempts if a.at_ns >= since_ns]
    offers = [o for o in events.offers if o.at_ns >= since_ns]
    answered = [o for o in offers if o.accepted is not None]
    curves, unlearned = _curves(events.attempts, events.attempts_since_ns)
    return Summary(
        service=service,
        since_ns=since_ns,
        now_ns=now_ns,
        people=len({v.person for v in recent}),
        sessions=len(recent),
        interactions=sum(v.interactions for v in recent),
        feedback=_feedback(events, recent, since_ns),
        completion=completion(attempts),
        tasks=task_figures(attempts)[:TASKS_MAX],
        curves=curves,
        unlearned=unlearned,
        retention=retention(_times(events.visits), now_ns, events.visits_since_ns),
        preferences=stability(_chosen(events.choices, since_ns)),
        adaptations=acceptance(
            _grouped((o.person, bool(o.accepted)) for o in answered), len({o.person for o in offers})
        ),
        features=feature_use(_used(recent))[:TASKS_MAX],
        cut=events.cut,
    )


def _feedback(events: Events, recent: Sequence[Visit], since_ns: int) -> dict[str, Figure]:
    answers: dict[str, dict[str, list[float]]] = {name: {} for name in INSTRUMENTS}
    for answer in sorted(events.answers, key=lambda a: a.at_ns):
        if answer.at_ns >= since_ns and answer.instrument in answers:
            answers[answer.instrument].setdefault(answer.person, []).append(answer.value)
    asked: dict[str, set[str]] = defaultdict(set)
    for question in events.asked:
        if question.at_ns >= since_ns:
            asked[question.instrument].add(question.person)
    seen = {visit.person for visit in recent}
    made = {}
    for name, instrument in INSTRUMENTS.items():
        own = answers[name]
        whom, answered = _response(own.keys(), asked[name], seen)
        figure = instrument.figure(own, whom)
        made[name] = msgspec.structs.replace(figure, answered=answered)
    return made


def _response(answered: Set[str], asked: Set[str], seen: Set[str]) -> tuple[int | None, int | None]:
    """Return how many were asked, and how many of those answered; of those seen, where nobody was.

    Who is nameless is somebody else when they answer than when they were asked: those are only counted. Where
    nameless ones answered and nobody was asked, it is not known whether they are among those seen.
    """
    whom = asked or seen
    nameless = sum(person.startswith(NAMELESS) for person in answered)
    if not whom or (nameless and not asked):
        return None, None
    shown = sum(person.startswith(NAMELESS) for person in asked)
    return len(whom), len(whom & answered) + min(nameless, shown)


def _curves(attempts: Sequence[Attempt], since_ns: int) -> tuple[tuple[LearningCurve, ...], dict[str, str]]:
    often = [task for task, _ in Counter(a.task for a in attempts).most_common(TASKS_MAX)]
    curves, unlearned = [], {}
    for task in often:
        found = learning_curve(task, (a for a in attempts if a.task == task), since_ns)
        if isinstance(found, LearningCurve):
            curves.append(found)
        else:
            unlearned[task] = found.reason
    return tuple(curves), unlearned


def _times(visits: Sequence[Visit]) -> dict[str, list[int]]:
    return _grouped((visit.person, visit.at_ns) for visit in visits)


def _chosen(choices: Sequence[Choice], since_ns: int) -> dict[tuple[str, str], list[str]]:
    """Return what was chosen by person and preference, from the last choice before a time on."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for choice in sorted(choices, key=lambda c: c.at_ns):
        own = found[choice.person, choice.preference]
        if choice.at_ns < since_ns:
            own.clear()
        own.append(choice.choice)
    return found


def _used(visits: Sequence[Visit]) -> dict[str, Counter[str]]:
    used: dict[str, Counter[str]] = {}
    for visit in visits:
        used.setdefault(visit.person, Counter()).update(visit.features)
    return used


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    found: dict[str, list[T]] = defaultdict(list)
    for person, value in pairs:
        found[person].append(value)
    return found
