"""Is the guard right about planted texts? The canaries, and a second set that nothing was chosen on.

The second set (`evaluate_guard_second_set.txt`) was written before the guard was tried on it. Its figures are
given by language, so that nobody improves the guard on single texts of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from benchmarks.result import Result
from homeostat.core.errors import NotAvailable
from homeostat.evaluate.safety.category import Action
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import policy
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.runtime.guarding.canary import Canary, canaries, canaries_of
from homeostat.runtime.guarding.figures import fixed
from homeostat.testing.bare_host import BareHost


def second_set() -> tuple[Canary, ...]:
    """Return the texts that are measured on, and nothing else."""
    path = Path(__file__).with_name("evaluate_guard_second_set.txt")
    return canaries_of(path.read_text(encoding="utf-8"), path.name)


def right(guard: Guard, texts: Iterable[Canary]) -> Iterator[tuple[Canary, bool]]:
    """Give the texts that a policy has a wish about, and whether the guard does as it wishes."""
    for one in texts:
        expected = one.expected(guard.policy)
        if expected is not None:
            yield one, (guard.check(one.text).action is not Action.ALLOW) == expected


def shares(name: str, judged: Sequence[tuple[Canary, bool]]) -> Iterator[Result]:
    """Give the share treated rightly: of all, and of harm and of the harmless in each language."""
    yield _share(f"{name}, treated rightly", [hit for _, hit in judged])
    for language in dict.fromkeys(one.language for one, _ in judged):
        for what, harmful in (("harm held", True), ("harmless shown", False)):
            yield _share(
                f"{name}, {what}, {language}",
                [h for c, h in judged if c.language == language and (c.category is not None) is harmful],
            )


def _share(name: str, hits: Sequence[bool]) -> Result:
    found = fixed(hits)
    note = f"{sum(hits)} of {found.n}, policy for adults, interval by Wilson"
    value, low, high = (100 * (one or 0.0) for one in (found.value, found.low, found.high))
    return Result(name, value, "%", None, "higher", low=low, high=high, note=note)


def run(data: Path | None) -> list[Result]:
    """Measure by words, and by meaning where MiniLM is built."""
    guards = {"by words": Guard(policy("adult"))}
    with suppress(NotAvailable):
        guards["by meaning"] = Guard(policy("adult"), MiniLm(BareHost()))
    sets = {"canaries": [one for one in canaries() if not one.trigger], "second set": second_set()}
    return [
        result
        for how, guard in guards.items()
        for name, texts in sets.items()
        for result in shares(f"{name} {how}", list(right(guard, texts)))
    ]
