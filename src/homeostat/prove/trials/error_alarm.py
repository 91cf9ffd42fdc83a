"""The error alarm: tells from the first failed requests that a change breaks more than it may."""

import math

from homeostat.core.errors import ConfigError, InputError

_BOLDNESS = (0.1, 1 / 3, 2 / 3, 0.9)
"""The bets, as shares of the largest. Halved requests, no margin: for 1.2, 2, 5 and 19 times the errors."""


class ErrorAlarm:
    """Whether a trial's treatment makes more requests fail than it may, valid at every look.

    Each request is a bet at fair odds that the treatment's rate of errors exceeds the control's by more than
    the share `worse_relative` of it plus `worse_absolute`; requests are assigned independently of whether
    they will fail, so the capital (the mean of bets of four sizes) is a martingale at best as long as it does
    not (Ville 1939; Waudby-Smith and Ramdas 2024). No first look has to be waited for.

    Guarantee: exact, for all looks together and however errors are bundled in time: at most a share `alpha`
    of trials within the margin ever give an alarm, where requests are assigned one by one. Of requests
    that are halved, 9 errors that all fall into the treatment are enough at alpha .01. Cost: O(1). Does
    not hold where users are assigned and a few of them make most errors.

    >>> alarm = ErrorAlarm(share=0.5)
    >>> alarm.extend(n_treatment=20, errors_treatment=9, n_control=20, errors_control=0)
    >>> alarm.rings()
    True
    """

    __slots__ = (
        "_bets",
        "_capitals",
        "_most",
        "errors_control",
        "errors_treatment",
        "n_control",
        "n_treatment",
    )

    def __init__(self, share: float, worse_relative: float = 0.0, worse_absolute: float = 0.0) -> None:
        """Start without requests; `share` is that of requests in the treatment."""
        if not 0.0 < share < 1.0:
            raise ConfigError(f"share must lie between 0 and 1, such as 0.5, not {share}")
        loss = (1.0 + worse_relative) / (1.0 - share) + worse_absolute
        win = 1.0 / share - worse_absolute
        stakes = [boldness / loss for boldness in _BOLDNESS]
        self._bets = [
            (math.log1p(s * win), math.log1p(-s * loss), math.log1p(-s * worse_absolute)) for s in stakes
        ]
        self._capitals = [0.0] * len(stakes)
        self._most = 0.0
        self.n_treatment = self.errors_treatment = self.n_control = self.errors_control = 0

    def extend(self, n_treatment: int, errors_treatment: int, n_control: int, errors_control: int) -> None:
        """Take more requests of both arms, and look; raise InputError on counts that cannot be."""
        if not (0 <= errors_treatment <= n_treatment and 0 <= errors_control <= n_control):
            raise InputError(
                f"of {n_treatment}, {n_control} requests {errors_treatment} and {errors_control} cannot fail"
            )
        self.n_treatment += n_treatment
        self.errors_treatment += errors_treatment
        self.n_control += n_control
        self.errors_control += errors_control
        quiet = n_treatment + n_control - errors_treatment - errors_control
        for index, (hit, miss, none) in enumerate(self._bets):
            self._capitals[index] += errors_treatment * hit + errors_control * miss + quiet * none
        top = max(self._capitals)
        total = math.log(sum(math.exp(c - top) for c in self._capitals) / len(self._capitals))
        self._most = max(self._most, top + total)

    def rings(self, alpha: float = 0.01) -> bool:
        """Return whether too many errors are proven, at a rate `alpha` of false alarms over all looks."""
        return self._most >= -math.log(alpha)

    @property
    def words(self) -> str:
        """What was counted, in one sentence."""
        return (
            f"too many requests fail: {self.errors_treatment:,} of {self.n_treatment:,} with the change, "
            f"{self.errors_control:,} of {self.n_control:,} without it"
        )
