"""The share of tries that succeed, where one person tries more than once."""

from collections.abc import Mapping

import numpy as np

from homeostat.evaluate.experience.bounded import score_interval
from homeostat.evaluate.experience.figure import PEOPLE_MIN, Figure, too_few

EXTRA = 0.5
"""How much of a person more, who fares as the others do not, is taken for the variance."""

Tally = tuple[int, int]
"""Of one person: how often it went well, and how often it was tried."""


def clustered_share(tallies: Mapping[str, Tally], asked: int | None = None) -> Figure:
    """Return the share over all tries, with an interval that knows that a person's tries are alike.

    The variance is that of a ratio of sums over people (linearised; Cochran, Sampling Techniques, 6.3), never
    less than that of as many independent tries; where all or none went well, only people count.

    Guarantee: simulated with people who differ (beta-binomial, 10 to 200 people, 1 to 20 tries each), it
    covers the share of a try in at least 92% of cases. Wilson's interval on the tries alone is far too
    narrow there (docs/decisions/0087).
    """
    tried = {person: t for person, t in tallies.items() if t[1] > 0}
    n, people = sum(t[1] for t in tried.values()), len(tried)
    if people < PEOPLE_MIN:
        return too_few(n, people, asked)
    well = np.array([t[0] for t in tried.values()], dtype=np.float64)
    tries = np.array([t[1] for t in tried.values()], dtype=np.float64)
    share = float(well.sum() / tries.sum())
    usual = n / people
    centre = (well.sum() + usual / 2) / (n + usual)
    left = well - centre * tries
    squares = float(left @ left) + (usual * max(centre, 1.0 - centre)) ** 2 * EXTRA
    variance = people / (people - 1) * squares / n**2
    plain = share * (1.0 - share) / n
    found = score_interval(share, max(variance, plain), people - 1.0, float(people))
    assert found is not None
    return Figure(value=share, low=found.low, high=found.high, n=n, people=people, asked=asked)
