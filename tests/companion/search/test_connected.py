"""What dreams derived lends to the memories that a question for several things looks for, and says so."""

from pathlib import Path

import msgspec
import pytest

from homeostat.companion.dream.integrate.integration import Integration
from homeostat.companion.dream.integrate.lexicon import Lexicon
from homeostat.companion.finding import Hit
from homeostat.companion.message import NewMessage
from homeostat.companion.residents import Residents
from homeostat.companion.search.query import read
from homeostat.companion.search.search import Search
from homeostat.companion.search.several import asks_for_several
from homeostat.companion.store.people import Memory
from homeostat.companion.turns import Turns
from homeostat.testing.bare_host import BareHost
from homeostat.testing.word_embedder import WordEmbedder

DAY_US = 86_400_000_000
SAID = (
    "The weather was fine on the whole",
    "Our cat had to see the vet on Tuesday",
    "The train was late once again",
    "I have no time for the garden",
    "The old cat sleeps by the window all day long",
    "The train was late once again",
    "Somebody left the gate open",
)
QUESTION = "What pets does Ann have?"


def said(*texts: str, first: int = 1) -> list[NewMessage]:
    return [
        NewMessage(id=f"m{n}", text=text, at_us=n * DAY_US, author="Ann", talk=f"t{n}")
        for n, text in enumerate(texts, first)
    ]


def dreamt(memory: Memory, embedder: WordEmbedder | None, lexicon: Lexicon | None = None) -> None:
    while embedder is not None and not Turns(embedder).catch_up(memory, 100):
        pass
    integration = Integration(BareHost(), embedder, lexicon)
    while not integration.integrate(memory).done:
        pass


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


def found(
    memory: Memory,
    embedder: WordEmbedder | None,
    lexicon: Lexicon | None = None,
    k: int = 3,
    text: str = QUESTION,
    **knobs: float | bool,
) -> list[Hit]:
    host = BareHost()
    search = Search(host, embedder, Residents(1 << 24), lexicon)
    for name, value in knobs.items():
        host.knob_set.pin(name, value)
    vector = None if embedder is None else embedder.embed([search.gist(memory, text)])[0]
    return search.find(memory, text, k, vector=vector)


def test_a_question_for_a_kind_finds_what_is_of_it_by_no_common_word(
    memory: Memory, embedder: WordEmbedder
) -> None:
    memory.messages.add(said(*SAID))
    dreamt(memory, embedder)
    hits = found(memory, embedder, k=len(SAID))
    by_id = {hit.message.id: hit.why for hit in hits}
    assert {id for id, why in by_id.items() if why.get("kind")} == {"m2", "m5"}
    assert all(hit.score == pytest.approx(sum(hit.why.values())) for hit in hits)


def test_by_words_alone_too_it_finds_what_is_of_a_kind(memory: Memory) -> None:
    memory.messages.add(said(*SAID))
    assert found(memory, None) == []
    dreamt(memory, None)
    assert {hit.message.id for hit in found(memory, None)} == {"m2", "m5"}


def test_what_was_derived_pushes_no_memory_away_that_says_it_directly(memory: Memory) -> None:
    others = [f"It rained for {n} hours and then some" for n in range(30)]
    cats = [f"The cat slept for {n} hours" for n in range(12)]
    direct = [f"The neighbours bring {n} loaves along" for n in range(3)]
    memory.messages.add(said(*others, *direct, *cats))
    text = "What pets did the neighbours bring along?"
    before = [hit.message.id for hit in found(memory, None, k=10, text=text)]
    dreamt(memory, None)
    hits = found(memory, None, k=10, text=text, companion_search_kind=6.0)
    assert before == ["m31", "m32", "m33"]
    assert [hit.message.id for hit in hits[-3:]] == before
    assert all("kind" in hit.why for hit in hits[:7])
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_without_the_knob_of_dreams_it_finds_as_if_nothing_had_been_derived(memory: Memory) -> None:
    memory.messages.add(said(*SAID, "Pets are dear to me"))
    before = found(memory, None)
    dreamt(memory, None)
    assert found(memory, None) != before
    assert found(memory, None, companion_dreams=False) == before


