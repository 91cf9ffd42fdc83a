"""The envelope column: has the value left what was ever seen around this time of day?"""

_BINS = 12
_HOURS_A_BIN = 2
_GENERATION_S = 30 * 86_400.0
_NONE = float("inf")


class Envelope:
    """By how much a value lies outside of the range seen within two to four hours of this time of day.

    The range is that of the last 30 to 60 days (two generations, of which the older is dropped), without
    the current two hours, so that what has just begun stays remarkable. Where no such range is known yet,
    it is the range of the whole series so far. In the unit of the value, 0 inside. Holds 48 numbers.
    """

    __slots__ = (
        "_began_s", "_bin", "_high", "_high_now", "_highs", "_low", "_low_now", "_lows", "_max", "_min",
    )  # fmt: skip

    def __init__(self) -> None:
        self._highs = [[-_NONE] * _BINS, [-_NONE] * _BINS]
        self._lows = [[_NONE] * _BINS, [_NONE] * _BINS]
        self._began_s = -_NONE
        self._bin = -1
        self._high, self._low = -_NONE, _NONE
        self._high_now, self._low_now = -_NONE, _NONE
        self._max, self._min = -_NONE, _NONE

    def update(self, value: float, time_s: float, hour: int) -> float:
        """Return the statistic of the next record, at a local time in s and the hour of it."""
        if hour // _HOURS_A_BIN != self._bin:
            self._turn(time_s, hour // _HOURS_A_BIN)
        low, high = self._low, self._high
        if low > high:
            low, high = self._min, self._max
        if value > self._high_now:
            self._high_now = value
            if value > self._max:
                self._max = value
        if value < self._low_now:
            self._low_now = value
            if value < self._min:
                self._min = value
        if low > high:
            return 0.0
        return value - high if value > high else max(low - value, 0.0)

    def _turn(self, time_s: float, bin_: int) -> None:
        """Store the range of the two hours that end, and look up that of those that begin."""
        highs, lows = self._highs, self._lows
        if self._bin >= 0:
            highs[0][self._bin] = max(highs[0][self._bin], self._high_now)
            lows[0][self._bin] = min(lows[0][self._bin], self._low_now)
        if not time_s - self._began_s <= _GENERATION_S:
            if self._bin >= 0:
                highs[:] = [[-_NONE] * _BINS, highs[0]]
                lows[:] = [[_NONE] * _BINS, lows[0]]
            self._began_s = time_s
        self._bin = bin_
        self._high_now, self._low_now = -_NONE, _NONE
        around = (bin_ - 1, bin_, (bin_ + 1) % _BINS)
        self._high = max(generation[b] for generation in highs for b in around)
        self._low = min(generation[b] for generation in lows for b in around)
