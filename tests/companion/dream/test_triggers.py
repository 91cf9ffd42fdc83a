"""Claims about triggers: what a person asked to be spared comes up neither by its name nor by others."""

import pytest

from homeostat.companion.dream.scene import Shape, Steering
from homeostat.companion.dream.triggers import Triggers
from homeostat.companion.dream.wishes import Wishes
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.words import Words
from homeostat.core.embedder import Embedder
from homeostat.testing.dreamers import LIFE, Dreamers

NAMED = [
    "My wonderful dog died in the spring",
    "I was so happy when the spider was gone",
    "A lovely funeral with wonderful songs",
    "Spiders are wonderful, said Boris, and I laughed",
]
MEANT = [
    "A thing with eight legs sat on my pillow and I laughed",
    "It let itself down from the ceiling on its thread",
    "The sticky net in the cellar had a fly in it",
]


def told(dreamers: Dreamers, person: str = "ann", dreams: int = 9) -> str:
    """Return all that is told in some dreams."""
    said = []
    for number in range(dreams):
        session = dreamers.dream(person, Steering(shape=tuple(Shape)[number % 3], follow=("spider", "dog")))
        assert session.ended is not None
        assert session.ended.how == "whole"
        said += [scene.words for scene in session.scenes]
    return " ".join(said).casefold()


@pytest.mark.parametrize(
    ("trigger", "text"),
    [
        ("spider", "There were SPIDERS everywhere"),
        ("spiders", "a spider's web"),
        ("the dog", "Dogs!"),
        ("car accident", "an accident happened"),
        ("death", "He passed away in May"),
        ("snake", "it slithered over my boot"),
        ("東京", "昨日は東京に行きました"),
        ("Łódź", "we were in łódź again"),
    ],
)
def test_a_trigger_is_known_by_its_forms_and_by_words_that_go_with_it(trigger: str, text: str) -> None:
    assert Triggers((trigger,), Words()).in_text(text)
    assert not Triggers((), Words()).in_text(text)
    assert not Triggers((trigger,), Words()).in_text("we baked bread and sang")


def test_what_was_named_is_never_told_even_where_it_is_to_be_followed(dreamers: Dreamers) -> None:
    dreamers.say("ann", [*LIFE, *NAMED, *LIFE[::-1]])
    dreamers.wish("ann")
    assert "spider" in told(dreamers)
    dreamers.wish("ann", "spiders", "death of my dog")
    words = told(dreamers)
    assert not any(word in words for word in ("spider", "dog", "died", "funeral"))


def test_without_an_embedder_only_what_is_glad_is_told_to_who_named_triggers(dreamers: Dreamers) -> None:
    dreamers.say("ann", [*LIFE, *MEANT])
    dreamers.wish("ann", "spider")
    words = told(dreamers)
    assert "ceiling" not in words
    assert "failed" not in words


def test_with_an_embedder_what_means_the_same_is_left_out(people: SqlitePeople, minilm: Embedder) -> None:
    dreamers = Dreamers(people, embedder=minilm)
    dreamers.say("ann", [*LIFE, *MEANT])
    dreamers.wish("ann", "spider")
    words = told(dreamers)
    assert not any(word in words for word in ("eight legs", "ceiling", "sticky"))
    assert "guitar" in words or "bread" in words


def test_a_dream_is_told_more_gently_or_not_where_it_is_too_dark(dreamers: Dreamers) -> None:
    dark = [
        f"The monster stabbed him and he screamed in agony, blood was everywhere, number {n} of Graz"
        for n in range(12)
    ]
    dreamers.say("ann", [*dark, *LIFE])
    dreamers.wish("ann")
    words = told(dreamers)
    assert "monster" not in words
    dreamers.say("bob", ["I am sad and afraid and alone in Graz, day " + "x" * n for n in range(30)])
    dreamers.wish("bob")
    session = dreamers.dream("bob")
    assert session.dropped > 0 or any(scene.softened for scene in session.scenes) or not session.scenes


def test_of_what_a_trigger_takes_out_of_the_diary_nothing_is_left(people: SqlitePeople) -> None:
    dreamers = Dreamers(people)
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")
    dreamers.dream("ann", Steering(follow=("guitar",)))
    guitars = {seq for seq, message in dreamers.messages("ann").items() if "guitar" in message.text}
    assert guitars & {one.seq for one in dreamers.diary("ann")[0].replayed}
    with people.open("ann") as memory:
        dreamers.stages.wish(memory, Wishes(consent=True, triggers=("guitar",)))
    (left,) = dreamers.diary("ann")
    assert left.scenes
    assert {one.seq for one in left.replayed} == {seq for scene in left.scenes for seq in scene.sources}
    assert not guitars & {one.seq for one in left.replayed}
