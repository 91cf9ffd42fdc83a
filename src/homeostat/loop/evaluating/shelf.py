"""The shelf: shipped evaluators by name, each made once, with the embedder that they share."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from homeostat.core.errors import NotAvailable
from homeostat.evaluate.evaluator import Evaluator
from homeostat.runtime.host import Host

if TYPE_CHECKING:
    from homeostat.core.embedder import Embedder


class Shelf:
    """Makes evaluators on first use. Any thread may ask; one that is made twice at once is none the worse."""

    def __init__(self, host: Host, environment: Mapping[str, str]) -> None:
        self._host = host
        self._environment = environment
        self.use("minilm")

    def use(self, embedder: "Embedder | str") -> None:
        """Give evaluators that are made from now on this embedder: an open one, or a setting."""
        self._embedder = embedder
        self._why_none = ""
        self._made: dict[str, Evaluator] = {}

    def get(self, name: str) -> Evaluator:
        """Return a shipped evaluator.

        Raises ConfigError for a name that is none, NotAvailable where it needs what is not here.
        """
        found = self._made.get(name)
        if found is None:
            from homeostat.evaluate.evaluators import made, shipped

            known = shipped(name)
            embedder = self._opened() if known.embedder else None
            if known.embedder == "needed" and embedder is None:
                raise NotAvailable(f"{name} needs an embedder: {self._why_none}")
            found = self._made[name] = made(name, embedder)
        return found

    def _opened(self) -> "Embedder | None":
        """Return the embedder; None where this machine has none, which is found out once."""
        if isinstance(self._embedder, str) and not self._why_none:
            from homeostat.runtime.embed.opening import embedder_at

            try:
                opened = embedder_at(self._host, self._embedder, self._environment)
            except NotAvailable as error:
                self._why_none = str(error)
            else:
                if opened is None:
                    self._why_none = "there is none by its setting"
                else:
                    self._embedder = opened
        return None if isinstance(self._embedder, str) else self._embedder
