"""The search finds what was said, says why, and follows what changes."""

from types import SimpleNamespace
from typing import Any

import pytest

from homeostat.companion.finding import Hit
from homeostat.companion.message import NewMessage, kept_as
from homeostat.companion.residents import Residents
from homeostat.companion.search.search import Search
from homeostat.companion.store.people import Memory, Within
from homeostat.companion.turns import Turns
from homeostat.core.embedder import Embedder
from homeostat.testing.bare_host import BareHost
from homeostat.testing.word_embedder import WordEmbedder

DAY_US = 86_400 * 1_000_000
NOW_US = 1_687_867_200_000_000
"""2023-06-27, a Tuesday, 12:00 UTC."""

SAID = [
    ("Ann", "I bought a violin"),
    ("Ben", "How was the concert?"),
    ("Ann", "My sister came along and we sang until late"),
    ("Ben", "I planted tomatoes in the garden"),
    ("Ann", "The garden is full of snails"),
    ("Ben", "My violin has lost a string"),
]


def said(*texts: tuple[str, str], first: int = 1, talk: str = "t") -> list[NewMessage]:
    """Messages with ids from `first` on, a day apart, the sixth one at the hour of NOW_US."""
    return [
        NewMessage(
            id=str(n),
            text=text,
            author=author,
            own=author == "Ann",
            talk=talk,
            at_us=NOW_US + (n - 6) * DAY_US,
        )
        for n, (author, text) in enumerate(texts, first)
    ]


def unread(memory: Memory) -> Any:
    """Return a memory of which nothing can be read but hits, by their seqs."""
    reading = SimpleNamespace(by_seq=memory.reading.by_seq)
    return SimpleNamespace(
        person=memory.person, extent=memory.extent, notes=memory.notes, reading=reading, vectors=None
    )


def ids(hits: list[Hit]) -> list[str]:
    return [hit.message.id for hit in hits]


@pytest.fixture
def words(host: BareHost, residents: Residents) -> Search:
    """Without an embedder."""
    return Search(host, None, residents)


