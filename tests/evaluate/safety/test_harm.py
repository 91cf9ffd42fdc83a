"""Claims about the severity of what is found by meaning."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.harm import REACHED, severity_of
from homeostat.evaluate.safety.head import CLASSES, LEVELS, examples

LEVELS_OF_VIOLENCE = [7.0, 8.0, 9.0]
CHILDREN = (Category.SEXUAL, 10.0)
"""Sexual talk of children: examples in German there are none, terms there are."""

SHARES = st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3)


def levels(shares: list[float]) -> list[tuple[float, float]]:
    whole = max(sum(shares), 1.0)
    return list(zip(LEVELS_OF_VIOLENCE, [share / whole for share in shares], strict=True))


@given(SHARES)
def test_a_level_that_is_likely_is_reached_and_the_next_is_not_passed_by_it(shares: list[float]) -> None:
    found = levels(shares)
    severity = severity_of(found)
    for at, (level, _) in enumerate(found):
        if sum(share for _, share in found[at:]) >= REACHED + 1e-9:
            assert severity >= level
    if not any(share for _, share in found[1:]):
        assert severity < LEVELS_OF_VIOLENCE[1]
    assert 0.0 <= severity <= 10.0


@given(st.integers(0, 2), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_what_is_likelier_is_at_least_as_severe(at: int, one: float, other: float) -> None:
    shares = [[0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    shares[0][at], shares[1][at] = sorted((one, other))
    assert severity_of(levels(shares[0])) <= severity_of(levels(shares[1]))


def test_each_class_has_examples_in_both_languages_and_no_remark_is_one() -> None:
    found = list(examples())
    for german in (False, True):
        numbers = {one.number for one in found if one.german is german}
        assert numbers >= set(range(len(CLASSES))) - ({CLASSES.index(CHILDREN)} if german else set())
    assert not any("{g}" in one.text or one.text.startswith("#") for one in found)
    for severities in LEVELS.values():
        assert np.all(np.diff([severity for _, severity in severities]) > 0)