def test_single_words_near_to_the_question_speak_for_a_memory(memory: Memory, embedder: WordEmbedder) -> None:
    memory.messages.add(said(*SAID, "A box of pets came"))
    lexicon = Lexicon(embedder, ["weather", "train", "pets", "garden", "gate"])
    dreamt(memory, embedder, lexicon)
    hits = found(memory, embedder, lexicon, k=8)
    words = {hit.message.id: hit.why.get("word", 0.0) for hit in hits}
    assert max(words, key=words.__getitem__) == "m8"


def test_of_what_is_said_of_a_thing_in_one_talk_what_tells_of_it_first_stands_before(
    memory: Memory, embedder: WordEmbedder
) -> None:
    texts = ("Our cat had to see the vet yesterday", "The cat is so good to you", "Your cat, you know")
    memory.messages.add([msgspec.structs.replace(m, talk="one") for m in said(*texts)])
    dreamt(memory, embedder)
    memory.messages.add(said("Another cat came", first=50))
    hits = {hit.message.id: hit.why for hit in found(memory, embedder, k=4)}
    assert {id for id, why in hits.items() if why.get("kind")} == {"m1"}
    assert hits["m1"]["tells"] > 0 > max(hits["m2"]["tells"], hits["m3"]["tells"])
    assert "tells" not in hits["m50"]


def test_of_memories_in_the_same_words_one_is_a_hit(memory: Memory, embedder: WordEmbedder) -> None:
    memory.messages.add(said(*SAID))
    dreamt(memory, embedder)
    ids = [hit.message.id for hit in found(memory, embedder, k=7)]
    assert len(ids) == 6
    assert len({"m3", "m6"} & set(ids)) == 1


def test_only_messages_are_hits_and_what_was_said_since_the_dream_is_found(
    memory: Memory, embedder: WordEmbedder
) -> None:
    memory.messages.add(said(*SAID))
    dreamt(memory, embedder)
    search = Search(BareHost(), embedder, Residents(1 << 24))
    search.find(memory, QUESTION, 3)
    memory.messages.add(said("What pets does Ann have in mind", first=50))
    assert search.find(memory, QUESTION, 1)[0].message.id == "m50"


def test_what_was_derived_from_a_removed_memory_lends_nothing(memory: Memory, embedder: WordEmbedder) -> None:
    memory.messages.add(said(*SAID))
    dreamt(memory, embedder)
    memory.messages.remove(["m2"])
    hits = found(memory, embedder, k=7)
    assert {hit.message.id for hit in hits if hit.why.get("kind")} == {"m5"}


def test_a_lexicon_is_made_once_and_read_from_its_file(tmp_path: Path, embedder: WordEmbedder) -> None:
    words = ["boat", "the", "heron", "of", "barge"]
    lexicon = Lexicon(embedder, words, tmp_path / "words.npy")
    assert not lexicon.grow(2)
    assert lexicon.grow(2)
    again = Lexicon(embedder, words, tmp_path / "words.npy")
    assert (again.rows == lexicon.rows).all()
    assert list(again.numbers("The Barge, the barge and a boat")) == [2, 0]
    assert len(Lexicon(embedder, [*words, "wharf"], tmp_path / "words.npy")) == 3
    assert not Lexicon(WordEmbedder(8), words, tmp_path / "words.npy")


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("What books has Ann read?", True),
        ("How many times did they meet?", True),
        ("Which city have both visited?", True),
        ("What are Ann's hobbies?", True),
        ("What did Ann buy?", False),
        ("What is her business?", False),
        ("Wo wohnt sie?", False),
    ],
)
def test_questions_for_several_things_are_told_from_others(text: str, several: bool) -> None:
    assert asks_for_several(text) is several


@pytest.mark.parametrize(
    ("text", "several", "little"),
    [
        ("What books has Ann read?", True, True),
        ("What books has Ann read about the long war between France and England?", False, False),
        ("What do Ann's kids like?", False, True),
        ("When did Ann paint?", False, False),
        ("What did the neighbour paint with red colour?", False, False),
        ("Sounds good", False, False),
    ],
)
def test_who_says_little_may_mean_much_and_who_says_much_means_one_thing(
    text: str, several: bool, little: bool
) -> None:
    query = read(text, {"ann": {7}}, 0, 0)
    assert (query.several, query.little) == (several, little)
