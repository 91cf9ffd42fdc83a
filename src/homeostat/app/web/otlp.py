"""The OTLP receiver: POST /v1/traces, /v1/metrics and /v1/logs, with back-pressure."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter_ns

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.web.budget import Budget, OverBudget
from homeostat.app.web.ports import Queue, Received, Receiver
from homeostat.core.errors import InputError, TooLarge
from homeostat.core.losses import Losses
from homeostat.loop.writer import Fate
from homeostat.observe.ingest.body import decode_body
from homeostat.observe.ingest.intake import Intake
from homeostat.observe.ingest.response import Signal, encode_error, encode_response, response_type

PROTOBUF = "application/x-protobuf"
JSON = "application/json"
MEDIA_TYPES = {PROTOBUF: PROTOBUF, "application/protobuf": PROTOBUF, JSON: JSON}

RETRY_AFTER_S = 1
OFFER_AGAIN_S = 0.05
OFFER_FOR_S = 5.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much the receiver holds at once.

    `body_bytes` bounds one body as it arrives, `inflated_bytes` the same body uncompressed;
    `in_flight_bytes` bounds all bodies together, `decoders` the threads that parse, `body_s` the seconds
    that a body may take to arrive, `written_s` those until it is written.
    """

    body_bytes: int = 16 * 2**20
    inflated_bytes: int = 64 * 2**20
    in_flight_bytes: int = 64 * 2**20
    decoders: int = 2
    body_s: float = 30.0
    written_s: float = 20.0


