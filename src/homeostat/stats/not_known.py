"""The answer where data cannot tell."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NotKnown:
    """What an estimator returns instead of a number, with the reason as a sentence to show.

    It is an expected answer, so it is a value: an exception is raised only for wrong calls.
    """

    reason: str
