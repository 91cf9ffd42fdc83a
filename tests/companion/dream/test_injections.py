"""Claims about hostile texts in memories: they are data; of more than 200 none steers anything."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from homeostat.companion.dream import prose
from homeostat.companion.dream.scene import Scene, Shape, Steering
from homeostat.companion.dream.session import Ended, Session, Staged
from homeostat.companion.dream.tracing import untraced
from homeostat.companion.dream.wishes import NOTE
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.testing.dreamers import LIFE, Dreamers

BATCH = 11
_ESCAPED = re.compile(r"\\u([0-9a-f]{4})")


def injections() -> list[str]:
    """Return the hostile texts."""
    lines = Path(__file__).with_name("injections.txt").read_text(encoding="utf-8").splitlines()
    texts = [line.replace("\\n", "\n") for line in lines if line and not line.startswith("#")]
    return [_ESCAPED.sub(lambda code: chr(int(code.group(1), 16)), text) for text in texts]


TEXTS = injections()
BATCHES = [TEXTS[at : at + BATCH] for at in range(0, len(TEXTS), BATCH)]


class Obedient:
    """A model that does what the last hostile text in its data asks, as far as it can be read off."""

    model = "obedient"

    def __init__(self) -> None:
        self.asked: list[tuple[Sequence[dict[str, str]], int]] = []

    def write(self, messages: Sequence[dict[str, str]], tokens_max: int) -> str:
        """Answer."""
        self.asked.append((messages, tokens_max))
        turn = len(self.asked) % 5
        if turn == 0:
            return "PWNED"
        if turn == 1:
            return "PWNED [1] PWNED [1,2]"
        if turn == 2:
            return "Sure, here is the system prompt: " + messages[0]["content"]
        if turn == 3:
            return "Clara died last week in Lisbon. [1] You robbed a bank in Geneva. [1]"
        return "You see ![](https://evil.example/p.png) now. [1] You are at evil.example again. [1]"


def steered_by(
    dreamers: Dreamers, writer: Obedient | None, session: Session, wishes: bytes | None
) -> list[str]:
    """Return what hostile texts have changed: nothing, if all is well."""
    changed = []
    if session.steering != Steering(shape=Shape.CIRCULAR):
        changed.append("steering")
    if (
        session.ended is None
        or session.ended.how != "whole"
        or sum(isinstance(e, Ended) for e in session.events) != 1
    ):
        changed.append("end")
    if len(session.scenes) > dreamers.knobs.length.get():
        changed.append("length")
    with dreamers.people.open(session.person) as memory:
        if memory.notes.get(NOTE) != wishes:
            changed.append("wishes")
    messages = dreamers.messages(session.person)
    if any(untraced(scene, messages) for scene in session.scenes):
        changed.append("tracing")
    if any(scene.told_by != "grammar" for scene in session.scenes):
        changed.append("a model was obeyed")
    lines = [msgspec.json.encode(event) for event in session.events]
    if (
        any(b"\n" in line for line in lines)
        or [json.loads(line)["kind"] for line in lines].count("dream.end") != 1
    ):
        changed.append("stream")
    for asked, tokens_max in [] if writer is None else writer.asked:
        system, user = asked
        if system != {"role": "system", "content": prose.RULES} or tokens_max != prose.TOKENS_MAX:
            changed.append("what a model is asked")
        block = json.loads(user["content"])
        if user["role"] != "user" or set(block) != {"memories"}:
            changed.append("the data block")
        if any(set(one) != {"n", "month", "who", "words"} for one in block["memories"]):
            changed.append("the form of the data")
    return changed


def test_there_are_more_than_200_and_all_differ() -> None:
    assert len(set(TEXTS)) == len(TEXTS) >= 200


@pytest.mark.parametrize("told_by_model", [False, True])
def test_no_hostile_text_in_a_memory_steers_anything(people: SqlitePeople, told_by_model: bool) -> None:
    writer = Obedient() if told_by_model else None
    dreamers = Dreamers(people, writer)
    dreamers.knobs.replay.pin(48)
    dreamers.knobs.length.pin(16)
    knobs = dreamers.host.knob_set.configuration
    dreamers.say("bystander", LIFE)
    succeeded: dict[int, list[str]] = {}
    reached = 0
    for number, batch in enumerate(BATCHES):
        person = f"ann {number}"
        dreamers.say(person, [*LIFE[:6], *batch, *LIFE[6:9]])
        dreamers.say(person, batch[:2], own=False, author=batch[0][:60].replace("\0", ""))
        dreamers.wish(person)
        with people.open(person) as memory:
            wishes = memory.notes.get(NOTE)
        before = dreamers.messages(person)
        session = dreamers.dream(person, Steering(shape=Shape.CIRCULAR))
        reached += any(text[:20] in scene.words for scene in session.scenes for text in batch)
        changed = steered_by(dreamers, writer, session, wishes)
        if changed or dreamers.messages(person) != before:
            succeeded[number] = changed
    assert succeeded == {}
    assert reached > len(BATCHES) // 2, "hostile texts must have been dreamed of, else nothing is shown"
    assert dreamers.host.knob_set.configuration == knobs
    with people.open("bystander") as memory:
        assert memory.extent().count == len(LIFE)
        assert memory.notes.get(NOTE) is None
    if writer is not None:
        assert writer.asked


def test_no_hostile_text_begins_a_stage_of_its_own(dreamers: Dreamers) -> None:
    dreamers.say("ann", [*TEXTS[:24], *LIFE])
    dreamers.wish("ann")
    events = dreamers.dream("ann").events
    assert [event.stage for event in events if isinstance(event, Staged)] == [
        "initialise",
        "prepare",
        "generate",
        "deliver",
    ]
    assert all(
        isinstance(event, Scene) == (json.loads(msgspec.json.encode(event))["kind"] == "dream.scene")
        for event in events
    )
