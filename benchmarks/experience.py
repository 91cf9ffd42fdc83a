"""Do the intervals of experience hold what is true, and does the power law foretell the next try?"""

import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from starlette.types import ASGIApp

from benchmarks.result import Result
from homeostat.app.accessibility import check_pages, share_accessible
from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.app.web.app import create_app
from homeostat.companion.access.grant import PERSONS
from homeostat.companion.message import NewMessage
from homeostat.core.errors import NotAvailable
from homeostat.evaluate.experience.bounded import bounded_interval
from homeostat.evaluate.experience.learning import LearningCurve, learning_curve
from homeostat.evaluate.experience.mean_of_people import mean_of_people
from homeostat.evaluate.experience.recommendation import net_promoters
from homeostat.evaluate.experience.tasks import Attempt, task_figures
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.stats.student import quantile
from homeostat.stats.wilson_interval import wilson_interval
from homeostat.store.open import open_store
from homeostat.testing.bare_host import BareHost
from homeostat.testing.sample_traffic import SampleTraffic
from homeostat.testing.served import served
from homeostat.testing.small_node import SmallNode

ROUNDS = 1_000
COVERS = 0.92
AT_US = 1_700_000_000_000_000
SHAPES = (
    (0.0, 0.0, 0.01, 0.02, 0.02, 0.05, 0.1, 0.2, 0.25, 0.35),
    (0.3, 0.1, 0, 0, 0, 0, 0, 0.1, 0.2, 0.3),
    (0.1,) * 10,
    (0.02, 0, 0, 0, 0, 0, 0, 0, 0.08, 0.9),
    (0, 0, 0, 0.05, 0.45, 0.45, 0.05, 0, 0, 0),
)
ALIKE = ((0.5, 0.3), (0.8, 0.3), (0.95, 0.2), (0.95, 0.5), (0.99, 0.1))
VOTES = ((0.5, 0.3, 0.2), (0.8, 0.15, 0.05), (0.9, 0.1, 0.0), (0.97, 0.02, 0.01), (0.2, 0.3, 0.5))
LEARNING = ((5, 0.3), (8, 0.3), (30, 0.3), (30, 0.0), (60, 0.15))
ERRORS = ((0.05, 1.0), (0.3, 1.0), (0.3, 3.0), (2.0, 0.3), (2.0, 1.0), (2.0, 3.0))

Bounds = tuple[float | None, float | None]
Counts = NDArray[np.int64]
Work = Callable[[np.random.Generator], tuple[float, float]]


def held(found: list[Bounds], true: float) -> float:
    """Return how often intervals hold a value."""
    return sum(a is not None and b is not None and a <= true <= b for a, b in found) / len(found)


def ratings(chance: np.random.Generator) -> tuple[float, float]:
    """Return the least coverage over shapes and sizes: ours, and that of Student's t."""
    steps, ours, plain = np.arange(1, 11), [], []
    for shape in SHAPES:
        shares = np.array(shape) / sum(shape)
        true = float(shares @ steps)
        for n in (5, 10, 30):
            mine: list[Bounds] = []
            students: list[Bounds] = []
            for _ in range(ROUNDS):
                drawn = chance.choice(steps, n, p=shares)
                found = bounded_interval(drawn, 1, 10)
                assert found is not None
                mine.append((1 + 9 * found.low, 1 + 9 * found.high))
                half = quantile(0.975, n - 1.0) * drawn.std(ddof=1) / n**0.5
                students.append((drawn.mean() - half, drawn.mean() + half))
            ours.append(held(mine, true))
            plain.append(held(students, true))
    return min(ours), min(plain)


def activity(chance: np.random.Generator, people: int) -> tuple[Counts, ...]:
    """Return how often people try: about alike, few very often, and one nearly alone."""
    often = np.minimum(1 + chance.pareto(1.0, people), 500).astype(np.int64)
    return chance.integers(1, 21, people), often, np.array([200] + [1] * (people - 1))


def shares(chance: np.random.Generator) -> tuple[float, float]:
    """Return the least coverage of the share of tries: ours, and Wilson's on the tries alone."""
    ours: list[float] = []
    plain: list[float] = []
    for share, alike in ALIKE:
        strength = (1 - alike) / alike
        for people in (5, 10, 40, 200):
            mine: dict[int, list[Bounds]] = defaultdict(list)
            wilsons: dict[int, list[Bounds]] = defaultdict(list)
            for _ in range(ROUNDS):
                own = chance.beta(share * strength, (1 - share) * strength, people)
                for shape, tried in enumerate(activity(chance, people)):
                    well = chance.binomial(tried, own)
                    found = mean_of_people({str(i): [each] for i, each in enumerate(well / tried)})
                    mine[shape].append((found.low, found.high))
                    wilson = wilson_interval(int(well.sum()), int(tried.sum()))
                    assert wilson is not None
                    wilsons[shape].append((wilson.low, wilson.high))
            ours.extend(held(bounds, share) for bounds in mine.values())
            plain.extend(held(bounds, share) for bounds in wilsons.values())
    return min(ours), min(plain)


