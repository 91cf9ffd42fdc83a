"""The verdict: what was found in a text, and what of it may be shown."""

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from homeostat.evaluate.safety.category import Action, Category

By = Literal["term", "meaning", "pattern", "trigger"]


class Finding(msgspec.Struct, frozen=True, gc=False):
    """Something harmful at a place of the text, `start` to `end` in code points; it holds no words of it.

    `severity` is from 0 to 10. `kind` says more about it: `card`, say, or the number of the trigger.
    """

    category: Category
    severity: float
    start: int
    end: int
    by: By
    kind: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What is to be done about a text. `text` is what may be shown of it.

    `severity` is that of the worst finding of each category, from 0 to 10; categories without one are absent.
    `complete` is false where the embedder failed, so that only words and patterns were looked at.
    """

    action: Action
    text: str
    findings: tuple[Finding, ...]
    severity: Mapping[Category, float]
    complete: bool = True

    @property
    def worst(self) -> float:
        """Return the highest severity, 0 where nothing was found."""
        return max(self.severity.values(), default=0.0)

    @property
    def allowed(self) -> bool:
        """Whether the text may be shown as it is."""
        return self.action is Action.ALLOW


def severities(findings: Iterable[Finding]) -> dict[Category, float]:
    """Return the severity of the worst finding of each category."""
    worst: dict[Category, float] = {}
    for finding in findings:
        worst[finding.category] = max(finding.severity, worst.get(finding.category, 0.0))
    return worst
