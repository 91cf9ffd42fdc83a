"""The contract of reading and finding: by place, by words, by conditions, by silence."""

import pytest

from homeostat.companion.store.people import Memory, Pause, Within
from homeostat.testing.people_contract.samples import WithPeople, found, said


class FindingContract(WithPeople):
    """What holds for what is read and found."""

    @pytest.mark.parametrize("word", ["river", "Река", "نهر", "川", "\U0001f600", "fleuve", "42"])
    def test_words_of_every_script_are_found(self, ann: Memory, word: str) -> None:
        ann.messages.add([said(1, "nothing"), said(2, f"see {word}, there"), said(3, "x", talk="other")])
        assert found(ann, word) == [2]

    @pytest.mark.parametrize("word", ['"', "*", "NEAR(", "a AND", "\0", "-", "said:", "^", "(", "'", ""])
    def test_no_word_is_an_expression(self, ann: Memory, word: str) -> None:
        ann.messages.add([said(1, "some words")])
        assert found(ann, word) == []
        assert found(ann, word, "words") == [1]

    def test_reading_goes_on_where_it_ended(self, ann: Memory) -> None:
        ann.messages.add([said(n) for n in range(1, 8)])
        ann.messages.remove(["m4"])
        assert [m.seq for m in ann.reading.after(0, 3)] == [1, 2, 3]
        assert [m.seq for m in ann.reading.after(3, 3)] == [5, 6, 7]
        assert ann.reading.after(7, 3) == ann.reading.after(0, 0) == []
        assert [m.seq for m in ann.reading.by_seq([7, 1, 4, 99, 1])] == [1, 7]
        assert [m.seq for m in ann.reading.by_id(["m7", "m1", "m4", "", "a\0"])] == [1, 7]

    def test_within_holds_every_condition(self, ann: Memory) -> None:
        ann.messages.add(
            [
                said(1, "river", talk="a", author="Ann"),
                said(2, "river", talk="a", author="Bob", own=False),
                said(3, "river", talk="b", author="Ann"),
                said(4, "river", talk="b", author="Bob", own=False),
            ]
        )
        for within, expected in (
            (Within(), [1, 2, 3, 4]),
            (Within(talk="a"), [1, 2]),
            (Within(author="Bob"), [2, 4]),
            (Within(own=True), [1, 3]),
            (Within(begin_us=2_000_000, end_us=4_000_000), [2, 3]),
            (Within(talk="b", own=False), [4]),
            (Within(talk="nowhere"), []),
            (Within(author="nobody"), []),
        ):
            assert [m.seq for m in ann.reading.after(0, 9, within)] == expected
            assert sorted(found(ann, "river", within=within)) == expected

    def test_a_message_is_found_by_the_words_before_it(self, ann: Memory) -> None:
        ann.messages.add(
            [said(1, "the river", talk="a"), said(2, "ships", talk="b"), said(3, "indeed", talk="a")]
        )
        ann.messages.add([said(4, "so", talk="a"), said(5, "well", talk="b")])
        assert sorted(found(ann, "river")) == [1, 3]
        assert sorted(found(ann, "ships")) == [2, 5]
        ann.messages.remove(["m1"])
        assert found(ann, "river") == []
        assert sorted(found(ann, "indeed")) == [3, 4]

    def test_more_and_rarer_words_score_higher(self, ann: Memory) -> None:
        ann.messages.add([said(n, f"boats go by, say {n}", talk=str(n)) for n in range(1, 30)])
        ann.messages.add([said(n, f"nothing to say {n}", talk=str(n)) for n in range(40, 90)])
        ann.messages.add([said(90, "boats and a heron", talk="90"), said(91, "only a heron here", talk="91")])
        seqs, scores = ann.lexical.match(["boats", "heron"], 4)
        assert seqs[:2].tolist() == [80, 81]
        assert (scores[:-1] >= scores[1:]).all()
        assert (seqs.dtype.name, scores.dtype.name) == ("int64", "float32")
        assert seqs.shape == scores.shape == (4,)
        assert seqs[2:].tolist() == [1, 2], "equal scores stand in the order of their seqs"
        assert len(found(ann, "boats", limit=0)) == 0

    def test_the_clock_may_go_back(self, ann: Memory) -> None:
        ann.messages.add([said(1, at_us=50), said(2, at_us=10), said(3, at_us=-30)])
        assert [m.at_us for m in ann.reading.after(0, 9)] == [50, 10, -30]
        assert ann.pauses.longest(9) == [Pause(2, 1, 10, 50), Pause(3, 2, -30, 10)]

    def test_pauses_are_between_messages_that_follow_one_another(self, ann: Memory) -> None:
        at_us = [(1, 0, "a"), (2, 10, "b"), (3, 100, "a"), (4, 110, "b"), (5, 110, "b"), (6, 400, "a")]
        ann.messages.add([said(n, at_us=at, talk=talk, own=n != 3) for n, at, talk in at_us])
        assert ann.pauses.longest(2) == [Pause(3, 6, 100, 400), Pause(1, 3, 0, 100)]
        assert ann.pauses.longest(9, 101) == [Pause(3, 6, 100, 400)]
        assert ann.pauses.longest(1, by_talk=False) == [Pause(5, 6, 110, 400)]
        assert ann.pauses.longest(1, within=Within(own=True)) == [Pause(1, 6, 0, 400)]
        begin_us, lengths_us = ann.pauses.lengths(by_talk=False)
        assert begin_us.tolist() == [0, 10, 100, 110, 110]
        assert lengths_us.tolist() == [10, 90, 10, 0, 290]
        assert [array.tolist() for array in ann.pauses.lengths(Within(talk="b"))] == [[10, 110], [100, 0]]
        assert [array.tolist() for array in ann.pauses.lengths(Within(talk="c"))] == [[], []]
