"""Claims about a dream: what it is made of, how it goes, how it ends."""

import asyncio
import time

import pytest

from homeostat.companion.dream.dreams import EVENTS_MAX, LEAVES_NS, NoDream, Underway
from homeostat.companion.dream.scene import Reason, Scene, Shape, Steering
from homeostat.companion.dream.session import Chose, Ended, Session, Staged
from homeostat.companion.dream.tracing import untraced
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError, QueueFull
from homeostat.testing.clock import ManualClock
from homeostat.testing.dreamers import LIFE, Dreamers


def ended(session: Session) -> Ended:
    """Return how it ended."""
    assert session.ended is not None
    return session.ended


def seqs(scenes: list[Scene]) -> list[int]:
    """Return the seqs of what is quoted, in its order."""
    return [claim.sources[0] for scene in scenes for claim in scene.claims if claim.quotes]


@pytest.fixture
def ann(dreamers: Dreamers) -> Dreamers:
    """Dreamers of whom ann has said something, and wants dreams."""
    dreamers.say("ann", LIFE)
    dreamers.wish("ann")
    return dreamers


def test_without_consent_nothing_is_dreamed(dreamers: Dreamers) -> None:
    dreamers.say("ann", LIFE)
    session = dreamers.dream("ann")
    assert ended(session).how == "refused"
    assert "has not said" in ended(session).why
    assert not session.scenes
    assert not dreamers.diary("ann")


@pytest.mark.parametrize("shape", Shape)
def test_every_claim_of_every_shape_traces_to_its_sources(ann: Dreamers, shape: Shape) -> None:
    session = ann.dream("ann", Steering(shape=shape))
    assert ended(session).how == "whole"
    assert len(session.scenes) == ann.knobs.length.get()
    messages = ann.messages("ann")
    for scene in session.scenes:
        assert not untraced(scene, messages)
        assert scene.claims
        assert all(claim.sources for claim in scene.claims)
    assert [event.stage for event in session.events if isinstance(event, Staged)] == [
        "initialise",
        "prepare",
        "generate",
        "deliver",
    ]


def test_the_shapes_are_what_they_say(ann: Dreamers) -> None:
    linear = seqs(ann.dream("ann", Steering(shape=Shape.LINEAR)).scenes)
    first_of_each = [
        next(claim.sources[0] for claim in scene.claims if claim.quotes)
        for scene in ann.dreams.of("ann").scenes
    ]
    assert first_of_each == sorted(first_of_each)
    assert len(set(linear)) == len(linear)
    circular = ann.dream("ann", Steering(shape=Shape.CIRCULAR)).scenes
    assert seqs(circular)[0] in seqs(circular[-1:])
    fragmented = ann.dream("ann", Steering(shape=Shape.FRAGMENTED)).scenes
    assert all(len(seqs([scene])) == 1 for scene in fragmented)


def test_each_memory_is_chosen_for_reasons_that_are_told(ann: Dreamers) -> None:
    session = ann.dream("ann")
    (chose,) = (event for event in session.events if isinstance(event, Chose))
    assert all(one.reasons for one in chose.replayed)
    by_seq = {one.seq: one.reasons for one in chose.replayed}
    told = {reason for reasons in by_seq.values() for reason in reasons}
    assert {Reason.RECENT, Reason.EMOTIONAL, Reason.UNRESOLVED, Reason.UNSEEN} <= told
    unresolved = {seq for seq, reasons in by_seq.items() if Reason.UNRESOLVED in reasons}
    asked_or_planned = {
        n for n, text in enumerate(LIFE, 1) if "?" in text or " want " in text or " will " in text
    }
    assert unresolved <= asked_or_planned | {11}
    emotional = max(by_seq, key=lambda seq: by_seq[seq].get(Reason.EMOTIONAL, 0.0))
    assert any(word in LIFE[emotional - 1] for word in ("wonderful", "delighted", "beautiful", "loves"))


def test_the_diary_keeps_what_was_told_with_its_sources(ann: Dreamers) -> None:
    session = ann.dream("ann")
    (dream,) = ann.diary("ann")
    assert dream.name == session.name
    assert dream.whole
    assert dream.scenes == tuple(session.scenes)
    assert (
        {seq for scene in dream.scenes for seq in scene.sources}
        >= {one.seq for one in dream.replayed}
        != set()
    )


