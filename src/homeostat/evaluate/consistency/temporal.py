"""Temporal consistency: what is said of time, against its own tense, the calendar and when it was said."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from homeostat.evaluate.consistency.tally import Tally
from homeostat.evaluate.consistency.tense import MONTHS, against_time, denies_year
from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.narrative.reading import ends_of
from homeostat.evaluate.passage import Context, Segment
from homeostat.evaluate.segments import sentences

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "|".join(MONTHS)
_NUMBER = r"(\d{1,2})(?:st|nd|rd|th)?"
_DATED = re.compile(
    rf"\b({'|'.join(_DAYS)}),? (?:the )?(?:{_NUMBER}(?: of)? ({_MONTH})|({_MONTH}) {_NUMBER}),? "
    r"((?:19|20)\d\d)\b"
)
_YEAR = re.compile(r"\b(?:in|during|back in) ((?:19|20)\d\d)\b")


class TemporalConsistency:
    """How many of the statements about time hold: 1 less the share of those that cannot be.

    Three kinds are looked at: a tense that denies its own `yesterday` or `next week`, a weekday that the date
    beside it does not have, and a past tense with a year after the one in which it is said (a coming one with
    a year before it). English. None where nothing is said of time. Cost: some 10 us a sentence.
    """

    name = "consistency.temporal"
    validation = Validation(
        on="LoCoMo: sentences with yesterday, last week, two days ago, next month and the like, as they are "
        "and with that turned round",
        measure="turned round and found, less as they are and called wrong",
        figure=0.733,
        baseline=0.447,
        baseline_is="a unigram model of both tenses, learned on persona chats, at its best threshold there",
        of=150,
    )

    def begin(self, context: Context) -> "TemporalJudging":
        """Return what will judge one passage."""
        return TemporalJudging(context)


class TemporalJudging:
    """Counts what is said of time, and what of it cannot be."""

    def __init__(self, context: Context) -> None:
        self._now_us = context.now_us
        self._english = context.language.startswith("en")
        self._tally = Tally(TemporalConsistency.name)

    def add(self, segment: Segment) -> None:
        """Read the next piece."""
        if self._english:
            year = _year_of(segment.at_us if segment.at_us is not None else self._now_us)
            for sentence in sentences(ends_of(segment.text)):
                for what, wrong in _stated(sentence, year):
                    self._tally.count(wrong, what)
        self._tally.next()

    def score(self) -> Score | None:
        """Return the share of statements that hold; None before the first."""
        return self._tally.score()


def _stated(sentence: str, year: int | None) -> Iterator[tuple[str, bool]]:
    """Yield each statement that can be checked: what would be wrong with it, and whether it is."""
    for wrong in against_time(sentence):
        yield "its tense denies its time", wrong
    said = sentence.lower()
    for dated in _DATED.finditer(said):
        day, number, month, month_first, number_last, of_year = dated.groups()
        try:
            found = date(int(of_year), MONTHS.index(month or month_first) + 1, int(number or number_last))
        except ValueError:
            yield "there is no such date", True
        else:
            yield "the date is another weekday", _DAYS[found.weekday()] != day
    if year is not None and (named := _YEAR.search(said)):
        yield "its tense denies its year", denies_year(said, int(named[1]) - year)


def _year_of(at_us: int | None) -> int | None:
    return None if at_us is None else datetime.fromtimestamp(at_us / 1e6, UTC).year
