"""The tally: how many statements were checked, how many cannot be, and where."""

from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score


class Tally:
    """Counts statements segment by segment."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._segment = 0
        self._checked = 0
        self._wrong = 0
        self._marks: list[Mark] = []

    def count(self, wrong: bool, what: str) -> None:
        """Count one statement of this segment."""
        self._checked += 1
        if wrong:
            self._wrong += 1
            if len(self._marks) < MARKS_MAX:
                self._marks.append(Mark(self._segment, what))

    def next(self) -> None:
        """Go on to the next segment."""
        self._segment += 1

    def score(self) -> Score | None:
        """Return the share that holds; None where nothing was checked."""
        if not self._checked:
            return None
        return Score(
            evaluator=self._name,
            value=1.0 - self._wrong / self._checked,
            parts={"checked": float(self._checked), "wrong": float(self._wrong)},
            marks=tuple(self._marks),
        )
