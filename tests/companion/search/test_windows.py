"""Windows are made once, of what was said before, and again where that changed."""

import pytest

from homeostat.companion.message import NewMessage
from homeostat.companion.search.windows import KIND, Windows, progress_of, vectors_of
from homeostat.companion.store.people import Memory
from homeostat.testing.bare_host import BareHost
from homeostat.testing.word_embedder import WordEmbedder


def said(first: int, *texts: str, talk: str = "t") -> list[NewMessage]:
    """Ann and Ben in turn."""
    return [
        NewMessage(id=f"{n}", text=text, author=("Ann", "Ben")[n % 2], talk=talk, at_us=n)
        for n, text in enumerate(texts, first)
    ]


@pytest.fixture
def embedder() -> WordEmbedder:
    return WordEmbedder()


@pytest.fixture
def windows(host: BareHost, embedder: WordEmbedder) -> Windows:
    return Windows(host, embedder)


def caught_up(windows: Windows, memory: Memory, limit: int = 100) -> None:
    while not windows.catch_up(memory, limit):
        pass


def test_a_window_is_a_turn_and_the_two_before_it_in_its_talk(
    memory: Memory, windows: Windows, embedder: WordEmbedder
) -> None:
    memory.messages.add(said(1, "one", "two") + said(3, "apart", talk="u") + said(4, "three", "four"))
    caught_up(windows, memory)
    assert embedder.texts == ["one", "one two", "apart", "one two three", "two three four"]


def test_names_of_those_who_take_part_are_left_out(
    memory: Memory, windows: Windows, embedder: WordEmbedder
) -> None:
    memory.messages.add(said(1, "Hi Ann", "Hello Ben, how is Ann's dog?", "Ben!"))
    caught_up(windows, memory)
    assert embedder.texts[-1] == "Hi Hello , how is dog? !"


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_batches_of_any_size_make_the_same_windows(
    memory: Memory, windows: Windows, embedder: WordEmbedder, limit: int
) -> None:
    memory.messages.add(said(1, *(f"w{n} Ann" for n in range(9))))
    caught_up(windows, memory, limit)
    assert len(embedder.texts) == 9
    assert embedder.texts[-1] == "w6 w7 w8"


def test_to_catch_up_twice_makes_nothing_twice(
    memory: Memory, windows: Windows, embedder: WordEmbedder, host: BareHost
) -> None:
    memory.messages.add(said(1, "one", "two"))
    caught_up(windows, memory)
    caught_up(windows, memory)
    memory.messages.add(said(3, "three"))
    caught_up(windows, memory)
    assert embedder.texts == ["one", "one two", "one two three"]
    assert host.total("companion.windows_made") == 3


def test_an_edit_makes_only_those_windows_anew_that_it_is_in(
    memory: Memory, windows: Windows, embedder: WordEmbedder
) -> None:
    memory.messages.add(said(1, *(f"w{n}" for n in range(8))))
    caught_up(windows, memory, 3)
    embedder.texts.clear()
    memory.messages.edit("3", "new", 9)
    caught_up(windows, memory, 3)
    assert embedder.texts == ["w0 w1 new", "w1 new w3", "new w3 w4"]
    progress = progress_of(memory)
    assert progress is not None
    assert (progress.last, progress.generation) == (8, memory.extent().generation)


def test_what_was_removed_is_in_no_window(memory: Memory, windows: Windows, embedder: WordEmbedder) -> None:
    memory.messages.add(said(1, "one", "secret", "three", "four"))
    caught_up(windows, memory)
    memory.messages.remove(["2"])
    caught_up(windows, memory)
    fresh = WordEmbedder().embed(["one", "one three", "one three four"])
    progress = progress_of(memory)
    assert progress is not None
    seqs, rows = memory.vectors.load(KIND, progress.model)
    assert seqs.tolist() == [1, 3, 4]
    kept = vectors_of(rows).astype(float)
    kept /= (kept**2).sum(1, keepdims=True) ** 0.5
    assert (kept * fresh).sum(1) == pytest.approx([1, 1, 1], abs=0.01)


def test_another_window_size_makes_all_windows_anew(
    memory: Memory, windows: Windows, embedder: WordEmbedder, host: BareHost
) -> None:
    memory.messages.add(said(1, "one", "two", "three"))
    caught_up(windows, memory)
    embedder.texts.clear()
    host.knob_set.pin("companion_window_turns", 1)
    caught_up(windows, memory)
    assert embedder.texts == ["one", "one two", "two three"]


def test_a_long_turn_leaves_room_for_the_one_that_answers_it(
    memory: Memory, windows: Windows, embedder: WordEmbedder
) -> None:
    memory.messages.add(said(1, "x" * 100_000, "short"))
    caught_up(windows, memory)
    assert embedder.texts[-1].endswith("short")
    assert len(embedder.texts[-1]) < 500
