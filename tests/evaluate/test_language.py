"""Claims about telling a text's language."""

import json
import os
from pathlib import Path

import pytest

from homeostat.evaluate.language import OTHER, UNKNOWN, language_of, primary

TALKS = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[2] / "../shared/data")) / "locomo"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We walked to the lake, and it was cold.", "en"),
        ("Ich weiß nicht, ob er heute noch kommt.", "de"),
        ("Je ne sais pas si elle est encore à la maison.", "fr"),
        ("No sé si ella está en la casa con los niños.", "es"),
        ("Non so se lei è ancora in casa con gli amici.", "it"),
        ("Não sei se ela está em casa com os amigos.", "pt"),
        ("Ik weet niet of hij vandaag nog naar het huis komt.", "nl"),
        ("Nie wiem, czy ona dzisiaj jeszcze przyjdzie do domu z dziećmi.", OTHER),
        ("Я не знаю, придёт ли она сегодня домой с детьми или нет.", OTHER),
        ("Great game tonight!", UNKNOWN),
        ("4111 1111 1111 1111", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_language_is_told_by_its_function_words(text: str, language: str) -> None:
    assert language_of(text) == language


@pytest.mark.skipif(not TALKS.is_dir(), reason="the talks are not here")
def test_english_talk_is_hardly_ever_taken_for_another_language() -> None:
    talks = json.loads((TALKS / "locomo_first5.json").read_text(encoding="utf-8"))
    sessions = [value for talk in talks for value in talk["conversation"].values() if isinstance(value, list)]
    found = [language_of(turn["text"]) for session in sessions for turn in session]
    assert len(found) > 2_000
    assert sum(language not in ("en", UNKNOWN) for language in found) / len(found) < 0.005


def test_the_language_of_a_tag_is_its_first_part() -> None:
    assert (primary("de-AT"), primary("EN"), primary("")) == ("de", "en", "")
