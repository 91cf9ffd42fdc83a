"""The guard: looks at a text sentence by sentence, whole or as it is written, and says what may be shown."""

from collections.abc import Iterator, Sequence
from copy import copy
from types import MappingProxyType

import msgspec

from homeostat.core.embedder import Embedder
from homeostat.core.errors import EmbedderError
from homeostat.evaluate.safety.category import Action, Category
from homeostat.evaluate.safety.folding import Folding
from homeostat.evaluate.safety.harm import Harm
from homeostat.evaluate.safety.head import head_of
from homeostat.evaluate.safety.injection import Injection
from homeostat.evaluate.safety.personal import Personal
from homeostat.evaluate.safety.policy import Policy
from homeostat.evaluate.safety.sentence import Checker, Sentence, meant, sentence
from homeostat.evaluate.safety.sentences import Sentences
from homeostat.evaluate.safety.terms import Terms
from homeostat.evaluate.safety.traits import Traits
from homeostat.evaluate.safety.triggers import Triggers
from homeostat.evaluate.safety.verdict import Finding, Verdict

FINDINGS_MAX = 1_000
"""So many findings are kept of one text; all are acted on."""


EMBEDDED_MAX = 400
"""So many sentences of one text are embedded; those after them are judged by words and patterns."""

EMBEDDED_AT_ONCE = 32


class Guard:
    """What a text may do to its audience, and what of it may be shown.

    It keeps nothing of any text and is safe for threads; building it takes some 50 ms. `triggers` are words
    or descriptions that a person asked to be spared, `region` the country whose telephone numbers go without
    a code. Without an embedder it goes by words and patterns alone. No text makes it raise. Building it
    raises NotAvailable where the extra `homeostat[safety]` is not installed, EmbedderError where the embedder
    fails, ConfigError for a trigger or a region that cannot be used.
    """

    def __init__(
        self,
        policy: Policy,
        embedder: Embedder | None = None,
        triggers: Sequence[str] = (),
        region: str = "US",
    ) -> None:
        self.policy = policy
        self._embedder = embedder
        self._folding = Folding()
        terms, self._traits = Terms(self._folding), Traits(self._folding)
        words = head_of(None, self._folding, terms, self._traits)
        meaning = head_of(embedder, self._folding, terms, self._traits) if embedder else None
        harm = Harm(terms, self._traits, words, meaning)
        self._shared: tuple[Checker, ...] = (harm, Personal(region), Injection())
        self._checkers: tuple[Checker, ...] = self._shared
        if triggers:
            self._checkers = (*self._shared, Triggers(triggers, self._folding, embedder))

    def avoiding(self, triggers: Sequence[str], policy: Policy | None = None) -> "Guard":
        """Return the guard of a person who asked to be spared these; all else is shared with this one."""
        guard = copy(self)
        guard.policy = policy or self.policy
        guard._checkers = self._shared
        if triggers:
            guard._checkers = (*self._shared, Triggers(triggers, self._folding, self._embedder))
        return guard

    def check(self, text: str) -> Verdict:
        """Return what is to be done about a whole text: what a stream of it would have shown, in all."""
        stream = self.stream()
        stream.feed(text, last=True)
        return stream.verdict()

    def stream(self) -> "Stream":
        """Return what checks one text as it is written."""
        return Stream(self.policy, self._checkers, self._folding, self._traits, self._embedder)


