"""Answering: a request in two steps, of which only the second touches what is stored."""

from collections.abc import Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from homeostat.observe.operation import Operation

T = TypeVar("T")

Vector = NDArray[np.float32]


class Answering(Generic[T]):
    """One request: enter it, `embed`, then `finish`.

    `embed` may compute for long or wait for a server, and holds nobody's memory meanwhile; `finish` keeps or
    finds. So a server can do each where it belongs; `whole` does both at once.
    """

    def __init__(
        self,
        operation: Operation,
        embed: Callable[[Operation], Vector | None],
        finish: Callable[[Operation, Vector | None], T],
    ) -> None:
        self._operation = operation
        self._embed = embed
        self._finish = finish
        self._vector: Vector | None = None

    def __enter__(self) -> Self:
        self._operation = self._operation.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._operation.__exit__(kind, error, trace)

    def embed(self) -> None:
        """Make the vector of what is asked; where that fails, `finish` does without."""
        self._vector = self._embed(self._operation)

    def finish(self) -> T:
        """Return the answer."""
        return self._finish(self._operation, self._vector)

    def whole(self) -> T:
        """Return the answer, in one go."""
        with self:
            self.embed()
            return self.finish()
