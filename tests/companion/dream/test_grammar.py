"""Claims about the sentences of dreams: they say only what the messages around them hold."""

import random

import pytest

from homeostat.companion.dream.grammar import Grammar
from homeostat.companion.dream.joints import remembered
from homeostat.companion.dream.scene import Claim
from homeostat.companion.message import Message
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.testing.dreamers import Dreamers
from homeostat.testing.word_embedder import WordEmbedder


def left_open(text: str) -> Claim | None:
    """Return what is said of a message that stayed open."""
    memory = remembered(Message(id="m", text=text, at_us=1, seq=1))
    grammar = Grammar(random.Random(1), compression=1.0)
    return grammar.left_open(grammar.said(memory), memory)


@pytest.mark.parametrize(
    "text", ["Shall I call my sister?", "I am going to paint the kitchen.", "I’ll call her on Monday."]
)
def test_a_question_or_a_plan_that_is_told_is_left_open(text: str) -> None:
    assert left_open(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "How much work we still have to do for these rights!",
        "I want to be true to myself and to everybody who believes in me. I need that more than I can say.",
        "Can't wait to see it all come together!",
        "The kitchen has been the warmest room of the whole old house for so many years now. I will paint.",
    ],
)
def test_no_plan_is_told_where_the_words_that_are_told_hold_none(text: str) -> None:
    assert left_open(text) is None


CHANGED = ("I live in Oslo.", "The trams are loud at night.", "I moved to Rome last week.", "I love jazz.")
TROUBLED = (
    "The concert of my group in the old hall was wonderful, everybody was so happy.",
    "I hate that our group has no hall any more, the concert there was the last one.",
    "I can't wait until the group plays in the hall again.",
)


def told(people: SqlitePeople, said: tuple[str, ...]) -> list[Claim]:
    """Return all claims of two dreams, the second of which knows what the first derived."""
    dreamers = Dreamers(people, embedder=WordEmbedder(), whole=True)
    dreamers.say("ann", said)
    dreamers.wish("ann")
    scenes = [scene for _ in range(2) for scene in dreamers.dream("ann").scenes]
    return [claim for scene in scenes for claim in scene.claims]


def test_what_became_otherwise_is_told_with_what_it_was_and_what_it_is(people: SqlitePeople) -> None:
    joining = [claim for claim in told(people, CHANGED) if len(claim.sources) == 2]
    assert ("Oslo", "Rome") in [claim.quotes for claim in joining]
    for claim in joining:
        assert not claim.quotes or claim.text.index("Oslo") < claim.text.index("Rome")


def test_a_liking_that_turned_is_told_as_that(people: SqlitePeople) -> None:
    claims = told(people, (*CHANGED, "I don't like jazz."))
    assert any(
        claim.quotes == ("jazz",) and ("no longer" in claim.text or "later not" in claim.text)
        for claim in claims
        if claim.sources == (4, 5)
    )


def test_feelings_that_differ_are_no_contradiction(people: SqlitePeople) -> None:
    for claim in told(people, TROUBLED):
        assert len(claim.sources) == 1 or claim.about, claim.text