class Refused(Exception):
    """A request that is not taken: the status and the reason."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class OtlpReceiver:
    """Takes requests in, hands them to the receiver in a thread, and queues what it makes of them."""

    def __init__(
        self,
        receiver: Receiver,
        queue: Queue,
        losses: Losses,
        intake: Intake,
        bounds: Bounds | None = None,
    ) -> None:
        self._receiver = receiver
        self._queue = queue
        self._losses = losses
        self._intake = intake
        self._bounds = bounds or Bounds()
        self._budget = Budget(self._bounds.in_flight_bytes)
        self._decoders = CapacityLimiter(self._bounds.decoders)

    @property
    def held_bytes(self) -> int:
        """How many bytes of requests are in flight."""
        return self._budget.used_bytes

    def routes(self) -> list[Route]:
        """Return the three routes of OTLP."""
        return [
            Route("/v1/traces", self.traces, methods=["POST"]),
            Route("/v1/metrics", self.metrics, methods=["POST"]),
            Route("/v1/logs", self.logs, methods=["POST"]),
        ]

    async def traces(self, request: Request) -> Response:
        """Take in spans."""
        return await self._take(request, "traces", self._receiver.traces)

    async def metrics(self, request: Request) -> Response:
        """Take in metrics."""
        return await self._take(request, "metrics", self._receiver.metrics)

    async def logs(self, request: Request) -> Response:
        """Take in log records."""
        return await self._take(request, "logs", self._receiver.logs)

    async def _take(
        self, request: Request, signal: Signal, read: Callable[[bytes, str], Received]
    ) -> Response:
        given = request.headers.get("content-type", "")
        media_type = MEDIA_TYPES.get(given.partition(";")[0].strip().lower())
        taken_bytes = 0
        try:
            if media_type is None:
                raise Refused(415, f"content-type {given!r} is not known; send {PROTOBUF} or {JSON}")
            if self._queue.full:
                raise Refused(429, "the queue in front of the store is full; send again later")
            declared = self._declared(request)
            self._budget.take(declared)
            taken_bytes = declared
            body = bytearray()
            async with asyncio.timeout(self._bounds.body_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self._bounds.body_bytes:
                        raise Refused(413, self._too_large(len(body)))
                    if len(body) > taken_bytes:
                        self._budget.take(len(body) - taken_bytes)
                        taken_bytes = len(body)
            received = await self._read(
                bytes(body), request.headers.get("content-encoding"), media_type, read
            )
            await self._write(received)
        except OverBudget as error:
            return self._refusal(Refused(429, f"{error}; send again later"), given)
        except Refused as refused:
            return self._refusal(refused, given)
        except TimeoutError:
            reason = f"the body did not arrive within {self._bounds.body_s:g} s; send it again"
            return self._refusal(Refused(408, reason), given)
        except ClientDisconnect:
            return Response(status_code=400)
        finally:
            self._budget.give_back(taken_bytes)
        if received.rejected:
            self._intake.refused(f"{signal} rejected", received.rejected)
        answer = encode_response(signal, received.rejected, received.reason, media_type)
        return Response(answer, media_type=media_type)

    def _too_large(self, size_bytes: int) -> str:
        limit = self._bounds.body_bytes
        return f"a body of {size_bytes} bytes is over the limit of {limit}; send smaller batches"

    def _declared(self, request: Request) -> int:
        """Return the size that a request says it has, 0 where it says nothing."""
        declared = request.headers.get("content-length", "0")
        size_bytes = int(declared) if declared.isdecimal() else 0
        if size_bytes > self._bounds.body_bytes:
            raise Refused(413, self._too_large(size_bytes))
        return size_bytes

    async def _read(
        self, body: bytes, encoding: str | None, media_type: str, read: Callable[[bytes, str], Received]
    ) -> Received:
        def work() -> Received:
            began_ns = perf_counter_ns()
            received = read(decode_body(body, encoding, self._bounds.inflated_bytes), media_type)
            self._intake.took(len(body), len(received.batch.spans), perf_counter_ns() - began_ns)
            return received

        try:
            return await to_thread.run_sync(work, limiter=self._decoders)
        except TooLarge as error:
            raise Refused(413, str(error)) from None
        except InputError as error:
            self._losses.add("ingest.requests_malformed")
            raise Refused(400, str(error)) from None

    async def _write(self, received: Received) -> None:
        """Queue a batch and wait until it is written, so that a node that dies loses nothing it said yes to.

        The receiver counts it as taken in, so it is offered for a while before it is lost.
        """
        loop = asyncio.get_running_loop()
        written: asyncio.Future[Fate] = loop.create_future()

        def settled(fate: Fate) -> None:
            with suppress(RuntimeError):  # the loop has ended, and with it whoever waited
                loop.call_soon_threadsafe(_resolve, written, fate)

        for _ in range(round(OFFER_FOR_S / OFFER_AGAIN_S)):
            if self._queue.offer(received.batch, settled):
                break
            await asyncio.sleep(OFFER_AGAIN_S)
        else:
            self._losses.add("web.queue_full", len(received.batch))
            raise Refused(
                429, "the queue in front of the store stayed full; what was sent is counted as lost"
            )
        try:
            async with asyncio.timeout(self._bounds.written_s):
                fate = await written
        except TimeoutError:
            reason = f"it was not written within {self._bounds.written_s:g} s, though it may be yet"
            raise Refused(503, f"{reason}; send it again") from None
        if fate is Fate.LEFT:
            raise Refused(503, "the server ends; send it again, to another one")
        if fate is Fate.REFUSED:
            raise Refused(400, "the store cannot hold what was sent; the server's log tells why")

    def _refusal(self, refused: Refused, given: str) -> Response:
        self._intake.refused(f"answered {refused.status}")
        headers = {"content-type": response_type(given)}
        if refused.status in (408, 413, 429):
            self._losses.add(f"web.refused_{refused.status}")
            headers["connection"] = "close"  # the rest of the body is not read
        if refused.status in (429, 503):
            headers["retry-after"] = str(RETRY_AFTER_S)
        return Response(encode_error(refused.status, refused.reason, given), refused.status, headers)


def _resolve(written: "asyncio.Future[Fate]", fate: Fate) -> None:
    if not written.done():
        written.set_result(fate)
