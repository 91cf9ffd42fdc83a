"""Usability: ten statements, each agreed with from 1 to 5, as one score from 0 to 100."""

from collections.abc import Mapping, Sequence

from homeostat.core.errors import InputError
from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.mean_of_people import mean_of_people

STATEMENTS = (
    "I would like to use this often.",
    "It is more complicated than it needs to be.",
    "I found it easy to use.",
    "I would need somebody's help to get along with it.",
    "Its parts fit together well.",
    "Too much of it works in ways that do not match.",
    "Most people would learn it quickly.",
    "It is tedious to use.",
    "I felt sure of what I was doing.",
    "I had to learn a lot before I could begin.",
)
"""What is asked, in words of our own, in the order and with the alternating tone of the System Usability
Scale (Brooke, "SUS: a quick and dirty usability scale", 1996): odd ones praise, even ones blame."""

LEAST, MOST = 1, 5


def usability_score(agreed: Sequence[int]) -> float:
    """Return the score of one person, 0 to 100. Raises InputError unless there are ten numbers of 1 to 5.

    >>> usability_score([5, 1, 5, 1, 5, 1, 5, 1, 5, 1]), usability_score([3] * 10)
    (100.0, 50.0)
    """
    wrong = [given for given in agreed if not LEAST <= given <= MOST or given != int(given)]
    if len(agreed) != len(STATEMENTS) or wrong:
        got = f"{wrong[0]:g}" if wrong else f"{len(agreed)} answers"
        raise InputError(f"usability takes {len(STATEMENTS)} answers from {LEAST} to {MOST}, not {got}")
    points = sum(given - LEAST if i % 2 == 0 else MOST - given for i, given in enumerate(agreed))
    return 100.0 * points / (len(STATEMENTS) * (MOST - LEAST))


def usability(scores: Mapping[str, Sequence[float]], asked: int | None = None) -> Figure:
    """Return the mean score of people. Published systems score 68 in the mean (Sauro and Lewis, 2016)."""
    return mean_of_people(scores, 0.0, 100.0, asked)
