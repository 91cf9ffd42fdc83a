"""The shelf: shipped evaluators by name, each made once, with the embedder that they share."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from homeostat.core.errors import NotAvailable
from homeostat.evaluate.evaluator import Evaluator
from homeostat.runtime.host import Host

if TYPE_CHECKING:
    from homeostat.core.embedder import Embedder
    from homeostat.loop.evaluating.shared_vectors import SharedVectors


class Shelf:
    """Makes evaluators on first use. Any thread may ask; one that is made twice at once is none the worse.

    The embedder is MiniLM where it is built on this machine, and none elsewhere, until another one is given.
    """

    def __init__(self, host: Host, environment: Mapping[str, str]) -> None:
        self._host = host
        self._environment = environment
        self.use("minilm")
        self._given = False

    def use(self, embedder: "Embedder | str") -> None:
        """Give evaluators that are made from now on this embedder: an open one, or a setting."""
        self._given = True
        self._setting = embedder if isinstance(embedder, str) else ""
        self._embedder = None if isinstance(embedder, str) else embedder
        self._shared: SharedVectors | None = None
        self._made: dict[str, Evaluator] = {}

    def judging(self) -> AbstractContextManager[None]:
        """Return what surrounds the judging of one text: meanwhile evaluators share its vectors."""
        return nullcontext() if self._shared is None else self._shared.judging()

    def get(self, name: str) -> Evaluator:
        """Return a shipped evaluator.

        Raises ConfigError for a name that is none, NotAvailable where it needs what is not here, or the
        embedder that was given cannot be opened.
        """
        found = self._made.get(name)
        if found is None:
            from homeostat.evaluate.evaluators import made, shipped

            embedder = self._opened() if shipped(name).embedder else None
            found = self._made[name] = made(name, embedder)
        return found

    def _opened(self) -> "SharedVectors | None":
        """Return the embedder that evaluators share; None where there is none."""
        if self._setting:
            from homeostat.runtime.embed.opening import embedder_at

            try:
                self._embedder = embedder_at(self._host, self._setting, self._environment)
            except NotAvailable:
                if self._given:
                    raise
            self._setting = ""
        if self._shared is None and self._embedder is not None:
            from homeostat.loop.evaluating.shared_vectors import SharedVectors

            self._shared = SharedVectors(self._embedder)
        return self._shared
