"""Logical consistency: what an author says of themselves, against what they said before."""

from homeostat.evaluate.consistency.claims import Claim, claims, denies
from homeostat.evaluate.consistency.tally import Tally
from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.passage import Context, Segment

CLAIMS_MAX = 1_000
"""Claims of a passage that are kept; later ones are held against these and not kept."""


class LogicalConsistency:
    """How many of the claims that authors make on themselves hold: 1 less the share that deny earlier ones.

    `I have no pets` after `my dog`, `I hate jazz` after `I love jazz`, two ages, two numbers of brothers.
    Each author is held against themselves only; where none is named, the passage has one. English, first
    person. None where nothing is claimed. What changed over the years is called wrong as well: mind the
    time between. Cost: some 15 us a sentence.
    """

    name = "consistency.logical"
    validation = Validation(
        on="persona chats: a line of the person's own profile denied at the end of what they said, against "
        "that line as it is, and both with a line of another person",
        measure="own lines denied and found, less others found",
        figure=0.285,
        baseline=0.236,
        baseline_is="share of the words of a negated line that were said before, with no more others found",
        of=1963,
    )

    def begin(self, context: Context) -> "LogicalJudging":
        """Return what will judge one passage."""
        return LogicalJudging(context)


class LogicalJudging:
    """Keeps what each author claimed, by kind, and holds the next claims against it."""

    def __init__(self, context: Context) -> None:
        self._english = context.language.startswith("en")
        self._known: dict[tuple[str, str], set[Claim]] = {}
        self._kept = 0
        self._tally = Tally(LogicalConsistency.name)

    def add(self, segment: Segment) -> None:
        """Read the next piece."""
        for claim in dict.fromkeys(claims(segment.text)) if self._english else ():
            about = (segment.author, claim.kind)
            known = self._known.get(about, ())
            self._tally.count(any(denies(claim, other) for other in known), "denies what was said before")
            if claim not in known and self._kept < CLAIMS_MAX:
                self._known.setdefault(about, set()).add(claim)
                self._kept += 1
        self._tally.next()

    def score(self) -> Score | None:
        """Return the share of claims that hold; None before the first."""
        return self._tally.score()
