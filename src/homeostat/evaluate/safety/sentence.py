"""The sentence as the guard's parts see it, and what each of them does with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from homeostat.evaluate.safety.verdict import Finding


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and the one before it, empty at the beginning; places are counted from `text`'s start."""

    text: str
    before: str = ""


class Checker(Protocol):
    """Looks for one kind of harm. It computes, keeps nothing between sentences, and is safe for threads."""

    def look(self, sentences: Sequence[Sentence]) -> Sequence[Sequence[Finding]]:
        """Return what is found in each sentence. Raises nothing on any text, EmbedderError at most."""
        ...