class TestByWords:
    @pytest.fixture(autouse=True)
    def told(self, memory: Memory) -> None:
        memory.messages.add(said(*SAID))

    def test_a_word_is_found_where_it_was_said_and_in_the_turn_after(
        self, memory: Memory, words: Search
    ) -> None:
        assert set(ids(words.find(memory, "tomatoes", 10))) >= {"4", "5"}
        assert ids(words.find(memory, "tomatoes", 1)) == ["4"]

    def test_a_message_calls_up_what_it_is_about_and_not_what_stood_before_it(
        self, memory: Memory, words: Search
    ) -> None:
        (seq,) = memory.messages.add(said(("Ann", "Helicopters!"), first=7))
        assert ids(words.find(memory, "Helicopters!", 10)) == ["7", "6"]
        assert words.find(memory, "Helicopters!", 10, but=[seq]) == []

    def test_what_shares_nothing_with_the_question_is_not_found(self, memory: Memory, words: Search) -> None:
        assert words.find(memory, "helicopters", 10) == []

    def test_a_name_in_the_question_prefers_what_that_one_said(self, memory: Memory, words: Search) -> None:
        assert ids(words.find(memory, "What about the violin of Ann?", 10))[0] == "1"
        found = words.find(memory, "what about ben's violin?", 10)
        assert {hit.message.author for hit in found if "speaker" in hit.why} == {"Ben"}
        assert found[0].message.author == "Ben"

    def test_a_question_of_a_name_alone_finds_who_is_called_by_it(
        self, memory: Memory, words: Search
    ) -> None:
        memory.messages.add(said(("Ben", "Ann, are you there?"), first=7))
        assert "7" in ids(words.find(memory, "Who is Ann?", 3))

    def test_a_time_in_the_question_prefers_what_was_said_then(self, memory: Memory, words: Search) -> None:
        for number in (7, 8, 9):
            memory.messages.add(said(("Ann", "a walk by the sea"), first=number, talk=str(number)))
        for question, expected in (
            ("a walk on 29 June 2023", "8"),
            ("our walk yesterday", "9"),
            ("our walk 3 days ago", "7"),
        ):
            found = words.find(memory, question, 1, now_us=NOW_US + 4 * DAY_US)[0]
            assert (found.message.id, found.why["time"]) == (expected, 1.0)

    def test_who_asks_stands_behind_who_tells(self, memory: Memory, words: Search) -> None:
        memory.messages.add(said(("Ben", "A heron on our roof?"), first=7, talk="a"))
        memory.messages.add(said(("Ben", "A heron on our roof!"), first=8, talk="b"))
        found = words.find(memory, "heron", 2)
        assert ids(found) == ["8", "7"]
        assert found[1].why["asks"] < 0 == found[0].why.get("asks", 0)

    def test_the_reasons_add_up_to_the_score(self, memory: Memory, words: Search) -> None:
        for hit in words.find(memory, "Did Ben see the violin in the garden today?", 10, now_us=NOW_US):
            assert hit.score == pytest.approx(sum(hit.why.values()))
            assert {"lexical", "neighbours"} & set(hit.why)

    def test_hits_come_in_the_order_of_their_scores(self, memory: Memory, words: Search) -> None:
        scores = [hit.score for hit in words.find(memory, "violin garden concert", 10)]
        assert len(scores) > 3
        assert scores == sorted(scores, reverse=True)

    @pytest.mark.parametrize(
        ("within", "expected", "may_be"),
        [
            (Within(author="Ben"), {"2", "6"}, {"2", "4", "6"}),
            (Within(own=True), {"1"}, {"1", "3", "5"}),
            (Within(end_us=NOW_US), {"1", "2"}, {"1", "2", "3", "4", "5"}),
            (Within(begin_us=NOW_US), {"6"}, {"6"}),
            (Within(talk="another"), set(), set()),
        ],
    )
    def test_only_what_meets_the_conditions_is_found(
        self, memory: Memory, words: Search, within: Within, expected: set[str], may_be: set[str]
    ) -> None:
        assert expected <= set(ids(words.find(memory, "violin", 10, within=within))) <= may_be

    def test_what_is_excluded_is_not_found(self, memory: Memory, words: Search) -> None:
        assert "6" not in ids(words.find(memory, "violin", 10, but=[6, 99]))

    @pytest.mark.parametrize(
        "text", ["", " ", "\0", "the of and", "'\"*()^ AND NOT", "x" * 1_000_000, "🎻", "\ud800"]
    )
    def test_no_question_is_an_error(self, memory: Memory, words: Search, text: str) -> None:
        assert isinstance(words.find(memory, text, 10), list)

    def test_an_emoji_is_found(self, memory: Memory, words: Search) -> None:
        memory.messages.add(said(("Ben", "what a day 🎻"), first=7))
        assert ids(words.find(memory, "🎻", 1)) == ["7"]

    def test_a_question_of_common_words_alone_finds_them(self, memory: Memory, words: Search) -> None:
        assert "2" in ids(words.find(memory, "how was the", 10))

    def test_none_are_asked_for_and_none_are_found(self, memory: Memory, words: Search) -> None:
        assert words.find(memory, "violin", 0) == []


def test_a_memory_without_messages_has_no_answer(memory: Memory, words: Search) -> None:
    assert words.find(memory, "violin", 10) == []