class Stream:
    """One text in the making: pieces go in, what may be shown comes out, a sentence after it ended.

    What is shown in all does not depend on where the pieces were cut.
    """

    def __init__(
        self,
        policy: Policy,
        checkers: Sequence[Checker],
        folding: Folding,
        traits: Traits,
        embedder: Embedder | None,
    ) -> None:
        self._policy, self._checkers = policy, checkers
        self._folding, self._traits, self._embedder = folding, traits, embedder
        self._embedded = 0
        self._sentences = Sentences()
        self._before: Sentence | None = None
        self._at = 0
        self._shown: list[str] = []
        self._findings: list[Finding] = []
        self._severity: dict[Category, float] = {}
        self._action = Action.ALLOW
        self._complete = True
        self._silent = False
        self.stopped = False
        """Whether the text was ended: nothing more of it will be shown, and no more is looked at."""

    def feed(self, piece: str, last: bool = False) -> str:
        """Take the next piece, and return what may be shown now: all of it after the `last`."""
        if self.stopped:
            return ""
        texts = list(self._sentences.feed(piece))
        rest = self._sentences.rest() if last else ""
        if rest and not rest.isspace():
            texts.append(rest)
        shown = self._show(texts) if texts else ""
        if rest.isspace() and not self.stopped:
            self._shown.append(rest)
            shown += rest
        return shown

    def close(self) -> str:
        """Return what may be shown of the rest."""
        return self.feed("", last=True)

    def verdict(self) -> Verdict:
        """Return what holds of all sentences that have ended, and of all after `close`."""
        shown, found = "".join(self._shown), tuple(self._findings)
        return Verdict(self._action, shown, found, MappingProxyType(dict(self._severity)), self._complete)

    def _show(self, texts: list[str]) -> str:
        """Look at whole sentences, and return what may be shown of them."""
        shown: list[str] = []
        for first in range(0, len(texts), EMBEDDED_AT_ONCE):
            some = self._read(texts[first : first + EMBEDDED_AT_ONCE])
            for one, found in zip(some, self._look(some), strict=True):
                shown.append(self._judged(one.text, found))
                self._at += len(one.text)
                if self.stopped:
                    break
            if self.stopped:
                break
        self._shown += shown
        return "".join(shown)

    def _read(self, texts: list[str]) -> list[Sentence]:
        """Return texts as the parts see them, with vectors where there is an embedder."""
        read = []
        for text in texts:
            self._before = sentence(text, self._folding, self._before)
            read.append(self._before)
        embedded = read[: max(EMBEDDED_MAX - self._embedded, 0)]
        self._embedded += len(embedded)
        if self._embedder is None:
            return read
        self._complete = self._complete and len(embedded) == len(read)
        if not embedded:
            return read
        try:
            vectors = self._embedder.embed([meant(one, self._traits.refers(one)) for one in embedded])
        except EmbedderError:
            self._complete = False
            return read
        whole = [
            msgspec.structs.replace(one, vector=vector) for one, vector in zip(embedded, vectors, strict=True)
        ]
        return whole + read[len(whole) :]

    def _look(self, sentences: list[Sentence]) -> Iterator[list[Finding]]:
        """Give the findings of all checkers, sentence by sentence, in the order of their places."""
        each = [checker.look(sentences) for checker in self._checkers]
        for of_one in zip(*each, strict=True):
            found = [finding for some in of_one for finding in some]
            if len(found) > 1:
                found.sort(key=lambda one: (one.start, -one.end))
            yield found

    def _judged(self, text: str, found: list[Finding]) -> str:
        """Keep what was found in a sentence, and return what may be shown of it."""
        worst, actions = Action.ALLOW, []
        for finding in found:
            action = self._policy.action(finding.category, finding.severity)
            actions.append(action)
            if action is not worst and action.rank > worst.rank:
                worst = action
            if finding.severity > self._severity.get(finding.category, 0.0):
                self._severity[finding.category] = finding.severity
        for finding in found[: FINDINGS_MAX - len(self._findings)]:
            self._findings.append(_moved(finding, self._at) if self._at else finding)
        if worst is Action.ALLOW:
            self._silent = False
            return text
        if worst.rank > self._action.rank:
            self._action = worst
            self.stopped = worst.rank >= Action.BLOCK.rank
        if worst is Action.SOFTEN:
            places = [f for f, action in zip(found, actions, strict=True) if action is Action.SOFTEN]
            if not any(place.by == "meaning" for place in places):
                self._silent = False
                return _masked(text, places, self._policy.mask)
        said = self._policy.blocked if worst.rank >= Action.BLOCK.rank else self._policy.replaced
        if self._silent and worst.rank < Action.BLOCK.rank:
            return ""
        self._silent = True
        return text[: len(text) - len(text.lstrip())] + said


def _moved(finding: Finding, by: int) -> Finding:
    """Return a finding whose place is counted from further ahead."""
    return msgspec.structs.replace(finding, start=finding.start + by, end=finding.end + by)


def _masked(text: str, places: Sequence[Finding], mask: str) -> str:
    """Return a text with a mask in the place of each finding; places are in order and may overlap."""
    parts, at = [], 0
    for place in places:
        if place.end <= at:
            continue
        if place.start >= at:
            parts += [
                text[at : place.start],
                f"[{place.kind}]" if place.category is Category.PERSONAL else mask,
            ]
        at = place.end
    return "".join([*parts, text[at:]])
