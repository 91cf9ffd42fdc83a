"""Whether people stay who they are."""

from homeostat.evaluate.consistency.characters import CharacterConsistency
from homeostat.evaluate.evaluator import Score, judged
from homeostat.evaluate.passage import Context, Segment


def people(*said: tuple[str, str], context: Context | None = None) -> Score | None:
    return judged(
        CharacterConsistency(), [Segment(text=text, author=author) for author, text in said], context
    )


def marked(*said: tuple[str, str]) -> list[int]:
    score = people(*said)
    return [mark.segment for mark in score.marks] if score else []


def test_who_speaks_to_themselves_by_name_is_marked_by_short_names_too() -> None:
    assert marked(("Melanie", "Hi Caroline!"), ("Caroline", "Hey Mel! Good to see you, Caroline.")) == [1]
    assert marked(("Melanie", "Thanks, Mel!")) == [0]


def test_who_says_their_name_is_not() -> None:
    assert marked(("Tom", "Hi, I'm Tom."), ("Ann", "Hello Tom, my name is Ann.")) == []


def test_a_name_keeps_its_relation() -> None:
    assert marked(("Ann", "My brother Tom came."), ("Bob", "Oh."), ("Ann", "My sister Tom sang.")) == [2]
    assert marked(("Ann", "My brother Tom came."), ("Ann", "My brother Tom sang.")) == []
    assert marked(("Ann", "My mom Eve came."), ("Ann", "My mother Eve sang.")) == []


def test_what_a_name_is_to_another_author_is_another_matter() -> None:
    assert marked(("Ann", "My brother Tom came."), ("Eve", "My son Tom sang.")) == []


def test_the_value_is_the_share_of_namings_that_hold() -> None:
    score = people(("Ann", "My brother Tom came."), ("Ann", "My uncle Tom sang."))
    assert score is not None
    assert score.value == 0.5
    assert "Tom" not in score.marks[0].what


def test_it_says_nothing_where_nobody_is_named_or_in_another_language() -> None:
    assert people(("Ann", "It rains.")) is None
    assert people(("Ann", "Thanks, Ann!"), context=Context(language="sv")) is None
