"""The meter of embedding: how long it takes, how many texts, and what was cut off."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeostat.runtime.host import Host


class EmbedMeter:
    """Counts for one embedder. Any thread may count; nothing of a text is kept."""

    def __init__(self, host: Host, model: str) -> None:
        self._now_ns = host.clock.monotonic_ns
        self._duration_ms = host.histogram("embed.duration", "ms", model=model)
        self._texts = host.counter("embed.texts", "1", model=model)
        self._tokens_cut = host.counter("embed.tokens_cut", "1", model=model)

    @contextmanager
    def embedding(self, texts: int) -> Iterator[None]:
        """Measure one call for so many texts; one that fails is not counted."""
        begin_ns = self._now_ns()
        yield
        self._duration_ms.record((self._now_ns() - begin_ns) / 1e6)
        self._texts.add(texts)

    def cut(self, tokens: int) -> None:
        """Count tokens beyond what a model takes."""
        if tokens:
            self._tokens_cut.add(tokens)
