"""The beside: what stands beside a passage, a picture or a sound, judged without reading the passage."""

from collections.abc import Callable

from homeostat.evaluate.evaluator import Score
from homeostat.evaluate.passage import Segment


class Beside:
    """A judging of bytes by a function; None where there are none. It raises what the function raises."""

    __slots__ = ("_data", "_judge")

    def __init__(self, judge: Callable[[bytes], Score], data: bytes | None) -> None:
        self._judge = judge
        self._data = data

    def add(self, segment: Segment) -> None:
        """Leave the next piece unread."""

    def score(self) -> Score | None:
        """Return what holds of the bytes."""
        return None if not self._data else self._judge(self._data)
