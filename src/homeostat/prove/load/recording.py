"""The recording of a replay: what it needs of the Homeostat object that it is handed."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Work(Protocol):
    """A piece of work that is being timed."""

    def fail(self, error: str) -> None:
        """Count it as failed, by the type of its error."""
        ...


class ModelCall(Work, Protocol):
    """A call to a model that is being timed."""

    def first_token(self) -> None:
        """Note that the first token is here."""
        ...

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """Set what the call took; None is what is not known."""
        ...


class Recorder(Protocol):
    """Times work: a `homeostat.Homeostat`, or `Unrecorded`."""

    def operation(self, name: str) -> AbstractContextManager[Work]:
        """Time a piece of work."""
        ...

    def llm(self, model: str) -> AbstractContextManager[ModelCall]:
        """Time a call to a model."""
        ...


class _Nothing:
    def fail(self, error: str) -> None: ...

    def first_token(self) -> None: ...

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None: ...


class Unrecorded:
    """Keeps nothing."""

    def operation(self, name: str) -> AbstractContextManager[Work]:
        """Return a block that times nothing."""
        return nullcontext(_Nothing())

    def llm(self, model: str) -> AbstractContextManager[ModelCall]:
        """Return a block that times nothing."""
        return nullcontext(_Nothing())
