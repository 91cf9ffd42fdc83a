"""The prompt: a text that is ready to be sent, and what went into it."""

from collections.abc import Iterator
from dataclasses import dataclass

from homeostat.prompts.serving.edition import Layer
from homeostat.prompts.serving.held import Source

CHUNK_LETTERS = 16 * 1024
"""At most 64 KB of UTF-8."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text that is ready to be sent.

    `modules` are the paths of what went into it, in their order. `source` is the slowest place that any of
    them came from. `last_good` are those whose file cannot be read any more: they are as they were last.
    `left` are gaps that stand in the text, since they need not be filled.
    """

    text: str
    modules: tuple[str, ...]
    edition: str
    layer: Layer
    source: Source
    last_good: tuple[str, ...] = ()
    left: tuple[str, ...] = ()

    def chunks(self) -> Iterator[bytes]:
        """Return the text as UTF-8, at most 64 KB at a time."""
        for at in range(0, len(self.text), CHUNK_LETTERS):
            yield self.text[at : at + CHUNK_LETTERS].encode("utf-8", "surrogatepass")
