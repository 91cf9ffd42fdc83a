"""Faithfulness: whether each claim of a passage can be traced to what the person told."""

import heapq
import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from homeostat.evaluate.evaluator import MARKS_MAX, Mark, Score, Validation
from homeostat.evaluate.passage import Context, Segment, Source
from homeostat.evaluate.personal.content import Content, content_of
from homeostat.evaluate.segments import sentences

TRACED = 0.33
"""From this support on a claim counts as traced: of true ones 6 in 7 have it, of those with the evidence of
another 1 in 100."""

WORDS_MIN = 2
"""A sentence with fewer words of content and numbers claims nothing that could be traced."""

FOUND_MAX = 3
"""Where a claim names no source, so many are looked at: those that share most of its words."""

_RARITY_MAX = 6.0
_OTHER_AUTHOR = 0.2
_OTHER_NUMBER = 0.4
_PREFIX = 5
_QUOTES = "\"'”’»)"
_RAREST = 5
"""So many of a claim's words are looked up to find its source."""

_FOUND_WORTH = 0.75
"""What a source is worth that had to be found: the best of many has some words in common with any claim."""


class Support(msgspec.Struct, frozen=True, gc=False):
    """How far a claim is borne out, 0 to 1, and by which sources."""

    value: float
    by: tuple[str, ...] = ()

    @property
    def traced(self) -> bool:
        """Whether that is enough."""
        return self.value >= TRACED


NONE = Support(0.0)


class _Read(msgspec.Struct, frozen=True, gc=False):
    """A source as claims are held against it; `beginnings` of its longer stems find other forms of a word."""

    content: Content
    beginnings: Mapping[str, str]
    numbers: frozenset[str]


class Known:
    """What is known, read once: some 30 us a source of a sentence or two.

    A claim is borne out by the share of its words of content that stand in a source, rare words weighing
    more. Less is left of that where the source denies them, where a number of the claim is not there, or
    where the claim names an author of the sources, and not the one who said it.
    """

    __slots__ = ("_authors", "_by_stem", "_of_id", "_rarity", "_read", "_sources", "_unheard")

    def __init__(self, sources: Sequence[Source]) -> None:
        self._sources = sources
        self._of_id = {source.id: at for at, source in enumerate(sources)}
        self._read = [_read(source) for source in sources]
        self._by_stem: dict[str, list[int]] = {}
        for at, read in enumerate(self._read):
            for root in read.content.stems:
                self._by_stem.setdefault(root, []).append(at)
        n = len(sources) + 1
        self._unheard = min(math.log(2 * n), _RARITY_MAX)
        self._rarity = {
            root: min(math.log(n / (len(at) + 0.5)), _RARITY_MAX) for root, at in self._by_stem.items()
        }
        self._authors = {
            source.author: frozenset(content_of(source.author).stems) for source in sources if source.author
        }

    def support(self, claim: str, ids: Iterable[str] = ()) -> Support | None:
        """Return how far sources bear a sentence out: those named, or else the best of those found by words.

        Sources that are named and not there bear nothing out. None for a sentence that claims nothing.
        """
        content = content_of(claim)
        if claim.rstrip(_QUOTES).endswith("?") or len(content.stems) + len(content.numbers) < WORDS_MIN:
            return None
        about = [author for author, roots in self._authors.items() if roots and roots <= content.stems.keys()]
        names = {root for author in about for root in self._authors[author]}
        rarities = {
            root: self._rarity.get(root, self._unheard) for root in content.stems if root not in names
        }
        if not rarities:
            return NONE
        named = tuple(ids)
        if named:
            there = [self._of_id[id] for id in named if id in self._of_id]
            return self._borne_out(content, rarities, about, there)
        found = (self._borne_out(content, rarities, about, [at]) for at in self._found(rarities))
        best = max(found, key=lambda support: support.value, default=NONE)
        return Support(_FOUND_WORTH * best.value, best.by)

    def _found(self, rarities: Mapping[str, float]) -> list[int]:
        weights: dict[int, float] = {}
        rarest = sorted(rarities, key=lambda root: -rarities[root])[:_RAREST]
        for root in rarest:
            for at in self._by_stem.get(root, ()):
                weights[at] = weights.get(at, 0.0) + rarities[root]
        return heapq.nlargest(FOUND_MAX, weights, key=weights.__getitem__)

    def _borne_out(
        self, claim: Content, rarities: Mapping[str, float], about: Sequence[str], there: Sequence[int]
    ) -> Support:
        read = [self._read[at] for at in there]
        found = 0.0
        for root, rarity in rarities.items():
            how = 0
            for one in read:
                stems = one.content.stems
                how |= stems.get(root, 0) or stems.get(one.beginnings.get(root[:_PREFIX], ""), 0)
            if how & claim.stems[root]:
                found += rarity
        if not found:
            return NONE
        value = found / sum(rarities.values())
        if about and not any(self._sources[at].author in about for at in there):
            value *= _OTHER_AUTHOR
        if not all(any(number in one.numbers for one in read) for number in claim.numbers):
            value *= _OTHER_NUMBER
        return Support(value, tuple(self._sources[at].id for at in there))


