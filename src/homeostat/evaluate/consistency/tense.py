"""Tense: whether a clause with `yesterday` or `next week` in it speaks of the past or of what is to come."""

import re
from collections.abc import Iterator

from homeostat.evaluate.narrative.word_set import word_set

_WEEKDAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_SPAN = "(?:days?|nights?|weeks?|weekends?|months?|years?|hours?|minutes?)"
_COUNT = r"(?:an?|one|two|three|four|five|six|seven|eight|ten|a few|few|a couple(?: of)?|several|\d{1,3})"
_NAMED = f"(?:night|week|weekend|month|year|{_WEEKDAYS}|{'|'.join(MONTHS)}|spring|summer|autumn|fall|winter)"
_BACK = re.compile(
    rf"\b(?:yesterday|last {_NAMED}|{_COUNT} {_SPAN} (?:ago|back)|the other day|(?:long|a while|ages) ago)\b"
)
_AHEAD = re.compile(
    rf"\b(?:tomorrow|next {_NAMED}|in {_COUNT} (?:more )?{_SPAN}(?: from now|'s? time)?(?=\s*(?:[.,!?]|$)))"
)
_COMING = re.compile(
    r"\b(?:will|won't|shall|gonna|let's|\w+'ll|going to|about to|can't wait|looking forward|hop(?:e|es|ing)"
    r" to|plan(?:s|ning)? (?:to|on)|want(?:s)? to|(?:i'm|we're|you're|they're|is|are|am) (?:\w+ly |also )?"
    r"(?!been\b|being\b|doing\b|feeling\b)\w{2,}ing|(?:there's|that's|it's) [^.]*\bcoming)\b"
)
_PAST = word_set(
    """
    was were did had went came got saw took made said told met gave found felt left began started knew
    thought heard ran won lost bought brought built caught taught spent drove rode ate drank slept spoke
    wrote sang swam flew grew fell held kept led sent sold stood understood woke wore broke chose forgot
    became wasn't weren't didn't hadn't couldn't paid hung threw hit tore sat shot
    """
)
_NOT_PAST = word_set(
    """
    need feed seed speed indeed bed red wed shed bleed breed excited tired interested need pumped stoked
    """
)
_NOT_FINITE = word_set("to be get have has i'm is are am being")
_ARRANGED = re.compile(
    r"\b(?:signed up|booked|planned|decided|scheduled|invited|arranged|registered|applied|asked|told|wanted"
    r"|hoped|promised|agreed|offered|was going|were going|was supposed|were supposed|entered|said)\b"
)
_SET_FOR = re.compile(r"\b(?:for|of|about|until|till|by|on)\W*$")
_LASTING = re.compile(r"(?:n't|\bnot|\bnever|\bfirst|\bmost|\bbest|\bonce|\blongest|\bworst)\b")
_PERFECT = re.compile(r"\b(?:\w+'ve|have|has|having|he's|she's|it's|been|since|used to)\b")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")
SHORT_WORDS_MAX = 4
_CLAUSE = re.compile(r"[,;:.!?\u2013\u2014]| - |\b(?:and|but|so|because|since|while|though)\b")


def against_time(sentence: str) -> Iterator[bool]:
    """Yield for each clause that names a time whose side of now is plain, whether its tense denies it.

    A clause without a verb that tells is read with the clause beside it.
    """
    said = sentence.lower().replace("\u2019", "'")
    if not (_BACK.search(said) or _AHEAD.search(said)):
        return
    clauses = _CLAUSE.split(said)
    for place, clause in enumerate(clauses):
        back, ahead = _BACK.search(clause), _AHEAD.search(clause)
        if bool(back) == bool(ahead):
            continue
        told = _telling(clauses, place, after=len(clause.split()) <= SHORT_WORDS_MAX)
        if told is None:
            continue
        past, coming = _past(told), bool(_COMING.search(told))
        if back:
            yield coming and not past and not _PERFECT.search(told)
        elif ahead:
            yield past and not coming and not _arranged(clause, ahead)


def denies_year(sentence: str, years_ahead: int) -> bool:
    """Whether a sentence in small letters tells of a year as past that is to come, or the other way round."""
    past, coming = _past(sentence), bool(_COMING.search(sentence))
    if past == coming or _ARRANGED.search(sentence):
        return False
    return past if years_ahead > 0 else coming and years_ahead < 0


def _telling(clauses: list[str], place: int, *, after: bool) -> str | None:
    beside = place + 1 if after else place - 1
    for at in (place, beside):
        if 0 <= at < len(clauses) and (_past(clauses[at]) or _COMING.search(clauses[at])):
            return clauses[at]
    return None


def _arranged(clause: str, ahead: re.Match[str]) -> bool:
    """Whether a clause in the past tense may well name a time to come: arranged then, or how long it took."""
    before = clause[: ahead.start()]
    if ahead[0].startswith("in ") and _LASTING.search(before):
        return True
    return bool(_SET_FOR.search(before) or (_ARRANGED.search(before)))


def _past(clause: str) -> bool:
    before = ""
    for word in _WORD.findall(clause):
        finite = before not in _NOT_FINITE and not before.endswith("'ve")
        if finite and (word in _PAST or (word.endswith("ed") and len(word) > 4 and word not in _NOT_PAST)):
            return True
        before = word
    return False
