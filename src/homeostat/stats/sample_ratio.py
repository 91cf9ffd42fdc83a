"""The sample-ratio check: whether units reach the arms of a trial in the shares that were planned.

A trial whose arms fill in other shares loses or doubles units on the way (a crash, a cache, a filter after
the assignment), most likely not at random: its effect cannot be believed.
"""

import math

from homeostat.core.errors import ConfigError, InputError

_PRIOR_WORTH = 300.0
"""How many units the mixture's prior is worth: quick where shares are off by 1 to 10 points."""


class SampleRatio:
    """How strongly the counts of two arms speak against the planned share, valid at every look.

    The beta-binomial mixture around the plan, over the plan's own likelihood (Lindon and Malek,
    "Anytime-valid inference for multinomial count data", arXiv 2011.03567). The largest value so far counts:
    a mismatch that was proven once is not forgotten.

    Guarantee: exact, for any number of looks at any times: of trials whose units are assigned independently,
    each with the planned share, at most a share `alpha` ever shows a mismatch. Simulated at .05, looked at
    after each of 3,000 units: 1.6%. At alpha .001, of units that should be halved, 45% are found out after
    1,600 units, 49% after 42,000 (medians). Cost: O(1) a look. Does not hold where units are not
    independent: count what is assigned (users where arms are sticky by user, not their requests), once each.

    >>> counts = SampleRatio(share=0.5)
    >>> counts.extend(4_400, 5_000)
    >>> counts.mismatch()
    True
    """

    __slots__ = ("_most", "control", "share", "treatment")

    def __init__(self, share: float) -> None:
        """Start empty; `share` is that of units that are to reach the treatment."""
        if not 0.0 < share < 1.0:
            raise ConfigError(f"share must lie between 0 and 1, such as 0.5, not {share}")
        self.share = share
        self.treatment = self.control = 0
        self._most = 0.0

    def extend(self, n_treatment: int, n_control: int) -> None:
        """Take more units of both arms, and look; raise InputError on a negative count."""
        if n_treatment < 0 or n_control < 0:
            raise InputError(f"counts of new units must not be negative, not {n_treatment} and {n_control}")
        self.treatment += n_treatment
        self.control += n_control
        self._most = max(self._most, self._evidence())

    def mismatch(self, alpha: float = 0.001) -> bool:
        """Return whether the plan is refuted, at a rate `alpha` of false alarms over all looks."""
        if not 0.0 < alpha < 1.0:
            raise ConfigError(f"alpha must lie between 0 and 1, such as 0.001, not {alpha}")
        return self._most >= -math.log(alpha)

    @property
    def p_value(self) -> float:
        """The probability, if the plan is kept, that any look ever speaks as strongly against it."""
        return math.exp(-self._most)

    @property
    def seen(self) -> float:
        """The share of units that reached the treatment, NaN without units."""
        units = self.treatment + self.control
        return self.treatment / units if units else math.nan

    def _evidence(self) -> float:
        """Return the log of the mixture's likelihood over the plan's."""
        a, b = _PRIOR_WORTH * self.share, _PRIOR_WORTH * (1.0 - self.share)
        return (
            math.lgamma(a + self.treatment)
            + math.lgamma(b + self.control)
            - math.lgamma(a + b + self.treatment + self.control)
            - (math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b))
            - self.treatment * math.log(self.share)
            - self.control * math.log1p(-self.share)
        )
