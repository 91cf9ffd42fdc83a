"""Retrieval finds obvious things."""

import pytest

from homeostat.app.demo.bm25 import Bm25
from homeostat.app.demo.library import Library
from homeostat.app.demo.questions import QUESTIONS, SOURCES


@pytest.fixture(scope="module")
def library() -> Library:
    return Library()


@pytest.mark.parametrize(
    ("question", "module"),
    [
        ("how do I parse JSON", "json"),
        ("How do I read a CSV file?", "csv"),
        ("How can I compute a SHA-256 hash?", "hashlib"),
        ("How do I run a command and capture its output?", "subprocess"),
        ("How do I parse command line arguments?", "argparse"),
        ("What does asyncio.gather do?", "asyncio"),
        ("How do I create a temporary directory?", "tempfile"),
        ("How do I compress data with gzip?", "gzip"),
        ("How do I connect to an SQLite database?", "sqlite3"),
        ("How do I find the median of numbers?", "statistics"),
        ("How do I wrap long lines of text?", "textwrap"),
        ("How do I cache the result of a function?", "functools"),
        ("How do I make a UUID?", "uuid"),
        ("How do I extract a zip archive?", "zipfile"),
        ("How do I merge sorted iterables?", "heapq"),
    ],
)
def test_the_best_passage_is_of_the_obvious_module(library: Library, question: str, module: str) -> None:
    assert library.search(question, 1)[0].name.partition(".")[0] == module


def test_every_question_of_the_demo_finds_something(library: Library) -> None:
    assert all(len(library.search(question)) >= 3 for question in QUESTIONS)


def test_what_answers_a_question_is_in_the_library_and_found_among_ten(library: Library) -> None:
    for question, sources in SOURCES.items():
        assert set(sources) & {passage.name for passage in library.search(question, 10)}, question


def test_the_library_knows_thousands_of_things_by_name(library: Library) -> None:
    assert len(library) > 2_500
    assert any(p.signature.startswith("json.loads(s,") for p in library.search("json.loads"))


def test_scores_are_those_of_the_formula() -> None:
    index = Bm25(["cat dog", "cat cat fish", "bird"])
    found = dict(index.search("cat", 3))
    rarity = 0.47000362924573563  # ln(1 + (3 - 2 + .5) / (2 + .5))
    assert found[0] == pytest.approx(rarity * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 2)))
    assert found[1] == pytest.approx(rarity * 2 * 2.2 / (2 + 1.2 * (0.25 + 0.75 * 3 / 2)))
    assert 2 not in found


def test_a_question_of_unknown_words_finds_nothing() -> None:
    assert Bm25(["cat dog"]).search("zebra", 3) == []
    assert Bm25([]).search("zebra", 3) == []
