"""What the tests of passes share: drafts of libraries that are written in a test."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module
from homeostat.prompts.optimize.draft import Counts, Draft
from homeostat.prompts.tokens.tokenizer import tokenizer

Drafted = Callable[[Mapping[str, str]], Draft]


@pytest.fixture(scope="session")
def counts() -> Counts:
    return Counts(tokenizer())


@pytest.fixture
def drafted(counts: Counts) -> Drafted:
    """Make a draft of texts by path."""

    def make(texts: Mapping[str, str]) -> Draft:
        modules = {
            path: Module(path, text, hashlib.sha256(text.encode()).digest(), len(text.encode()), "utf-8")
            for path, text in sorted(texts.items())
        }
        return Draft(Library(Path(), modules, {}, ()), load_styles(), counts)

    return make
