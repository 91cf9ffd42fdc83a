"""Terms: words and phrases harmful by themselves, in any disguise, and never inside innocent words."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from homeostat.core.errors import NotAvailable
from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.folding import Folding
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.verdict import Finding

if TYPE_CHECKING:
    from ahocorasick_rs import AhoCorasick

_MASKED = re.compile(r"(?<= )[a-z]+\*+[a-z*]*(?= )")
_MASKED_MAX = 20
_NAMED = re.compile(r"<(\w+)>")


@dataclass(frozen=True, slots=True)
class Term:
    """What a word or phrase stands for, and the words beside which it means something else."""

    category: Category
    severity: float
    language: str
    unless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """A term with room in it: an expression over a line of plain words, tried where one of its cues is."""

    term: Term
    expression: re.Pattern[str]
    cues: tuple[str, ...]


class Terms:
    """Finds the terms of a list. It is built once, and safe for threads; some us a sentence.

    Raises NotAvailable where `ahocorasick_rs` is not installed.
    """

    def __init__(
        self,
        folding: Folding,
        terms: Iterable[tuple[str, Term]] | None = None,
        phrases: Iterable[Phrase] | None = None,
    ) -> None:
        listed = {
            (pattern, term)
            for entry, term in (shipped() if terms is None else terms)
            for pattern in patterns_of(entry, folding)
        }
        cued = [
            (pattern, phrase)
            for phrase in (shipped_phrases() if phrases is None else phrases)
            for entry in phrase.cues
            for pattern in patterns_of(entry, folding)
        ]
        all_of_them: list[tuple[str, Term | Phrase]] = [*listed, *cued]
        self._terms = tuple(one for _, one in all_of_them)
        self._found = automaton(pattern for pattern, _ in all_of_them)
        self._by_length: dict[int, list[tuple[str, Term]]] = {}
        for word, term in sorted(((p.strip(), term) for p, term in listed), key=lambda one: one[0]):
            if " " not in word:
                self._by_length.setdefault(len(word), []).append((word, term))

    def look(self, sentences: Sequence[Sentence]) -> list[list[Finding]]:
        """Return what is found in each sentence."""
        return [self._of(one) for one in sentences]

    def _of(self, sentence: Sentence) -> list[Finding]:
        found: dict[tuple[int, int, Category], Finding] = {}
        for line in sentence.lines:
            hits = self._hits(line.text)
            if "*" in line.text:
                hits += self._masked(line.text)
            if not hits:
                continue
            places, words = sentence.places(line), frozenset(line.text.split())
            for term, first, last in hits:
                if term.unless.isdisjoint(words):
                    finding = Finding(
                        term.category, term.severity, places[first][0], places[last][1], "term", term.language
                    )
                    key = (finding.start, finding.end, finding.category)
                    if key not in found or found[key].severity < finding.severity:
                        found[key] = finding
        return list(found.values())

    def _hits(self, line: str) -> list[tuple[Term, int, int]]:
        """Return the terms in a line with the numbers of their first and last words."""
        found = []
        tried: set[Phrase] = set()
        for number, start, end in self._found.find_matches_as_indexes(line, overlapping=True):
            one = self._terms[number]
            if isinstance(one, Term):
                found.append((one, *words_of(line, start, end)))
            elif one not in tried:
                tried.add(one)
                if (match := one.expression.search(line)) is not None:
                    found.append((one.term, *words_of(line, *match.span())))
        return found

    def _masked(self, line: str) -> Iterator[tuple[Term, int, int]]:
        """Give the single words that a word with stars in it may stand for, the mildest of each."""
        for count, match in enumerate(_MASKED.finditer(line)):
            if count == _MASKED_MAX:
                return
            shape = re.compile(match[0].replace("*", "[a-z]"))
            fitting = (term for word, term in self._by_length.get(len(match[0]), ()) if shape.fullmatch(word))
            mildest = min(fitting, key=lambda term: term.severity, default=None)
            if mildest is not None:
                yield mildest, *words_of(line, match.start(), match.end())


def automaton(patterns: Iterable[str]) -> "AhoCorasick":
    """Return what finds all the patterns at once. Raises NotAvailable."""
    try:
        from ahocorasick_rs import AhoCorasick
    except ImportError as error:
        raise NotAvailable("the guard needs ahocorasick_rs: pip install 'homeostat[safety]'") from error
    return AhoCorasick(patterns, store_patterns=False)


def words_of(line: str, start: int, end: int) -> tuple[int, int]:
    """Return the numbers of the first and last words of a match in a line."""
    first = line.count(" ", 0, start + 1) - 1
    return first, first + line[start:end].strip(" ").count(" ")


def patterns_of(entry: str, folding: Folding) -> list[str]:
    """Return what an entry of a list is looked for as: its forms, with spaces at the ends that are closed."""
    left, right = ("" if entry.startswith("*") else " "), ("" if entry.endswith("*") else " ")
    stem, _, endings = entry.strip("*").replace("_", " ").replace("-", " ").partition("/")
    forms = [stem, *(stem + ending for ending in endings.split(","))] if endings else [stem]
    return [left + folding.plain(form) + right for form in forms]


def shipped() -> list[tuple[str, Term]]:
    """Return our list: entries and what they stand for."""
    text = files(__package__).joinpath("terms.toml").read_text(encoding="utf-8")
    return [
        (entry, _term(table)) for table in tomllib.loads(text)["terms"] for entry in table["words"].split()
    ]


def shipped_phrases() -> list[Phrase]:
    """Return our phrases; `<name>` in one stands for the words that the table of that name holds."""
    text = files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8")
    document = tomllib.loads(text)
    found = []
    for table in document["phrases"]:
        pattern = _NAMED.sub(lambda match: f"(?:{document['words'][match[1]]})", table["pattern"])
        found.append(Phrase(_term(table), re.compile(pattern), tuple(table["cues"].split())))
    return found


def _term(table: Mapping[str, Any]) -> Term:
    return Term(
        Category(table["category"]),
        float(table["severity"]),
        table.get("language", "en"),
        frozenset(table.get("unless", "").split()),
    )