def _read(source: Source) -> _Read:
    content = content_of(source.text)
    beginnings = {root[:_PREFIX]: root for root in content.stems if len(root) >= _PREFIX}
    return _Read(content, beginnings, content.numbers | _stamp(source.at_us))


def _stamp(at_us: int | None) -> frozenset[str]:
    """Return the numbers of the day on which something was said, which a claim may tell."""
    if at_us is None:
        return frozenset()
    try:
        day = datetime.fromtimestamp(at_us / 1e6, UTC)
    except (OverflowError, ValueError, OSError):  # no day of any calendar
        return frozenset()
    return frozenset((str(day.year), str(day.day)))


class _Judging:
    __slots__ = ("_at", "_claims", "_known", "_marks", "_support", "_traced")

    def __init__(self, known: Known) -> None:
        self._known = known
        self._at = self._claims = self._traced = 0
        self._support = 0.0
        self._marks: list[Mark] = []

    def add(self, segment: Segment) -> None:
        for claim in sentences(segment.text):
            support = self._known.support(claim, segment.sources)
            if support is None:
                continue
            self._claims += 1
            self._support += support.value
            if support.traced:
                self._traced += 1
            elif len(self._marks) < MARKS_MAX:
                self._marks.append(Mark(self._at, "cannot be traced to a source"))
        self._at += 1

    def score(self) -> Score | None:
        if not self._claims:
            return None
        return Score(
            evaluator=Faithfulness.name,
            value=self._traced / self._claims,
            parts={"support": self._support / self._claims},
            marks=tuple(self._marks),
        )


class Faithfulness:
    """The share of claims that trace to a source: sentences that ask nothing and have two words of content.

    A segment that names sources is held against those, another one against what is found by its words. None
    without sources or without claims. English; it knows words, so a true claim in other words than the
    source's is often not traced, and a claim with one false word among many often is.
    """

    name = "personal.faithfulness"
    validation = Validation(
        on="LoCoMo: notes on 5 talks with the turns that bear them out, against the same notes with other "
        "turns or with a name, word, number or denial altered",
        measure="area under the ROC curve of the support",
        figure=0.82,
        baseline=0.64,
        baseline_is="share of the words of the claim in the source",
        of=5116,
    )

    def begin(self, context: Context) -> "_Judging | _Silent":
        """Return what will judge one passage against `context.sources`."""
        return _Judging(Known(context.sources)) if context.sources else _Silent()


class _Silent:
    """Judges nothing, since there is nothing that it could judge by."""

    def add(self, segment: Segment) -> None:
        """Leave it."""

    def score(self) -> None:
        """Say nothing."""
