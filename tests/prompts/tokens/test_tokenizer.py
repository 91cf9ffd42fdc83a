"""Counts are those of real vocabularies, and the rule of thumb is not one of them."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.prompts.library.library import load_library
from homeostat.prompts.tokens import tokenizer as module
from homeostat.prompts.tokens.tokenizer import BUNDLED, BundledTokenizer, tokenizer

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data"))
LIBRARY = DATA / "prompts" / "modular-v3"


def test_counts_are_those_that_are_published() -> None:
    # from the documentation of tiktoken: how the same text differs between vocabularies
    assert tokenizer("cl100k_base").count("antidisestablishmentarianism") == 6
    assert tokenizer("o200k_base").count("お誕生日おめでとう") == 8
    assert tokenizer("cl100k_base").count("お誕生日おめでとう") == 9
    assert tokenizer().count("") == 0


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_any_text_is_counted_halves_of_surrogate_pairs_too(text: str) -> None:
    assert 0 <= tokenizer().count(text) <= 4 * len(text)


def test_special_tokens_are_plain_text() -> None:
    assert tokenizer().count("<|endoftext|>") > 1


def test_a_name_that_is_not_known_is_an_error_that_lists_those_that_are() -> None:
    with pytest.raises(ConfigError, match=", ".join(BUNDLED)):
        tokenizer("gpt2")


def test_without_the_package_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    module._bindings.cache_clear()
    monkeypatch.setattr(module, "PACKAGE", "no_such_package")
    with pytest.raises(NotAvailable, match=r"pip install 'homeostat\[prompts\]'"):
        BundledTokenizer("cl100k_base").count("x")
    module._bindings.cache_clear()


@pytest.mark.skipif(not LIBRARY.is_dir(), reason="needs the real prompt library")
def test_the_rule_of_thumb_claims_two_thirds_more_than_there_is() -> None:
    """The plan for this library took chars / 4 * 1.3 a file, in whole numbers: 261,315 for three folders."""
    folders = [LIBRARY / ".claude" / "modules" / f for f in ("development", "meta", "patterns")]
    texts = [m.text for folder in folders for m in load_library(folder).modules.values()]
    assert sum(int(len(t) / 4 * 1.3) for t in texts) == 261_315
    assert sum(map(tokenizer("cl100k_base").count, texts)) == 154_523


@pytest.mark.skipif(not LIBRARY.is_dir(), reason="needs the real prompt library")
def test_the_real_library_has_as_many_tokens_as_were_counted_elsewhere() -> None:
    counter = tokenizer("cl100k_base")
    assert sum(counter.count(m.text) for m in load_library(LIBRARY).modules.values()) == 474_068
