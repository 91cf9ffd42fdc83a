"""The contract of dreams, whatever keeps the people, as tests for pytest: subclass and say what does."""

import asyncio
from collections.abc import Sequence

import pytest

from homeostat.companion.dream import diary
from homeostat.companion.dream.derived import Derived
from homeostat.companion.dream.integrate.integration import Integration
from homeostat.companion.dream.scene import Scene, Shape, Steering
from homeostat.companion.dream.session import Ended, Session, Staged
from homeostat.companion.dream.tracing import untraced
from homeostat.companion.dream.wishes import wishes_of
from homeostat.companion.store.people import People
from homeostat.testing.bare_host import BareHost
from homeostat.testing.dreamers import LIFE, Dreamers
from homeostat.testing.word_embedder import WordEmbedder

STAGES = ["initialise", "prepare", "generate", "integrate", "deliver"]
SAID = (
    *LIFE,
    "I live in Oslo.",
    "I moved to Rome last week.",
    *LIFE[:3],
    "I love jazz.",
    "I don't like jazz.",
)
"""A life with facts, contradictions and repetitions."""


def whole(people: People) -> Dreamers:
    """Return dreams with palace and integration."""
    return Dreamers(people, embedder=WordEmbedder(), whole=True)


def lived(people: People, *persons: str) -> Dreamers:
    """Return dreams of people who said something, and want to dream."""
    dreamers = whole(people)
    for person in persons:
        dreamers.say(person, SAID)
        dreamers.wish(person)
    return dreamers


def how(session: Session) -> str:
    """Return how a dream ended."""
    assert session.ended is not None
    return session.ended.how


def derived(people: People, person: str) -> Sequence[Derived]:
    """Return what was derived of all that a person said."""
    with people.open(person) as memory:
        return Integration(BareHost(), WordEmbedder()).derived(memory, range(1, memory.extent().last + 1))


class DreamsContract:
    """What holds for dreams on every store."""

    @pytest.fixture
    def people(self) -> People:
        """Return a store with nobody in it."""
        raise NotImplementedError

    @pytest.mark.parametrize("shape", Shape)
    def test_a_dream_goes_through_all_stages_and_stands_in_the_diary(
        self, people: People, shape: Shape
    ) -> None:
        dreamers = lived(people, "ann")
        session = dreamers.dream("ann", Steering(shape=shape))
        assert how(session) == "whole"
        assert [event.stage for event in session.events if isinstance(event, Staged)] == STAGES
        messages = dreamers.messages("ann")
        assert len(messages) == len(SAID)
        assert not [claim for scene in session.scenes for claim in untraced(scene, messages)]
        (dream,) = dreamers.diary("ann")
        assert (dream.name, dream.scenes) == (session.name, tuple(session.scenes))
        assert whole(people).diary("ann") == (dream,)
        relations = {type(one).__name__ for one in derived(people, "ann")}
        assert relations == {"Fact", "Resolution", "Merged", "Link"}

    def test_without_consent_nothing_is_dreamed_and_a_wish_is_kept(self, people: People) -> None:
        dreamers = Dreamers(people)
        dreamers.say("ann", SAID)
        assert how(dreamers.dream("ann")) == "refused"
        assert dreamers.diary("ann") == ()
        dreamers.wish("ann", "guitar")
        with people.open("ann") as memory:
            assert wishes_of(memory.notes).triggers == ("guitar",)
        session = dreamers.dream("ann")
        assert how(session) == "whole"
        assert not any("guitar" in scene.words for scene in session.scenes)

    def test_what_is_edited_or_removed_goes_from_the_diary_and_from_what_was_derived(
        self, people: People
    ) -> None:
        dreamers = lived(people, "ann")
        dreamers.dream("ann")
        (before,) = dreamers.diary("ann")
        gone, changed = before.scenes[0].sources[0], before.scenes[1].sources[0]
        by_seq = dreamers.messages("ann")
        with people.open("ann") as memory:
            memory.messages.remove([by_seq[gone].id])
            memory.messages.edit(by_seq[changed].id, "something else", 1)
        (after,) = dreamers.diary("ann")
        kept = {seq for scene in after.scenes for seq in scene.sources}
        assert kept
        assert not {gone, changed} & kept
        assert not {gone, changed} & {seq for one in derived(people, "ann") for seq in one.sources}
        with people.open("ann") as memory:
            note = memory.notes.get(diary.NOTE) or b""
        assert by_seq[gone].text.encode() not in note

    def test_to_dream_again_integrates_what_is_new_alone(self, people: People) -> None:
        dreamers = lived(people, "ann")
        dreamers.dream("ann")
        before = derived(people, "ann")
        dreamers.dream("ann")
        assert derived(people, "ann") == before
        dreamers.say("ann", ["I work as a nurse."])
        dreamers.dream("ann")
        assert [one for one in derived(people, "ann") if one not in before and len(one.sources) == 1]
        assert len(dreamers.diary("ann")) == 3

    def test_a_dream_that_is_stopped_ends_and_what_was_told_stays(self, people: People) -> None:
        dreamers = lived(people, "ann")

        async def stopped() -> Session:
            session = dreamers.dreams.begin("ann", pace_s=60.0)
            running = asyncio.create_task(dreamers.dreams.run(session))
            async for event in session.watch():
                if isinstance(event, Scene):
                    dreamers.dreams.stop("ann")
                if isinstance(event, Ended):
                    break
            await running
            return session

        session = asyncio.run(stopped())
        assert how(session) == "stopped"
        (dream,) = dreamers.diary("ann")
        assert (dream.whole, dream.scenes) == (False, tuple(session.scenes))

    def test_who_is_forgotten_while_they_dream_leaves_no_diary(self, people: People) -> None:
        dreamers = lived(people, "ann")

        async def forgotten() -> Session:
            session = dreamers.dreams.begin("ann", pace_s=60.0)
            running = asyncio.create_task(dreamers.dreams.run(session))
            async for event in session.watch():
                if isinstance(event, Scene):
                    break
            people.forget("ann")
            dreamers.dreams.drop("ann")
            await running
            return session

        assert how(asyncio.run(forgotten())) == "stopped"
        dreamers.say("ann", ["I begin anew"])
        assert dreamers.diary("ann") == ()
        assert not derived(people, "ann")

    def test_people_dream_side_by_side_and_never_of_one_another(self, people: People) -> None:
        persons = [f"person {n}" for n in range(4)]
        dreamers = whole(people)
        dreamers.knobs.at_once.pin(len(persons))
        for n, person in enumerate(persons):
            dreamers.say(person, [f"{text} ({n}x)" for text in LIFE])
            dreamers.wish(person)

        async def all_dream() -> list[Session]:
            sessions = [dreamers.dreams.begin(person) for person in persons]
            await asyncio.gather(*(dreamers.dreams.run(session) for session in sessions))
            return sessions

        for n, session in enumerate(asyncio.run(all_dream())):
            assert how(session) == "whole"
            words = [word for scene in session.scenes for word in scene.words.split()]
            marks = {word for word in words if word.startswith("(")}
            assert marks
            assert all(mark.startswith(f"({n}x)") for mark in marks)
