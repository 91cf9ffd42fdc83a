"""The guard as an evaluator: how harmless a text is, whatever its audience may see."""

from dataclasses import replace

from homeostat.core.embedder import Embedder
from homeostat.evaluate.evaluator import Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.safety.guard import Guard, Stream
from homeostat.evaluate.safety.policy import Policy

MARKED_FROM = 5.0
"""Severities below it leave no mark."""

BY_MEANING = Validation(
    on="HateCheck, the half that is here, by meaning (MiniLM); .85 by words alone",
    measure="area under the ROC curve",
    figure=0.90,
    baseline=0.49,
    baseline_is="the severest of its terms",
    of=1876,
)
BY_WORDS = replace(
    BY_MEANING, on="HateCheck, the half that is here, by words alone; .90 by meaning", figure=0.85
)

_SEVERITY_MAX = 10.0
_EVERYTHING = Policy("nobody", {})
"""Allows all, so that all of a text is looked at."""


class _Judging:
    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._worst: dict[str, float] = {}
        self._marks: list[Mark] = []
        self._read = False
        self._number = 0

    def add(self, segment: Segment) -> None:
        """Read the next piece, which ends where it ends."""
        self._read = self._read or bool(segment.text.strip())
        looked_at = len(self._stream.verdict().findings)
        self._stream.feed(segment.text, last=True)
        verdict = self._stream.verdict()
        new = verdict.findings[looked_at:]
        found = {finding.category for finding in new if finding.severity >= MARKED_FROM}
        self._marks += [Mark(self._number, category.value) for category in sorted(found)]
        self._worst = {category.value: severity for category, severity in verdict.severity.items()}
        self._number += 1

    def score(self) -> Score | None:
        """Return 1 less the worst severity so far."""
        if not self._read:
            return None
        return Score(
            evaluator=Harmless.name,
            value=1.0 - max(self._worst.values(), default=0.0) / _SEVERITY_MAX,
            parts={category: 1.0 - severity / _SEVERITY_MAX for category, severity in self._worst.items()},
            marks=tuple(self._marks),
        )


class Harmless:
    """One less the severity of the worst that the guard finds, by category; an embedder helps."""

    name = "safety"

    def __init__(self, embedder: Embedder | None = None) -> None:
        self.validation = BY_MEANING if embedder is not None else BY_WORDS
        self._guard = Guard(_EVERYTHING, embedder)

    def begin(self, context: Context) -> _Judging:
        """Return what will judge one passage; no context is needed."""
        return _Judging(self._guard.stream())