class TestFollowing:
    def test_a_message_is_found_as_soon_as_it_is_stored(
        self, memory: Memory, words: Search, host: BareHost
    ) -> None:
        for number, message in enumerate(said(*SAID), 1):
            memory.messages.add([message])
            assert message.id in ids(words.find(memory, message.text, 10))
            assert number == memory.extent().count
        assert host.total("companion.search_indexes_made") == 1

    def test_an_edited_message_is_found_by_what_it_says_now(self, memory: Memory, words: Search) -> None:
        memory.messages.add(said(*SAID))
        assert ids(words.find(memory, "tomatoes", 1)) == ["4"]
        memory.messages.edit("4", "I planted leeks", NOW_US)
        assert words.find(memory, "tomatoes", 10) == []
        assert words.find(memory, "leeks", 1)[0].message.text == "I planted leeks"

    def test_an_edit_has_the_index_read_once(self, memory: Memory, words: Search, host: BareHost) -> None:
        memory.messages.add(said(*SAID))
        words.find(memory, "violin", 3)
        memory.messages.edit("4", "I planted leeks", NOW_US)
        for _ in range(3):
            words.find(memory, "violin", 3)
        assert host.total("companion.search_indexes_made") == 2

    def test_a_removed_message_is_not_found(self, memory: Memory, words: Search) -> None:
        memory.messages.add(said(*SAID))
        assert "6" in ids(words.find(memory, "violin", 10))
        memory.messages.remove(["6"])
        assert "6" not in ids(words.find(memory, "violin", 10))

    def test_nobody_s_index_serves_another(self, people: Any, words: Search) -> None:
        with people.open("ann", create=True) as memory:
            memory.messages.add(said(*SAID))
            assert words.find(memory, "violin", 10)
        with people.open("eve", create=True) as memory:
            memory.messages.add(said(("Eve", "hello")))
            assert words.find(memory, "violin", 10) == []

    def test_what_it_is_told_of_is_as_if_it_were_read(self, memory: Memory, host: BareHost) -> None:
        embedder = WordEmbedder()
        turns, search = Turns(embedder), Search(host, embedder, Residents(1 << 20))
        first, *others = said(*SAID * 12)
        memory.messages.add([first], turns.of(embedder.embed([first.text])))
        search.find(memory, first.text, 1)
        for message in others:
            vectors = embedder.embed([message.text])
            rows = turns.of(vectors)
            (seq,) = memory.messages.add([message], rows)
            search.said(memory, kept_as(message, seq), rows.rows[0])
            found = search.find(unread(memory), message.text, 5, vector=vectors[0], but=[seq])
            again = Search(BareHost(), embedder, Residents(1 << 20))
            assert found == again.find(memory, message.text, 5, vector=vectors[0], but=[seq])
        assert host.total("companion.search_indexes_made") == 1

    @pytest.mark.parametrize("change", ["another", "edited", "removed"])
    def test_what_happened_elsewhere_before_it_is_told_is_known_too(
        self, memory: Memory, words: Search, change: str
    ) -> None:
        memory.messages.add(said(*SAID))
        words.find(memory, "violin", 3)
        if change == "another":  # by another server before one database
            memory.messages.add(said(("Ben", "a heron on the roof"), first=7))
        elif change == "edited":
            memory.messages.edit("6", "a heron on the roof", NOW_US)
        else:
            memory.messages.remove(["6"])
        (new,) = said(("Ann", "Is the heron here again, or was it a violin?"), first=8)
        (seq,) = memory.messages.add([new])
        words.said(memory, kept_as(new, seq), None)
        found = words.find(memory, "a heron or a violin", 10)
        assert found == Search(BareHost(), None, Residents(1 << 20)).find(memory, "a heron or a violin", 10)
        assert "8" in ids(found)

    def test_an_index_that_was_dropped_is_read_again(
        self, memory: Memory, words: Search, residents: Residents
    ) -> None:
        memory.messages.add(said(*SAID))
        before = words.find(memory, "violin garden", 10)
        residents.drop("me")
        assert words.find(memory, "violin garden", 10) == before