def test_who_edits_or_removes_a_message_finds_it_in_no_dream(ann: Dreamers) -> None:
    ann.dream("ann")
    (before,) = ann.diary("ann")
    gone, changed = before.scenes[0].sources[0], before.scenes[1].sources[0]
    with ann.people.open("ann") as memory:
        by_seq = {message.seq: message for message in memory.reading.by_seq([gone, changed])}
        memory.messages.remove([by_seq[gone].id])
        memory.messages.edit(by_seq[changed].id, "something else", 1)
    (after,) = ann.diary("ann")
    kept = {seq for scene in after.scenes for seq in scene.sources}
    assert kept
    assert not kept & {gone, changed}
    assert not {one.seq for one in after.replayed} & {gone, changed}
    with ann.people.open("ann") as memory:
        note = memory.notes.get("dream.diary") or b""
    assert by_seq[gone].text.encode() not in note


def test_nobody_dreams_twice_at_once_and_not_more_than_may(ann: Dreamers) -> None:
    ann.dreams.begin("ann")
    with pytest.raises(Underway, match="dreams already"):
        ann.dreams.begin("ann")
    ann.knobs.at_once.pin(1)
    with pytest.raises(QueueFull, match="1 people dream already"):
        ann.dreams.begin("bob")


def test_a_stopped_dream_ends_at_once_and_what_was_told_stays(ann: Dreamers) -> None:
    async def stopped() -> tuple[Session, float]:
        session = ann.dreams.begin("ann", pace_s=60.0)
        running = asyncio.create_task(ann.dreams.run(session))
        async for event in session.watch():
            if isinstance(event, Scene):
                break
        began = time.perf_counter()
        ann.dreams.stop("ann")
        last = [event async for event in session.watch()][-1]
        took_s = time.perf_counter() - began
        assert isinstance(last, Ended)
        assert last.how == "stopped"
        await running
        return session, took_s

    session, took_s = asyncio.run(stopped())
    assert took_s < 30.0, "it does not wait for its pace"
    (dream,) = ann.diary("ann")
    assert not dream.whole
    assert len(dream.scenes) == 1 == len(session.scenes)
    with pytest.raises(NoDream):
        ann.dreams.steer("ann", Steering(shape=Shape.LINEAR))


def test_who_overspent_the_budget_of_computing_waits(ann: Dreamers) -> None:
    ann.dreams.cpu["request"].spend(1_000.0)
    assert ann.dreams.cpu["away"].left
    with pytest.raises(QueueFull, match="computed for longer"):
        ann.dreams.begin("ann")


def test_a_dream_that_ended_can_be_watched_for_a_while_after_its_end(people: SqlitePeople) -> None:
    clock = ManualClock()
    dreamers = Dreamers(people, clock=clock)
    dreamers.dreams.begin("ann")
    clock.advance(900.0)
    dreamers.dreams.stop("ann")
    clock.advance(LEAVES_NS / SECOND_NS)
    assert dreamers.dreams.of("ann").ended is not None
    clock.advance(1.0)
    with pytest.raises(NoDream):
        dreamers.dreams.of("ann")


def test_a_theme_that_is_asked_for_while_memories_are_chosen_is_called_up(
    people: SqlitePeople,
) -> None:
    dreamers = Dreamers(people)
    dreamers.say(
        "ann", ["Boris lent me his zither", *(f"we talked of the garden, row {n}" for n in range(200))]
    )
    dreamers.wish("ann")
    dreamers.knobs.replay.pin(4)

    async def steered() -> list[Scene]:
        session = dreamers.dreams.begin("ann")
        running = asyncio.create_task(dreamers.dreams.run(session))
        async for event in session.watch():
            if isinstance(event, Staged) and event.stage == "prepare":
                dreamers.dreams.steer("ann", Steering(follow=("zither",)))
                break
        await running
        return session.scenes

    assert any("zither" in scene.words for scene in asyncio.run(steered()))


def test_nobody_fills_the_memory_by_steering(ann: Dreamers) -> None:
    session = ann.dreams.begin("ann")
    for _ in range(EVENTS_MAX):
        ann.dreams.steer("ann", Steering(follow=("bread",)))
    with pytest.raises(InputError, match="begin another"):
        ann.dreams.steer("ann", Steering(follow=("bread",)))
    assert len(session.events) == EVENTS_MAX


def test_a_dream_that_is_stopped_while_it_integrates_stands_in_the_diary(people: SqlitePeople) -> None:
    dreamers = Dreamers(people, whole=True)
    dreamers.say("ann", LIFE * 20)
    dreamers.wish("ann")

    async def stopped() -> Session:
        session = dreamers.dreams.begin("ann")
        running = asyncio.create_task(dreamers.dreams.run(session))
        async for event in session.watch():
            if isinstance(event, Staged) and event.stage == "integrate":
                dreamers.dreams.stop("ann")
        await running
        return session

    assert ended(asyncio.run(stopped())).how == "stopped"
    (dream,) = dreamers.diary("ann")
    assert len(dream.scenes) == dreamers.knobs.length.get()


