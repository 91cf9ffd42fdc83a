"""Opening the store that a contract is about."""

from contextlib import AbstractContextManager

from homeostat.core.query import Retention, Store


class Opening:
    """Subclass it and say how to open an empty store."""

    examples = 30
    """Interleavings that are tried; fewer where a store takes long to make."""

    def open_empty(self, retention: Retention) -> AbstractContextManager[Store]:
        """Return a store without content; leaving the context closes and removes it."""
        raise NotImplementedError