class TestByMeaning:
    """`WordEmbedder`'s texts are near where they share a word: what it knows of, words find as well."""

    @pytest.fixture
    def embedder(self) -> WordEmbedder:
        return WordEmbedder()

    @pytest.fixture
    def search(self, host: BareHost, embedder: WordEmbedder, residents: Residents) -> Search:
        return Search(host, embedder, residents)

    def learned(self, memory: Memory, embedder: Embedder, limit: int = 4) -> None:
        turns = Turns(embedder)
        while not turns.catch_up(memory, limit):
            pass

    def found(self, search: Search, memory: Memory, embedder: Embedder, text: str, k: int) -> list[Hit]:
        return search.find(memory, text, k, vector=embedder.embed([text])[0])

    def test_rows_made_at_once_or_one_by_one_find_the_same(
        self, memory: Memory, host: BareHost, embedder: WordEmbedder, search: Search
    ) -> None:
        for message in said(*SAID):
            memory.messages.add([message])
            self.found(search, memory, embedder, "violin", 3)
            self.learned(memory, embedder)
        grown = self.found(search, memory, embedder, "where is the violin", 6)
        fresh = self.found(
            Search(host, embedder, Residents(1 << 20)), memory, embedder, "where is the violin", 6
        )
        assert grown == fresh
        assert {"turn", "window", "lexical"} <= set(grown[0].why)

    def test_a_message_whose_rows_are_not_made_yet_is_found(
        self, memory: Memory, host: BareHost, embedder: WordEmbedder, search: Search
    ) -> None:
        memory.messages.add(said(*SAID))
        self.learned(memory, embedder)
        memory.messages.add(said(("Ben", "a heron on the roof"), first=7))
        assert "7" in ids(self.found(search, memory, embedder, "heron", 2))

    def test_names_of_who_takes_part_are_not_in_the_gist_of_a_question(
        self, memory: Memory, embedder: WordEmbedder, search: Search
    ) -> None:
        memory.messages.add(said(*SAID))
        assert search.gist(memory, "What did Ann buy?") == "What did buy?"
        assert search.gist(memory, "What did Zoe buy?") == "What did Zoe buy?"

    def test_an_edited_turn_is_another_in_the_windows_after_it(
        self, memory: Memory, embedder: WordEmbedder, search: Search
    ) -> None:
        memory.messages.add(said(*SAID))
        self.learned(memory, embedder)
        self.found(search, memory, embedder, "violin", 3)
        memory.messages.edit("1", "I bought a trombone", NOW_US)
        Turns(embedder).keep(memory, [1], embedder.embed(["I bought a trombone"]))
        found = self.found(search, memory, embedder, "trombone", 6)
        assert found == self.found(
            Search(BareHost(), embedder, Residents(1 << 20)), memory, embedder, "trombone", 6
        )
        (second,) = (hit for hit in found if hit.message.id == "2")
        assert second.why["window"] > second.why.get("turn", 0.0)

    def test_without_a_vector_words_find(
        self, memory: Memory, embedder: WordEmbedder, search: Search
    ) -> None:
        memory.messages.add(said(*SAID))
        self.learned(memory, embedder)
        assert ids(search.find(memory, "tomatoes", 1)) == ["4"]

    def test_a_second_pass_finds_what_is_like_the_first_hits(
        self, memory: Memory, host: BareHost, embedder: WordEmbedder, search: Search
    ) -> None:
        chat = [("Ann", f"filler {n} {n * 7} {n * 13}") for n in range(30)]
        chat[3] = ("Ann", "the heron stood by the weir at dawn")
        chat[20] = ("Ann", "stood by the weir at dawn again")
        memory.messages.add([m for n, turn in enumerate(chat) for m in said(turn, first=n, talk=str(n))])
        self.learned(memory, embedder, 50)
        host.knob_set.pin("companion_search_hop", 6.0)
        found = self.found(search, memory, embedder, "heron", 2)
        assert ids(found) == ["3", "20"]
        assert found[1].why["hop"] > 1.0

    def test_four_bits_a_number_are_what_an_index_takes(
        self, memory: Memory, host: BareHost, embedder: WordEmbedder, search: Search, residents: Residents
    ) -> None:
        memory.messages.add(said(*[("Ann", f"word{n}") for n in range(1_000)]))
        self.learned(memory, embedder, 500)
        self.found(search, memory, embedder, "word7", 3)
        assert residents.bytes_held <= 1_000 * (2 * 32 + 45) + 10_000
