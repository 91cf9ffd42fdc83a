"""Characters: whether people stay who they are: none speaks to themselves, and a name keeps its relation."""

import re

from homeostat.evaluate.consistency.tally import Tally
from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.narrative.reading import ends_of
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.segments import sentences

NAMES_MAX = 500
"""Names whose relation is kept; later ones are not followed."""

_GROUPS = (
    "brother",
    "sister",
    "son",
    "daughter",
    "father dad",
    "mother mom mum",
    "uncle",
    "aunt",
    "husband",
    "wife",
    "cousin",
    "nephew",
    "niece",
    "grandfather grandpa",
    "grandmother grandma",
    "dog puppy",
    "cat kitten",
    "boss",
)
_RELATION_OF = {word: group.split()[0] for group in _GROUPS for word in group.split()}
_RELATION = "|".join(_RELATION_OF)
_RELATED = re.compile(
    rf"\b[Mm]y (?:\w+ )?(?P<r1>{_RELATION}),? (?:is called |is named |named |called )?(?P<n1>[A-Z][a-z]+)\b"
    rf"|\b(?P<n2>[A-Z][a-z]+),? (?:is )?my (?:\w+ )?(?P<r2>{_RELATION})\b"
    rf"|\b[Mm]y (?P<r3>{_RELATION})(?:'s name)? is (?:called |named )?(?P<n3>[A-Z][a-z]+)\b"
)
_NAME = re.compile(r"\b[A-Z][a-z]+\b")
_OF_SELF = re.compile(
    r"\b(?:[Ii](?:['\u2019]m| am)|[Mm]y (?:full )?name|[Tt]his is|[Ii]t(?:['\u2019]s| is)|[Cc]all me)\b"
)
_SHORT_MIN = 3


class CharacterConsistency:
    """How often people stay who they are: 1 less the share of namings that cannot be.

    Nobody speaks of themselves by their name, but to say it, and who was `my brother` is not `my sister`
    later on. Names are known from `author`; a short form of three letters or more counts (`Mel` for Melanie).
    English. None where no author and no relation is named.
    """

    name = "consistency.characters"
    validation = Validation(
        on="LoCoMo: sessions with both people's names put for each other in one turn that has one of them",
        measure="sessions found, less those called wrong as they are",
        figure=0.953,
        baseline=0.82,
        baseline_is="an author who says both names",
        of=128,
    )

    def begin(self, context: Context) -> "CharacterJudging":
        """Return what will judge one passage."""
        return CharacterJudging(context)


class CharacterJudging:
    """Keeps what each name is to each author."""

    def __init__(self, context: Context) -> None:
        self._english = context.language.startswith("en")
        self._authors: set[str] = set()
        self._relations: dict[tuple[str, str], str] = {}
        self._tally = Tally(CharacterConsistency.name)

    def add(self, segment: Segment) -> None:
        """Read the next piece."""
        if self._english:
            if len(self._authors) < NAMES_MAX:
                self._authors.add(segment.author)
            for sentence in sentences(ends_of(segment.text)):
                self._read(sentence, segment.author)
        self._tally.next()

    def _read(self, sentence: str, author: str) -> None:
        if not _OF_SELF.search(sentence):
            for name in _NAME.findall(sentence):
                if any(_is(name, other) for other in self._authors):
                    self._tally.count(_is(name, author), "its author speaks of themselves by name")
        for found in _RELATED.finditer(sentence):
            name = found["n1"] or found["n2"] or found["n3"]
            relation = _RELATION_OF[found["r1"] or found["r2"] or found["r3"]]
            known = self._relations.get((author, name))
            self._tally.count(known not in (None, relation), "somebody is another relative than before")
            if known is None and len(self._relations) < NAMES_MAX:
                self._relations[author, name] = relation

    def score(self) -> Score | None:
        """Return the share of namings that hold; None before the first."""
        return self._tally.score()


def _is(name: str, author: str) -> bool:
    """Whether a name is the author's, or a short form of it."""
    return any(part == name or (len(name) >= _SHORT_MIN and part.startswith(name)) for part in author.split())
