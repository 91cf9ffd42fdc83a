"""The contract of what is learned of a person: vectors, in a third of the bytes once old, and notes."""

import numpy as np
import pytest

from homeostat.companion.store.people import Memory, NewRows
from homeostat.core.errors import InputError
from homeostat.runtime.embed.rows import to_rows, to_vectors
from homeostat.testing.people_contract.samples import MODEL, WithPeople, rows, said


class LearnedContract(WithPeople):
    """What holds for vectors and notes."""

    def test_vectors_are_loaded_in_the_order_of_seqs(self, ann: Memory) -> None:
        ann.messages.add([said(n) for n in range(1, 301)])
        ann.vectors.put("turn", MODEL, [300, 2, 130], rows(30, 2, 13))
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, -2))
        seqs, kept = ann.vectors.load("turn", MODEL)
        assert (seqs.dtype.name, kept.dtype.name) == ("int64", "int8")
        assert seqs.tolist() == [1, 2, 130, 300]
        assert (kept == rows(1, -2, 13, 30)).all()
        for after, expected in ((1, [2, 130, 300]), (130, [300]), (300, []), (-5, [1, 2, 130, 300])):
            seqs, kept = ann.vectors.load("turn", MODEL, after)
            assert seqs.tolist() == expected
            assert len(kept) == len(expected)

    def test_rows_come_with_messages_that_are_new_and_with_no_other(self, ann: Memory) -> None:
        ann.messages.add([said(1)], NewRows("turn", MODEL, rows(1)))
        ann.messages.edit("m1", "edited", 9)
        ann.vectors.put("turn", MODEL, [1], rows(5))
        given = [said(1), *(said(n) for n in range(2, 131)), said(2)]
        values = [n % 100 for n in range(len(given) - 1)]
        ann.messages.add(given, NewRows("turn", MODEL, rows(*values, values[1])))
        seqs, kept = ann.vectors.load("turn", MODEL)
        assert seqs.tolist() == list(range(1, 131))
        assert kept[:, 0].tolist() == [5, *values[1:]]
        ann.messages.add([said(131)], NewRows("turn", "model-2", rows(7, dimensions=3)))
        assert ann.vectors.load("turn", "model-2")[0].tolist() == [131]
        assert len(ann.vectors.load("turn", MODEL)[0]) == 0

    def test_messages_that_are_refused_leave_no_row_and_wrong_rows_no_message(self, ann: Memory) -> None:
        ann.messages.add([said(1)])
        with pytest.raises(InputError, match="'m1'"):
            ann.messages.add([said(2), said(1, "else")], NewRows("turn", MODEL, rows(1, 2)))
        with pytest.raises(InputError, match="2 rows"):
            ann.messages.add([said(2), said(3)], NewRows("turn", MODEL, rows(1)))
        assert ann.extent().last == 1
        assert len(ann.vectors.load("turn", MODEL)[0]) == 0

    def test_another_model_begins_anew(self, ann: Memory) -> None:
        ann.messages.add([said(1), said(2)])
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, 2))
        ann.vectors.put("window", MODEL, [1], rows(5))
        assert len(ann.vectors.load("turn", "model-2")[0]) == 0
        ann.vectors.put("turn", "model-2", [2], rows(7, dimensions=3))
        assert len(ann.vectors.load("turn", MODEL)[0]) == 0
        assert ann.vectors.load("turn", "model-2")[1].tolist() == [[7, 7, 7]]
        assert ann.vectors.load("window", MODEL)[0].tolist() == [1]

    def test_rows_of_old_messages_are_kept_in_a_third_of_the_bytes_and_load_nearly_as_they_were(
        self, ann: Memory
    ) -> None:
        ann.messages.add([said(n) for n in range(1, 201)])
        vectors = np.random.default_rng(7).normal(size=(200, 96)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        before = to_rows(vectors)
        ann.vectors.put("turn", MODEL, list(range(1, 201)), before)
        done = [ann.vectors.compact("turn", 150, 64) for _ in range(5)]
        assert sum(done) in (128, 144)
        assert done[-1] == 0
        seqs, kept = ann.vectors.load("turn", MODEL)
        assert seqs.tolist() == list(range(1, 201))
        old = np.flatnonzero((kept != before).any(axis=1))
        assert old.tolist() == list(range(sum(done) - 1))
        alike = np.einsum("ij,ij->i", to_vectors(kept), vectors)
        assert alike.min() > 0.85
        assert abs(alike.mean() - 1) < 0.02
        ann.vectors.put("turn", MODEL, [2], np.zeros((1, 96), np.int8))
        ann.messages.remove(["m3"])
        seqs, kept = ann.vectors.load("turn", MODEL)
        assert seqs.tolist() == [1, 2, *range(4, 201)]
        assert abs(kept[1].astype(int)).max() < 10

    def test_vectors_of_no_message_are_not_kept(self, ann: Memory) -> None:
        ann.messages.add([said(1)])
        ann.vectors.put("turn", MODEL, [1, 2], rows(1, 2))
        assert ann.vectors.load("turn", MODEL)[0].tolist() == [1]

    def test_vectors_of_the_wrong_shape_are_refused(self, ann: Memory) -> None:
        ann.messages.add([said(1)])
        for wrong in (rows(1, 2), rows(1).astype(np.float32), rows(1)[0]):
            with pytest.raises(InputError):
                ann.vectors.put("turn", MODEL, [1], wrong)  # type: ignore[arg-type]

    def test_notes_are_replaced_and_removed(self, ann: Memory) -> None:
        assert ann.notes.get("voice") is None
        ann.notes.put({"voice": b"\0\xff", "rooms": b""})
        ann.notes.put({"voice": b"new", "other": None})
        assert (ann.notes.get("voice"), ann.notes.get("rooms")) == (b"new", b"")
        ann.notes.put({"voice": None})
        assert ann.notes.get("voice") is None
