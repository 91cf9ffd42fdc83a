"""Thumbs: the share of them that point up."""

from collections.abc import Mapping, Sequence

from homeostat.evaluate.experience.clustered_share import clustered_share
from homeostat.evaluate.experience.figure import Figure


def thumbs_up(answers: Mapping[str, Sequence[float]], asked: int | None = None) -> Figure:
    """Return the share of thumbs that point up (1; down is 0), over all that were given."""
    return clustered_share({p: (round(sum(given)), len(given)) for p, given in answers.items()}, asked)
