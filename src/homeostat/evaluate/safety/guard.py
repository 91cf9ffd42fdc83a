"""The guard: looks at a text sentence by sentence, whole or as it is written, and says what may be shown."""

from collections.abc import Sequence

import msgspec

from homeostat.core.embedder import Embedder
from homeostat.core.errors import EmbedderError
from homeostat.evaluate.safety.category import Action
from homeostat.evaluate.safety.personal import Personal
from homeostat.evaluate.safety.policy import Policy
from homeostat.evaluate.safety.sentence import Checker, Sentence
from homeostat.evaluate.safety.sentences import Sentences
from homeostat.evaluate.safety.verdict import By, Finding, Verdict, severities

FINDINGS_MAX = 1_000
"""So many findings are kept of one text; all are acted on."""


class Guard:
    """What a text may do to its audience, and what of it may be shown.

    It keeps nothing of any text and is safe for threads. `triggers` are words or descriptions that a person
    asked to be spared. Without an embedder it goes by words and patterns alone. No text makes it raise.
    """

    def __init__(
        self, policy: Policy, embedder: Embedder | None = None, triggers: Sequence[str] = ()
    ) -> None:
        self.policy = policy
        self.embedder = embedder
        self.triggers = tuple(triggers)
        self._checkers: tuple[Checker, ...] = (Personal(),)

    def avoiding(self, triggers: Sequence[str]) -> "Guard":
        """Return this guard for a person who asked to be spared these; all else is shared with it."""
        return Guard(self.policy, self.embedder, triggers)

    def check(self, text: str) -> Verdict:
        """Return what is to be done about a whole text: what a stream of it would have shown, in all."""
        stream = self.stream()
        stream.feed(text)
        stream.close()
        return stream.verdict()

    def stream(self) -> "Stream":
        """Return what checks one text as it is written."""
        return Stream(self.policy, self._checkers)


class Stream:
    """One text in the making: pieces go in, what may be shown comes out, a sentence after it ended.

    What is shown in all does not depend on where the pieces were cut.
    """

    def __init__(self, policy: Policy, checkers: Sequence[Checker]) -> None:
        self._policy, self._checkers = policy, checkers
        self._sentences = Sentences()
        self._before = ""
        self._at = 0
        self._shown: list[str] = []
        self._findings: list[Finding] = []
        self._action = Action.ALLOW
        self._complete = True
        self._silent = False

    @property
    def stopped(self) -> bool:
        """Whether the text was ended: nothing more of it will be shown, and no more is looked at."""
        return self._action.rank >= Action.BLOCK.rank

    def feed(self, piece: str) -> str:
        """Take the next piece, and return what may be shown now."""
        if self.stopped:
            return ""
        return self._show(list(self._sentences.feed(piece)))

    def close(self) -> str:
        """Return what may be shown of the rest."""
        rest = self._sentences.rest()
        return self._show([rest]) if rest and not self.stopped else ""

    def verdict(self) -> Verdict:
        """Return what holds of all sentences that have ended, and of all after `close`."""
        found = tuple(self._findings)
        return Verdict(self._action, "".join(self._shown), found, severities(found), self._complete)

    def _show(self, texts: list[str]) -> str:
        """Look at whole sentences, and return what may be shown of them."""
        befores = [self._before, *texts[:-1]]
        sentences = [Sentence(text, before) for text, before in zip(texts, befores, strict=False)]
        shown: list[str] = []
        for text, found in zip(texts, self._look(sentences), strict=True):
            shown.append(self._judged(text, found))
            self._at += len(text)
            if self.stopped:
                break
        self._before = texts[-1] if texts else self._before
        self._shown += shown
        return "".join(shown)

    def _look(self, sentences: list[Sentence]) -> list[list[Finding]]:
        """Return the findings of all checkers, sentence by sentence, in the order of their places."""
        found: list[list[Finding]] = [[] for _ in sentences]
        for checker in self._checkers if sentences else ():
            try:
                for have, new in zip(found, checker.look(sentences), strict=True):
                    have += new
            except EmbedderError:
                self._complete = False
        for have in found:
            have.sort(key=lambda finding: (finding.start, -finding.end))
        return found

    def _judged(self, text: str, found: list[Finding]) -> str:
        """Keep what was found in a sentence, and return what may be shown of it."""
        actions = [self._policy.action(finding.category, finding.severity) for finding in found]
        room = FINDINGS_MAX - len(self._findings)
        self._findings += [
            msgspec.structs.replace(finding, start=finding.start + self._at, end=finding.end + self._at)
            for finding in found[:room]
        ]
        worst = max(actions, key=lambda action: action.rank, default=Action.ALLOW)
        self._action = max(self._action, worst, key=lambda action: action.rank)
        if worst is Action.ALLOW:
            self._silent = False
            return text
        if worst is Action.SOFTEN:
            places = [f for f, action in zip(found, actions, strict=True) if action is Action.SOFTEN]
            if not any(_WHOLE == place.by for place in places):
                self._silent = False
                return _masked(text, places, self._policy.mask)
        said = self._policy.blocked if worst.rank >= Action.BLOCK.rank else self._policy.replaced
        if self._silent and worst.rank < Action.BLOCK.rank:
            return ""
        self._silent = True
        return text[: len(text) - len(text.lstrip())] + said


_WHOLE: By = "meaning"


def _masked(text: str, places: Sequence[Finding], mask: str) -> str:
    """Return a text with a mask in the place of each finding; places are in order and may overlap."""
    parts, at = [], 0
    for place in places:
        if place.end <= at:
            continue
        if place.start >= at:
            parts += [text[at : place.start], f"[{place.kind}]" if place.category == "personal" else mask]
        at = place.end
    return "".join([*parts, text[at:]])
