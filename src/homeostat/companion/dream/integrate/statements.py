"""Statements: what people say of themselves, found by patterns over their own words; no model, no network.

A pattern holds for a sentence that is no question and names what is said by `value`, sometimes by `about`. It
reads English; of other languages it finds nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from homeostat.companion.dream.derived import Relation

TEXT_CHARS_MAX = 4_096
"""Characters of a message that are read."""

VALUE_CHARS_MAX = 80

_I = r"\b(?:I|[Ww]e)(?:(?:['’](?:ve|m|re|d)|\s+(?:have|am|are|had))\b)?"
_OFTEN = (
    r"(?:\s+(?:also|always|just|recently|really|finally|even|actually|now|currently|already|only|still))*"
)
_SUBJECT = rf"{_I}{_OFTEN}\s+(?:been\s+|started\s+|finished\s+)?"
_WHAT = r"(?P<value>[^\s.,;:!?()\[\]\"“”][^.,;:!?()\[\]\n]*)"
_TITLE = r"[^.!?\"“]{0,40}[\"“](?P<value>[^\"“”\n]{2,80})[\"”]"
_PLACE = r"(?P<value>[A-Z][\w'’-]*(?:\s+[A-Z][\w'’-]*)*)"
_MY = r"\b[Mm]y(?:\s+\w+)?"
_NUMBER = r"(?:an?|another|two|three|four|five|some|\d+)"
_NO_AGE = r"(?!\s*(?:%|min|hour|day|week|month|mile|km|pound))"


def _verb(verbs: str, value: str = _WHAT) -> str:
    return rf"{_SUBJECT}(?:{verbs})\s+{value}"


_PATTERNS: tuple[tuple[Relation, str], ...] = (
    (Relation.LIVES, _verb(r"(?:live|living)\s+in|(?:moved|relocated)\s+to", _PLACE)),
    (Relation.FROM, _verb(r"(?:come\s+|came\s+|originally\s+)?from", _PLACE)),
    (Relation.FROM, rf"\bmy\s+home\s?(?:town|country),\s+{_PLACE}"),
    (Relation.WORKS, _verb(r"work(?:ing)?\s+(?:as|at|for|in)")),
    (
        Relation.CALLED,
        r"\b(?:[Mm]y|[Oo]ur|a|an|another)\s+(?:\w+\s+)?(?P<about>\w+)\s*(?:,|\s(?:is|was))?\s*(?:named|called)\s+"
        + _PLACE,
    ),
    (
        Relation.AGED,
        rf"\bI(?:['’]m|\s+am|\s+(?:just\s+)?turned)\s+(?P<value>\d{{1,3}})(?=[\s.,!]|$){_NO_AGE}",
    ),
    (
        Relation.FAVOURITE,
        rf"{_MY}\s+favou?rite\s+(?P<about>\w+(?:\s\w+)?)\s+(?:is|are|has\s+to\s+be)\s+{_WHAT}",
    ),
    (Relation.DISLIKES, _verb(r"hate|dislike|can['’]?t\s+stand|(?:don['’]?t|do\s+not)\s+like")),
    (Relation.LIKES, _verb(r"love|like|enjoy|adore|prefer|into|(?:a\s+)?(?:big\s+|huge\s+)?fans?\s+of")),
    (Relation.READ, _verb("loved?|read|reading", _TITLE)),
    (Relation.READ, _verb(r"read(?:ing)?(?!\s+about\b)")),
    (Relation.SAW, _verb("watched|watching|saw|seen")),
    (Relation.PLAYS, _verb("play|played|playing")),
    (Relation.LEARNS, _verb(r"learn(?:ing|ed|t)?|study|studied|studying|signed\s+up\s+for|taking")),
    (
        Relation.WENT,
        _verb(r"(?:went|gone|been|travell?ed|flew|drove)\s+(?:to|on)|went|visited|hiked"),
    ),
    (Relation.MADE, _verb("made|painted|wrote|written|built|baked|cooked|drew|created|designed")),
    (Relation.BOUGHT, _verb(r"bought|purchased|ordered|got\s+(?:some|a|an|my)\s+new")),
    (Relation.HAS, _verb("have|got|adopted", rf"(?P<value>{_NUMBER}\s+[^.,;:!?()\[\]\n]+)")),
    (
        Relation.PLANS,
        _verb(r"(?:going|plan|planning|want|hope|hoping)\s+to|gonna|planning\s+on|thinking\s+(?:of|about)"),
    ),
    (Relation.DOES, _verb(r"joined|started|began|took\s+up|do|volunteer(?:ed|ing)?\s+(?:at|for)")),
)
_COMPILED = tuple((relation, re.compile(pattern)) for relation, pattern in _PATTERNS)

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_SAYS = re.compile(r"\b(?:I|[Ww]e|[Mm]y|[Oo]ur)\b")
_UNSURE = re.compile(r"\b(?:if|wish|would|could|should|might|may|imagine|unless)\b", re.IGNORECASE)
_ENDS = re.compile(
    r"\s+(?:and|but|because|so|since|when|while|which|who|as|if|until|though|although|after|before|then)\b.*$",
    re.IGNORECASE | re.DOTALL,
)
_SINGLE = frozenset({Relation.LIVES, Relation.FROM, Relation.WORKS, Relation.AGED, Relation.FAVOURITE})


@dataclass(frozen=True, slots=True)
class Statement:
    """What a sentence says, by where in the text it says so: `value` from `begin` to `end`, `about` likewise.

    `about_begin` and `about_end` are equal where the relation is narrowed by nothing.
    """

    relation: Relation
    begin: int
    end: int
    about_begin: int
    about_end: int


def statements(text: str) -> Iterator[Statement]:
    """Tell what the author of a text says of themselves; each relation once a sentence.

    >>> text = "Hi! I just moved to Oslo. My favorite color is deep blue, I think. Do I like tea?"
    >>> [(s.relation.value, text[s.about_begin:s.about_end], text[s.begin:s.end]) for s in statements(text)]
    [('lives in', '', 'Oslo'), ('likes best', 'color', 'deep blue')]
    """
    for sentence in _SENTENCE.finditer(text[:TEXT_CHARS_MAX]):
        said = sentence.group()
        if said.endswith("?") or not _SAYS.search(said) or _UNSURE.search(said):
            continue
        found: set[Relation] = set()
        for relation, pattern in _COMPILED:
            match = None if relation in found else pattern.search(said)
            if match is None:
                continue
            found.add(relation)
            at = sentence.start()
            begin = at + match.start("value")
            about = match.span("about") if "about" in pattern.groupindex else (0, 0)
            yield Statement(
                relation, begin, begin + len(_shortened(match["value"])), at + about[0], at + about[1]
            )


def single(relation: Relation) -> bool:
    """Tell whether one value of a relation holds at a time: what is said later takes its place."""
    return relation in _SINGLE


def _shortened(value: str) -> str:
    """Return the beginning of a value up to where another clause begins."""
    return _ENDS.sub("", value[:VALUE_CHARS_MAX]).rstrip()
