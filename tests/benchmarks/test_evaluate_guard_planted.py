"""Claims about the second set of planted texts: that it is apart from all that the guard was made of."""

import re
from importlib.resources import files

from benchmarks.evaluate_guard_planted import right, second_set

from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import policy
from homeostat.runtime.guarding.canary import canaries


def runs_of(text: str, words: int) -> set[tuple[str, ...]]:
    """Return all runs of so many words."""
    said = re.findall(r"[\w']+", text.lower())
    return set(zip(*(said[at:] for at in range(words)), strict=False))


def test_it_shares_no_text_with_the_canaries_and_no_five_words_in_a_row_with_the_examples() -> None:
    learned = files("homeostat.evaluate.safety").joinpath("prototypes.txt").read_text(encoding="utf-8")
    runs = {run for line in learned.splitlines() for run in runs_of(line, 5)}
    planted = {one.text for one in second_set()}
    assert planted.isdisjoint(one.text for one in canaries())
    assert not [text for text in planted if not runs.isdisjoint(runs_of(text, 5))]


def test_it_has_harm_and_the_harmless_in_four_languages() -> None:
    found = {(one.language, one.category is None) for one in second_set()}
    assert found == {
        (language, harmless) for language in ("en", "de", "es", "fr") for harmless in (True, False)
    }


def test_what_a_policy_has_no_wish_about_is_not_measured() -> None:
    judged = list(right(Guard(policy("adult")), second_set()))
    assert len(judged) == sum(one.expected(policy("adult")) is not None for one in second_set())
    assert not any(one.category is not None and one.expected(policy("adult")) is None for one, _ in judged)
