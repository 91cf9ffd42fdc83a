"""The contract of messages: kept whole, once, edited and removed everywhere."""

import pytest

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.accepted import NAME_BYTES_MAX, TEXT_BYTES_MAX
from homeostat.companion.store.people import Extent, Memory
from homeostat.core.errors import InputError, TooLarge
from homeostat.testing.people_contract.samples import MODEL, WithPeople, found, rows, said

ODD_TEXTS = (
    "",
    " \n\t",
    "\0in\0side\0",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308",
    "مرحبا بالعالم \u202eabc\u202c",
    "e\u0301 is not é",
    "'; DROP TABLE messages; --",
    "\ufeff\ufffd\uffff",
    "x" * TEXT_BYTES_MAX,
)


class MessagesContract(WithPeople):
    """What holds for the messages of a person."""

    def test_messages_are_kept_whole_and_in_the_order_of_arrival(self, ann: Memory) -> None:
        new = NewMessage(id="a", text="Hi", at_us=5, talk="t", author="Bob", own=False, offset_min=-90)
        assert ann.messages.add([new, said(2, at_us=1)]) == [1, 2]
        first, second = ann.reading.after(0, 10)
        assert first == Message(
            seq=1, id="a", text="Hi", at_us=5, talk="t", author="Bob", own=False, offset_min=-90
        )
        assert (second.seq, second.id, second.at_us) == (2, "m2", 1)
        assert ann.extent() == Extent(count=2, last=2, generation=0)

    def test_the_same_id_again_changes_nothing(self, ann: Memory) -> None:
        assert ann.messages.add([said(1), said(2)]) == [1, 2]
        assert ann.messages.add([said(2), said(3), said(2), said(3)]) == [2, 3, 2, 3]
        assert ann.extent() == Extent(count=3, last=3, generation=0)

    def test_an_id_with_another_text_is_refused_with_all_of_its_batch(self, ann: Memory) -> None:
        ann.messages.add([said(1)])
        with pytest.raises(InputError, match="'m1'"):
            ann.messages.add([said(2), said(1, "else")])
        with pytest.raises(InputError, match="'m3'"):
            ann.messages.add([said(3), said(3, "else")])
        assert ann.extent() == Extent(count=1, last=1, generation=0)
        assert ann.reading.by_id(["m2", "m3"]) == []

    def test_a_sender_that_repeats_itself_does_not_undo_an_edit(self, ann: Memory) -> None:
        ann.messages.add([said(1, "before")])
        ann.messages.edit("m1", "after", 9)
        assert ann.messages.add([said(1, "before")]) == [1]
        assert [m.text for m in ann.reading.by_seq([1])] == ["after"]

    def test_an_edit_is_found_by_its_new_words_alone(self, ann: Memory) -> None:
        ann.messages.add([said(1, "the river is wide"), said(2, "yes"), said(3, "no")])
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, 2))
        edited = ann.messages.edit("m1", "the harbour is wide", 77)
        assert edited == ann.reading.by_seq([1])[0]
        assert (edited.text, edited.edited_us, edited.seq) == ("the harbour is wide", 77, 1)
        assert found(ann, "river") == []
        assert sorted(found(ann, "harbour")) == [1, 2]
        assert ann.vectors.load("turn", MODEL)[0].tolist() == [2]
        assert ann.extent() == Extent(count=3, last=3, generation=1)
        assert ann.messages.edit("m9", "nothing", 78) is None
        assert ann.extent().generation == 1

    def test_what_is_removed_is_found_by_nothing(self, ann: Memory) -> None:
        ann.messages.add([said(1, "the river"), said(2, "a harbour"), said(3, "some boats"), said(4, "nets")])
        ann.vectors.put("turn", MODEL, [1, 2, 3, 4], rows(1, 2, 3, 4))
        assert ann.messages.remove(["m2", "m3", "m2", "m9"]) == 2
        assert found(ann, "harbour") == found(ann, "boats") == []
        assert sorted(found(ann, "river")) == [1, 4]
        assert [m.seq for m in ann.reading.after(0, 9)] == [1, 4]
        assert ann.reading.by_id(["m2"]) == ann.reading.by_seq([3]) == []
        assert ann.vectors.load("turn", MODEL)[0].tolist() == [1, 4]
        assert ann.extent() == Extent(count=2, last=4, generation=1)
        assert ann.messages.remove(["m2"]) == 0
        assert ann.extent().generation == 1

    def test_the_seq_of_a_removed_message_is_not_given_again(self, ann: Memory) -> None:
        ann.messages.add([said(1), said(2)])
        ann.messages.remove(["m2"])
        assert ann.messages.add([said(2)]) == [3]
        ann.messages.remove(["m1", "m2"])
        assert ann.extent() == Extent(count=0, last=3, generation=2)

    def test_no_message_is_no_change(self, ann: Memory) -> None:
        assert ann.messages.add([]) == []
        assert ann.messages.remove([]) == 0
        assert ann.reading.by_seq([]) == ann.reading.by_id([]) == ann.reading.after(0, 5) == []
        assert found(ann, "river") == found(ann) == []
        assert ann.extent() == Extent(0, 0, 0)

    @pytest.mark.parametrize("text", ODD_TEXTS, ids=range(len(ODD_TEXTS)))
    def test_every_text_is_kept_as_it_is(self, ann: Memory, text: str) -> None:
        ann.messages.add([NewMessage(id="odd", text=text, at_us=1), said(2)])
        assert ann.reading.by_seq([1])[0].text == text
        ann.messages.edit("m2", text, 5)
        assert ann.reading.by_seq([2])[0].text == text
        assert ann.messages.remove(["odd"]) == 1

    def test_too_long_a_text_is_refused(self, ann: Memory) -> None:
        with pytest.raises(TooLarge, match="'m1' has 1048577 bytes"):
            ann.messages.add([said(1, "x" * (TEXT_BYTES_MAX + 1))])
        with pytest.raises(TooLarge, match="1572864 bytes"):
            ann.messages.add([said(1, "\u20ac" * (TEXT_BYTES_MAX // 2))])
        ann.messages.add([said(1)])
        with pytest.raises(TooLarge):
            ann.messages.edit("m1", "x" * (TEXT_BYTES_MAX + 1), 5)
        assert ann.reading.by_seq([1])[0].text == "message number 1"

    @pytest.mark.parametrize(
        "wrong",
        [
            {"id": ""},
            {"id": "a\0b"},
            {"id": "x" * (NAME_BYTES_MAX + 1)},
            {"talk": "\0"},
            {"author": "y" * (NAME_BYTES_MAX + 1)},
            {"text": "\ud800"},
            {"at_us": 1 << 62},
            {"offset_min": 2_000},
        ],
        ids=str,
    )
    def test_what_cannot_be_kept_is_refused(self, ann: Memory, wrong: dict[str, object]) -> None:
        fields = {"id": "m1", "text": "fine", "at_us": 1, **wrong}
        with pytest.raises(InputError):
            ann.messages.add([said(2), NewMessage(**fields)])  # type: ignore[arg-type]
        assert ann.extent().count == 0
