"""The contract of histories: whatever was called, a memory is what a plain model of it is."""

from collections.abc import Callable

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Memory, People
from homeostat.testing.people_contract.samples import WithPeople, rows
from homeostat.testing.people_model import MODEL as LEARNED
from homeostat.testing.people_model import ModelMemory, new_rows

WORDS = ("heron", "barge", "東", "\U0001f600", "مرحبا")
IDS = st.sampled_from("abcdefgh")
TEXTS = st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join)


def add(memory: Memory, model: ModelMemory, new: list[NewMessage], with_rows: bool) -> None:
    """Add messages to both, those of known ids with the texts that they have."""
    texts = {message.id: message.text for message in model.messages.values()}
    again = [msgspec.structs.replace(m, text=texts.setdefault(m.id, m.text)) for m in new]
    values = [len(message.text) for message in again]
    rows = new_rows(values) if with_rows else None
    assert memory.messages.add(again, rows) == model.add(again, values if with_rows else None)


def edit(memory: Memory, model: ModelMemory, id: str, text: str) -> None:
    """Edit a message of both."""
    assert memory.messages.edit(id, text, 9) == model.edit(id, text, 9)


def remove(memory: Memory, model: ModelMemory, ids: list[str]) -> None:
    """Remove messages of both."""
    assert memory.messages.remove(ids) == model.remove(ids)


def put_vectors(memory: Memory, model: ModelMemory, values: dict[int, int]) -> None:
    """Put rows of one number into both."""
    memory.vectors.put("turn", LEARNED, list(values), rows(*values.values(), dimensions=1))
    model.put_vectors(values)


def put_note(memory: Memory, model: ModelMemory, name: str, body: bytes | None) -> None:
    """Put a note into both."""
    memory.notes.put({name: body})
    model.notes.pop(name, None)
    if body is not None:
        model.notes[name] = body


NEW = st.builds(
    NewMessage,
    id=IDS,
    text=TEXTS,
    at_us=st.integers(-(1 << 50), 1 << 50),
    talk=st.sampled_from(("", "a", "b")),
    author=st.sampled_from(("", "Zoë")),
    own=st.booleans(),
    offset_min=st.integers(-720, 840),
)
Step = tuple[Callable[..., None], tuple[object, ...]]
STEPS: st.SearchStrategy[list[Step]] = st.lists(
    st.one_of(
        st.tuples(st.just(add), st.tuples(st.lists(NEW, max_size=6), st.booleans())),
        st.tuples(st.just(edit), st.tuples(IDS, TEXTS)),
        st.tuples(st.just(remove), st.tuples(st.lists(IDS, max_size=3))),
        st.tuples(
            st.just(put_vectors),
            st.tuples(st.dictionaries(st.integers(1, 20), st.integers(-127, 127), max_size=4)),
        ),
        st.tuples(st.just(put_note), st.tuples(st.sampled_from(WORDS), st.none() | st.binary(max_size=5))),
    ),
    max_size=12,
)


class HistoriesContract(WithPeople):
    """What holds after any history of calls."""

    @settings(max_examples=20, suppress_health_check=list(HealthCheck))
    @given(steps=STEPS)
    def test_any_history_of_calls_agrees_with_a_plain_model(self, people: People, steps: list[Step]) -> None:
        people.forget("ann")
        model = ModelMemory()
        for call, arguments in steps:
            with people.open("ann", create=True) as memory:
                call(memory, model, *arguments)
        with people.open("ann", create=True) as memory:
            assert model.differences(memory, WORDS) == []
