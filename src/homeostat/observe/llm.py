"""The call to a model, live: an operation that also knows tokens, the first token's time and the cost."""

from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from types import TracebackType
from typing import TypeVar, overload

from homeostat.core.guard import guarded
from homeostat.core.span import LlmCall, Scalar
from homeostat.observe.llm_meter import FinishedCall, LlmMeter
from homeostat.observe.operation import Operation, Site
from homeostat.observe.usage import carries_token, model_of, tokens, usage_of

Answer = TypeVar("Answer")
Chunk = TypeVar("Chunk")


class LlmOperation(Operation):
    """One call to a model. What is never said stays unknown; it never becomes 0.

    `model` may be set to the one that answered. `cost_usd` is worked out from the price list, unless it
    is set here.
    """

    __slots__ = (
        "_meter",
        "cache_write_tokens",
        "cached_tokens",
        "cost_usd",
        "first_token_at_ns",
        "input_tokens",
        "model",
        "output_tokens",
        "provider",
        "reasoning_tokens",
        "request_model",
        "streaming",
    )

    def __init__(
        self,
        site: Site,
        meter: LlmMeter,
        model: str,
        provider: str,
        attributes: dict[str, Scalar] | None = None,
    ) -> None:
        super().__init__(site, attributes)
        self._meter = meter
        self.request_model = model
        self.model = model
        self.provider = provider
        self.input_tokens: int | None = None
        self.output_tokens: int | None = None
        self.cached_tokens: int | None = None
        self.cache_write_tokens: int | None = None
        self.reasoning_tokens: int | None = None
        self.first_token_at_ns: int | None = None
        self.streaming = False
        self.cost_usd: float | None = None

    def first_token(self) -> None:
        """Note that the first token of the answer is here; later calls change nothing."""
        self.streaming = True
        if self.first_token_at_ns is None:
            self.first_token_at_ns = self.site.now()

    def usage(
        self,
        *,
        input_tokens: int | None = None,
        output_tokens: int | None = None,
        cached_tokens: int | None = None,
        cache_write_tokens: int | None = None,
        reasoning_tokens: int | None = None,
    ) -> None:
        """Set what the call took; what is left out stays as it is.

        Cached and written tokens are parts of the input, reasoning tokens a part of the output. What
        cannot be a number of tokens is dropped and counted.
        """
        given = {
            "input_tokens": input_tokens,
            "output_tokens": output_tokens,
            "cached_tokens": cached_tokens,
            "cache_write_tokens": cache_write_tokens,
            "reasoning_tokens": reasoning_tokens,
        }
        for name, value in given.items():
            if value is None:
                continue
            if tokens(value) is None:
                self.site.host.losses.add("llm.bad_token_count")
            else:
                setattr(self, name, value)

    def response(self, answer: Answer) -> Answer:
        """Read model and usage from a provider's answer, chunk or event, and return it."""
        with guarded(self.site.host.losses, "llm_response"):
            self._read(answer)
        return answer

    @overload
    def stream(self, chunks: AsyncIterable[Chunk]) -> AsyncIterator[Chunk]: ...
    @overload
    def stream(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]: ...
    def stream(
        self, chunks: AsyncIterable[Chunk] | Iterable[Chunk]
    ) -> AsyncIterator[Chunk] | Iterator[Chunk]:
        """Pass a stream through, noting its first token, what its chunks say of usage, and its end.

        The call's duration ends with the stream, however long the block around it goes on.
        """
        self.streaming = True
        if isinstance(chunks, AsyncIterable):
            return self._pass_async(chunks)
        return self._pass(chunks)

    def call(self) -> LlmCall:
        """Return what is known of the call."""
        first = self.first_token_at_ns
        return LlmCall(
            operation=self.site.name,
            provider=self.provider,
            model=self.model or self.request_model,
            request_model=self.request_model,
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cached_tokens=self.cached_tokens,
            cache_write_tokens=self.cache_write_tokens,
            reasoning_tokens=self.reasoning_tokens,
            first_token_ns=None if first is None else first - self.start_ns,
            streaming=self.streaming,
            cost_usd=self.cost_usd,
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        again = self._entered_again() if self._entries else None
        if again is not None:
            return again.__exit__(kind, error, traceback)
        call = self.call()
        if self.request.live:
            self.request.called(call, self.start_ns, kind is not None or bool(self.error))
        elif self.request is not self.site.idle:
            self.site.host.losses.add("outcome.call_after_the_end")
        super().__exit__(kind, error, traceback)
        self._meter.note(FinishedCall(call, self.start_ns, self.duration_ns, self.error, self.site.quota))
        return None

    def _copy(self) -> "LlmOperation":
        attributes = dict(self.attributes) if self.attributes else None
        return LlmOperation(self.site, self._meter, self.request_model, self.provider, attributes)

    def _read(self, answer: object) -> None:
        if self.model is self.request_model:  # else an earlier chunk has named the one that answers
            self.model = model_of(answer) or self.model
        usage = usage_of(answer)
        if usage is not None:
            self.usage(**usage._asdict())

    def _see(self, chunk: object) -> None:
        with guarded(self.site.host.losses, "llm_stream"):
            if self.first_token_at_ns is None and carries_token(chunk):
                self.first_token()
            self._read(chunk)

    def _pass(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        try:
            for chunk in chunks:
                self._see(chunk)
                yield chunk
        finally:
            self.ended_ns = self.site.now()

    async def _pass_async(self, chunks: AsyncIterable[Chunk]) -> AsyncIterator[Chunk]:
        try:
            async for chunk in chunks:
                self._see(chunk)
                yield chunk
        finally:
            self.ended_ns = self.site.now()