def errors(chance: np.random.Generator) -> tuple[float, float]:
    """Return the least coverage of the errors that come on a try: ours, and that of Student's t."""
    ours, plain = [], []
    for mean, spread in ERRORS:
        for people in (5, 10, 40):
            mine: list[Bounds] = []
            students: list[Bounds] = []
            for _ in range(ROUNDS // 4):
                tries = [
                    Attempt(person=str(i), task="t", at_ns=0, seconds=1.0, done=True, errors=int(n))
                    for i, rate in enumerate(chance.gamma(1 / spread, mean * spread, people))
                    for n in chance.poisson(rate, chance.integers(1, 21))
                ]
                found = task_figures(tries)[0].errors
                mine.append((found.low, found.high))
                by_person: dict[str, list[int]] = defaultdict(list)
                for attempt in tries:
                    by_person[attempt.person].append(attempt.errors)
                means = np.array([np.mean(own) for own in by_person.values()])
                half = quantile(0.975, people - 1.0) * means.std(ddof=1) / people**0.5
                students.append((means.mean() - half, means.mean() + half))
            ours.append(held(mine, mean))
            plain.append(held(students, mean))
    return min(ours), min(plain)


def promoters(chance: np.random.Generator) -> tuple[float, float]:
    """Return the least coverage of the net promoter score: ours, and Wald's."""
    ours, plain = [], []
    for votes in VOTES:
        true = votes[0] - votes[2]
        for people in (5, 10, 30, 100):
            mine: list[Bounds] = []
            walds: list[Bounds] = []
            for _ in range(ROUNDS):
                drawn = chance.choice([10.0, 8.0, 3.0], people, p=votes)
                found = net_promoters({str(i): [float(a)] for i, a in enumerate(drawn)})
                mine.append((found.low, found.high))
                signs = (drawn >= 9).astype(float) - (drawn < 7)
                half = 1.96 * signs.std() / people**0.5
                walds.append((signs.mean() - half, signs.mean() + half))
            ours.append(held(mine, true))
            plain.append(held(walds, true))
    return min(ours), min(plain)


def learners(
    chance: np.random.Generator, people: int, exponent: float, one_for_ever: bool = False
) -> list[Attempt]:
    """Return tries of people who differ in level and in learning; slow ones give up earlier.

    With `one_for_ever` the first goes on to 200 tries, and the others give up after a few.
    """
    made = []
    for person in range(people):
        level, own = chance.normal(3.0, 0.6), chance.normal(exponent, 0.1)
        tries = int(np.clip(chance.integers(3, 16) - 4 * (level - 3.0), 2, 20))
        if one_for_ever:
            tries = 200 if person == 0 else int(chance.integers(2, 6))
        for n in range(1, tries + 1):
            seconds = float(np.exp(level - own * np.log(n) + chance.normal(0, 0.3)))
            made.append(Attempt(person=str(person), task="t", at_ns=n, seconds=seconds, done=True))
    return made


def covers_learning(chance: np.random.Generator) -> tuple[float, float]:
    """Return the least coverage of the mean exponent: ours, and that of one line through all tries."""
    ours, pooled = [], []
    for (people, exponent), one_for_ever in product(LEARNING, (False, True)):
        mine: list[Bounds] = []
        lines: list[Bounds] = []
        for _ in range(ROUNDS // 4):
            tries = learners(chance, people, exponent, one_for_ever)
            found = learning_curve("t", tries)
            assert isinstance(found, LearningCurve)
            mine.append((found.saved.low, found.saved.high))
            x = np.log([a.at_ns for a in tries])
            y = np.log([a.seconds for a in tries])
            (slope, _), cov = np.polyfit(x, y, 1, cov=True)
            half = 1.96 * float(cov[0, 0]) ** 0.5
            lines.append((1 - 2.0 ** (slope + half), 1 - 2.0 ** (slope - half)))
        ours.append(held(mine, 1 - 2.0**-exponent))
        pooled.append(held(lines, 1 - 2.0**-exponent))
    return min(ours), min(pooled)


def next_try(chance: np.random.Generator) -> tuple[float, float, float]:
    """Return the mean error, in logarithms, of a person's last time foretold: power law, line, mean."""
    errors: dict[str, list[float]] = defaultdict(list)
    for _ in range(100):
        by: dict[str, list[Attempt]] = defaultdict(list)
        for attempt in learners(chance, 30, 0.3):
            by[attempt.person].append(attempt)
        long = {p: tries for p, tries in by.items() if len(tries) >= 5}
        known = [a for tries in long.values() for a in tries[:-1]]
        curve = learning_curve("t", known)
        assert isinstance(curve, LearningCurve)
        linear = float(
            sum(_cross(tries[:-1]) for tries in long.values())
            / sum(_square(tries[:-1]) for tries in long.values())
        )
        for tries in long.values():
            logs = np.log([a.seconds for a in tries])
            numbers = np.arange(1, len(tries) + 1)
            before, n = logs[:-1].mean(), numbers[-1]
            centre = np.log(numbers[:-1]).mean()
            foretold = {
                "power": before - curve.exponent * (np.log(n) - centre),
                "line": before + linear * (n - numbers[:-1].mean()),
                "mean": before,
            }
            for name, value in foretold.items():
                errors[name].append(abs(float(value - logs[-1])))
    return tuple(float(np.mean(errors[name])) for name in ("power", "line", "mean"))  # type: ignore[return-value]


def _cross(tries: list[Attempt]) -> float:
    n = np.arange(1, len(tries) + 1)
    logs = np.log([a.seconds for a in tries])
    return float((n - n.mean()) @ (logs - logs.mean()))


def _square(tries: list[Attempt]) -> float:
    n = np.arange(1, len(tries) + 1)
    return float((n - n.mean()) @ (n - n.mean()))


def interaction_us() -> float:
    """Return the least time of an interaction, with its metric."""
    store = open_store(":memory:")

    def offer(batch: object) -> bool:
        return True

    kept = Experience(BareHost(), Declaration(service="shop"), offer, store, Pseudonyms(bytes(32), "shop"))
    best = float("inf")
    for _ in range(7):
        begun = time.process_time()
        for i in range(5_000):
            kept.interaction(f"user {i % 100}", "search")
        best = min(best, (time.process_time() - begun) / 5_000)
    store.close()
    return best * 1e6


def axe(what: str, app: ASGIApp, token: str | None = None) -> Result:
    """Return the share of an application's pages on which axe finds nothing."""
    question = f"pages of the {what} on which axe finds nothing, light and dark, 360 and 1,280 px"
    try:
        with served(app) as address:
            pages = check_pages(address, token)
    except NotAvailable as error:
        return Result(question, float("nan"), "", None, "higher", note=str(error))
    return Result(question, share_accessible(pages), "", 1.0, "higher", note=f"{len(pages)} pages")


def accessible() -> list[Result]:
    """Return the shares of accessible pages of both servers, with something to show on them."""
    node = SmallNode()
    now_ns = node.clock.now_ns()
    for batch in SampleTraffic().seconds(now_ns - 60 * 10**9, now_ns):
        node.store.write(batch)
    found = [axe("dashboard", create_app(node))]
    node.close()
    with tempfile.TemporaryDirectory() as folder:
        companion = CompanionNode(CompanionOptions(Path(folder) / "companion"))
        said = [
            NewMessage(id=str(i), text=f"hello number {i} about bread", at_us=AT_US + i * 60_000_000)
            for i in range(30)
        ]
        companion.companion.receive_many("ann", said)
        token, _ = companion.access.issue(PERSONS, person="ann")
        found.append(axe("companion", create_companion_app(companion), token.text))
        companion.close()
    return found


def run(data: Path | None) -> list[Result]:
    """Measure by simulation; only the cost of an interaction depends on the machine."""
    chance = np.random.default_rng(87)

    def coverage(
        what: str,
        work: Callable[[np.random.Generator], tuple[float, float]],
        peer: str,
        least: float = COVERS,
    ) -> Result:
        ours, plain = work(chance)
        note = "95% intervals, the least over all shapes and sizes"
        return Result(what, ours, "", least, "higher", f"{peer}: {plain:.2f}", ours / plain, note=note)

    power, line, mean = next_try(chance)
    return [
        coverage("satisfaction holds the truth, 5 to 30 people", ratings, "Student's t"),
        coverage("completion holds the truth, whoever tries most", shares, "Wilson on the tries", 0.9),
        coverage("errors a try hold the truth, some people err far more", errors, "Student's t", 0.87),
        coverage("net promoters hold the truth, 5 to 100 people", promoters, "Wald"),
        coverage("learning holds the truth, slow people give up", covers_learning, "one line through all"),
        Result(
            "a person's next time foretold by the power law of practice, mean error of its logarithm",
            power, "", None, "lower", f"a line: {line:.3f}, the mean: {mean:.3f}", mean / power,
            note="30 people, .3 of noise, of which alone .24 remain",
        ),
        Result("an interaction, counted and as a metric", interaction_us(), "us", 10.0, "lower"),
        *accessible(),
    ]  # fmt: skip
