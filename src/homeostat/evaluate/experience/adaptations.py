"""Acceptance of adaptations: whether people keep what the application changed for them."""

from collections.abc import Mapping, Sequence

from homeostat.evaluate.experience.clustered_share import clustered_share
from homeostat.evaluate.experience.figure import Figure


def acceptance(answers: Mapping[str, Sequence[bool]], asked: int | None = None) -> Figure:
    """Return the share of answered offers that were accepted; `asked` is how many people had an offer."""
    return clustered_share({p: (sum(given), len(given)) for p, given in answers.items()}, asked)