def test_a_dream_is_steered_between_two_scenes(ann: Dreamers) -> None:
    async def steered() -> list[Scene]:
        session = ann.dreams.begin("ann", steering=Steering(shape=Shape.CIRCULAR), pace_s=0.05)
        running = asyncio.create_task(ann.dreams.run(session))
        async for event in session.watch():
            if isinstance(event, Scene):
                ann.dreams.steer("ann", Steering(follow=("bread",), avoid=("guitar", "song")))
                break
        await running
        return session.scenes

    after = [scene.words for scene in asyncio.run(steered())[1:-1]]
    assert "bread" in " ".join(after)
    assert not any("guitar" in words or "song" in words for words in after)


def test_what_nobody_can_steer_by_is_refused(ann: Dreamers) -> None:
    with pytest.raises(InputError, match="up to 20 entries"):
        ann.dreams.begin("ann", steering=Steering(follow=("a",) * 21))
    with pytest.raises(InputError, match="characters"):
        ann.dreams.begin("ann", steering=Steering(avoid=("",)))
    with pytest.raises(InputError, match="pace_s"):
        ann.dreams.begin("ann", pace_s=-1)


@pytest.mark.parametrize(
    ("texts", "how"),
    [
        ([], "empty"),
        (["hello"], "empty"),
        (["I met Clara in the park today"], "whole"),
        (["I met Clara in the park today"] * 30, "whole"),
        ([f"the flood took the bridge, day {n} of the flood" for n in range(40)], "whole"),
        (["?", "...", "\0", "\ud7ff", "🙂🙂🙂"], "empty"),
        (["x" * 100_000, "word " * 20_000], "whole"),
    ],
)
def test_little_and_odd_memories_have_a_defined_end(dreamers: Dreamers, texts: list[str], how: str) -> None:
    dreamers.wish("ann")
    dreamers.say("ann", texts)
    for shape in Shape:
        session = dreamers.dream("ann", Steering(shape=shape))
        assert ended(session).how == how, ended(session)
        messages = dreamers.messages("ann")
        assert not any(untraced(scene, messages) for scene in session.scenes)


def test_memories_in_several_languages_are_told_in_their_own_words_alone(dreamers: Dreamers) -> None:
    dreamers.wish("ann")
    said = [
        "Gestern habe ich meine Schwester Clara in Wien besucht",
        "Clara kocht immer sehr gut, wir haben gelacht",
        "昨日は東京の大学に行きました。とても楽しかったです。",
        "Вчера мы гуляли по набережной в Петербурге",
        "Clara came to visit me in the summer and we swam",
    ]
    dreamers.say("ann", said)
    scenes = dreamers.dream("ann").scenes
    told = " ".join(scene.words for scene in scenes)
    assert "東京" in told
    assert "Clara" in told
    for scene in scenes:
        foreign = [c for c in scene.claims if not c.quotes and c.sources[0] <= 4 and len(c.sources) == 1]
        assert not any("back" in claim.text or "again" in claim.text for claim in foreign)


def test_who_is_forgotten_while_they_dream_leaves_no_diary(ann: Dreamers) -> None:
    async def forgotten() -> Session:
        session = ann.dreams.begin("ann", pace_s=60.0)
        running = asyncio.create_task(ann.dreams.run(session))
        async for event in session.watch():
            if isinstance(event, Scene):
                break
        ann.people.forget("ann")
        ann.dreams.drop("ann")
        await running
        return session

    assert ended(asyncio.run(forgotten())).how == "stopped"
    ann.say("ann", ["I begin anew"])
    assert not ann.diary("ann")


def test_many_people_dream_side_by_side_and_never_of_one_another(dreamers: Dreamers) -> None:
    people = [f"person {n}" for n in range(8)]
    for n, person in enumerate(people):
        dreamers.say(person, [f"{text} ({n}x)" for text in LIFE])
        dreamers.wish(person)
    dreamers.knobs.at_once.pin(8)

    async def all_dream() -> list[Session]:
        sessions = [dreamers.dreams.begin(person) for person in people]
        await asyncio.gather(*(dreamers.dreams.run(session) for session in sessions))
        return sessions

    for n, session in enumerate(asyncio.run(all_dream())):
        assert ended(session).how == "whole"
        messages = dreamers.messages(session.person)
        assert not any(untraced(scene, messages) for scene in session.scenes)
        marks = {word for scene in session.scenes for word in scene.words.split() if word.startswith("(")}
        assert all(mark.startswith(f"({n}x)") for mark in marks)
