"""Samples of what people say, and a store with one person of whom nothing is known."""

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Memory, People, Within

MODEL = "model-1"


def said(number: int, text: str = "", at_us: int | None = None, **more: object) -> NewMessage:
    """Return the message number so and so."""
    text = text or f"message number {number}"
    return NewMessage(
        id=f"m{number}",
        text=text,
        at_us=number * 1_000_000 if at_us is None else at_us,
        **more,  # type: ignore[arg-type]
    )


def rows(*values: int, dimensions: int = 8) -> NDArray[np.int8]:
    """Return one row a value, filled with it."""
    return np.repeat(np.array(values, np.int8), dimensions).reshape(-1, dimensions)


def found(memory: Memory, *words: str, limit: int = 99, within: Within | None = None) -> list[int]:
    """Return the seqs of what has any of these words, the best first."""
    seqs, _ = memory.lexical.match(words, limit, within or Within())
    return [int(seq) for seq in seqs]


class WithPeople:
    """Subclass it with a fixture `people`: an empty store."""

    @pytest.fixture
    def people(self) -> People:
        """Return a store with nobody in it."""
        raise NotImplementedError

    @pytest.fixture
    def ann(self, people: People) -> Iterator[Memory]:
        """A person of whom nothing is known."""
        with people.open("ann", create=True) as memory:
            yield memory
