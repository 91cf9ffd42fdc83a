"""The prefix cache tells the truth about the prompts that it was sent."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.testing.simulated_model.prefix_cache import PrefixCache
from homeostat.testing.simulated_model.tokens import prompt_of, tokenize

BLOCK = 4


def common_prefix(one: list[str], other: list[str]) -> int:
    """The obvious oracle."""
    n = 0
    while n < min(len(one), len(other)) and one[n] == other[n]:
        n += 1
    return n


@given(st.lists(st.lists(st.sampled_from("ab"), max_size=30), min_size=2, max_size=6))
def test_cached_tokens_are_the_longest_prefix_seen_in_whole_blocks(prompts: list[list[str]]) -> None:
    cache = PrefixCache(BLOCK, 10_000, 1)
    for i, tokens in enumerate(prompts):
        longest = max((common_prefix(tokens, p) for p in prompts[:i]), default=0)
        prompt = prompt_of(tokens, BLOCK)
        assert cache.cached_tokens(prompt) == longest - longest % BLOCK
        cache.remember(prompt)


def test_a_prefix_below_the_minimum_does_not_count() -> None:
    cache = PrefixCache(BLOCK, 100, tokens_min=12)
    cache.remember(prompt_of(["a"] * 20, BLOCK))
    assert cache.cached_tokens(prompt_of(["a"] * 11 + ["b"] * 9, BLOCK)) == 0
    assert cache.cached_tokens(prompt_of(["a"] * 12 + ["b"] * 8, BLOCK)) == 12


def test_the_least_recently_used_blocks_are_forgotten_and_the_ends_of_prompts_first() -> None:
    cache = PrefixCache(BLOCK, 4, 1)
    old, new = prompt_of(["a"] * 12, BLOCK), prompt_of(["b"] * 8, BLOCK)
    cache.remember(old)
    cache.remember(new)
    assert len(cache) == 4
    assert cache.cached_tokens(old) == 8
    assert cache.cached_tokens(new) == 8


@given(st.text())
def test_the_tokens_of_a_text_give_the_text_back_but_for_its_last_blanks(text: str) -> None:
    assert "".join(tokenize(text)).rstrip() == text.rstrip()
