"""Acceptance of adaptations: whether people keep what the application changed for them."""

from collections.abc import Mapping, Sequence

from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.mean_of_people import mean_of_people


def acceptance(answers: Mapping[str, Sequence[bool]], asked: int | None = None) -> Figure:
    """Return the share of answered offers that were accepted, each person counted once.

    `asked` is how many people had an offer.
    """
    return mean_of_people(answers, asked=asked)
