"""Prompts have the lengths and the shared prefixes of a trace."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.prove.load.arrivals import BLOCK_TOKENS, Arrival
from homeostat.prove.load.prompt_text import block_text, prompt_text
from homeostat.testing.simulated_model.tokens import tokenize


@given(st.integers(1, 3_000), st.lists(st.integers(0, 10**6), max_size=8), st.integers(0, 10**6))
def test_a_prompt_has_as_many_tokens_as_the_arrival_says(n: int, blocks: list[int], number: int) -> None:
    text = prompt_text(Arrival(0.0, n, 1, tuple(blocks)), number)
    assert len(text.split()) == len(tokenize(text)) == n


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_two_prompts_share_their_equal_blocks_and_nothing_more(one: int, other: int) -> None:
    prompts = [prompt_text(Arrival(0.0, 2 * BLOCK_TOKENS, 1, (7, b)), b).split() for b in (one, other)]
    assert prompts[0][:BLOCK_TOKENS] == prompts[1][:BLOCK_TOKENS]
    assert (prompts[0][BLOCK_TOKENS : BLOCK_TOKENS + 6] == prompts[1][BLOCK_TOKENS : BLOCK_TOKENS + 6]) == (
        one == other
    )


def test_prompts_without_blocks_share_nothing() -> None:
    one, other = (prompt_text(Arrival(0.0, 600, 1), number) for number in (1, 2))
    assert one.split()[:6] != other.split()[:6]


def test_blocks_differ_from_their_first_words_on() -> None:
    assert len({block_text(i, 6) for i in range(5_000)}) == 5_000
