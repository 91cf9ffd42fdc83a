"""Sample traffic: what an assistant with retrieval and two models would leave behind, made up from a seed."""

from collections.abc import Iterator

import numpy as np

from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.core.losses import Losses
from homeostat.core.metric import Kind
from homeostat.core.point import Moments, Point
from homeostat.core.series import SeriesKey
from homeostat.core.span import LlmCall, Span
from homeostat.observe.ingest.derive import Deriver

SERVICE = "assistant"
MS = 1_000_000

_KNOWN_MODEL, _UNKNOWN_MODEL = "gpt-4o-mini", "house-model-7b"


class SampleTraffic:
    """Batches of one second each. The same seed gives the same traffic."""

    def __init__(self, seed: int = 7, per_second: float = 2.0, slow_factor: float = 1.0) -> None:
        self._random = np.random.default_rng(seed)
        self._per_second = per_second
        self._slow_factor = slow_factor
        self._deriver = Deriver(Losses(), 1_000)

    def second(self, start_ns: int) -> Batch:
        """Return the traffic that began within one second: spans, what derives from them, and the machine."""
        spans = [
            span for _ in range(self._random.poisson(self._per_second)) for span in self._trace(start_ns)
        ]
        derived = self._deriver.points(spans, start_ns)
        return Batch(points=(*derived, *self._machine(start_ns)), spans=tuple(spans))

    def seconds(self, start_ns: int, end_ns: int) -> Iterator[Batch]:
        """Yield one batch for each second from a start to an end."""
        for at in range(start_ns // SECOND_NS * SECOND_NS, end_ns, SECOND_NS):
            yield self.second(at)

    def _id(self, size: int) -> bytes:
        return self._random.bytes(size)

    def _lognormal(self, median_ms: float, spread: float) -> int:
        return int(median_ms * self._slow_factor * float(self._random.lognormal(0.0, spread)) * MS)

    def _trace(self, second_ns: int) -> Iterator[Span]:
        trace_id, root_id = self._id(16), self._id(8)
        begin = second_ns + int(self._random.integers(0, SECOND_NS))
        retrieve, prompt, chat = (
            self._lognormal(38, 0.5),
            self._lognormal(3, 0.3),
            self._lognormal(620, 0.45),
        )
        embed = int(retrieve * 0.6)
        failed = bool(self._random.random() < 0.02)
        known = bool(self._random.random() < 0.8)
        at = begin + 1 * MS
        retrieve_id = self._id(8)
        yield self._span(trace_id, retrieve_id, root_id, "retrieve", at, retrieve)
        yield self._span(
            trace_id, self._id(8), retrieve_id, "embeddings", at + MS // 2, embed, llm=self._embedding()
        )
        at += retrieve
        yield self._span(trace_id, self._id(8), root_id, "build_prompt", at, prompt)
        at += prompt
        error = "RateLimitError" if failed else ""
        llm = self._chat(known, chat, failed)
        yield self._span(trace_id, self._id(8), root_id, "chat", at, chat, error, llm)
        at += chat + 2 * MS
        yield self._span(trace_id, root_id, b"", "answer", begin, at - begin, error)

    def _span(
        self,
        trace_id: bytes,
        span_id: bytes,
        parent_id: bytes,
        operation: str,
        start_ns: int,
        duration_ns: int,
        error: str = "",
        llm: LlmCall | None = None,
    ) -> Span:
        name = f"{operation} {llm.model}" if llm is not None else operation
        return Span(
            trace_id=trace_id,
            span_id=span_id,
            parent_id=parent_id,
            name=name,
            operation=operation,
            service=SERVICE,
            kind="client" if llm is not None else "internal",
            start_ns=start_ns,
            duration_ns=duration_ns,
            error=error,
            source="sample",
            llm=llm,
            attributes={"tenant": f"<t{int(self._random.integers(0, 4))}>"},
        )

    def _embedding(self) -> LlmCall:
        tokens = int(self._random.integers(8, 40))
        return LlmCall(
            "embeddings",
            "openai",
            "text-embedding-3-small",
            "text-embedding-3-small",
            tokens,
            0,
            cost_usd=tokens * 2e-8,
        )

    def _chat(self, known: bool, duration_ns: int, failed: bool) -> LlmCall:
        tokens_in = int(self._random.integers(900, 2_600))
        tokens_out = 0 if failed else int(self._random.integers(60, 320))
        cached = 1_024 if tokens_in > 1_500 else 0
        cost = (tokens_in - cached) * 1.5e-7 + cached * 7.5e-8 + tokens_out * 6e-7
        return LlmCall(
            operation="chat",
            provider="openai" if known else "local",
            model=_KNOWN_MODEL if known else _UNKNOWN_MODEL,
            request_model=_KNOWN_MODEL if known else _UNKNOWN_MODEL,
            input_tokens=tokens_in,
            output_tokens=tokens_out,
            cached_tokens=cached,
            first_token_ns=None if failed else int(duration_ns * 0.35),
            streaming=True,
            cost_usd=cost if known else None,
        )

    def _machine(self, start_ns: int) -> Iterator[Point]:
        phase = start_ns / SECOND_NS / 40
        levels = {
            ("process.cpu.usage", "cores"): 0.31 + 0.12 * float(np.sin(phase)) + self._random.normal(0, 0.03),
            ("process.memory.usage", "bytes"): 310e6 + 25e6 * float(np.sin(phase / 3)),
        }
        for (metric, unit), level in levels.items():
            key = SeriesKey.of(metric, Kind.GAUGE, unit, {"service": SERVICE})
            yield Point(key, start_ns, Moments(1, level, 0.0, level, level, level))
