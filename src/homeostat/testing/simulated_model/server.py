"""The HTTP application of the simulated model."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, replace

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from homeostat.core.errors import ConfigError, InputError
from homeostat.testing.simulated_model.chat import Reply, completion, completion_chunks, read_chat
from homeostat.testing.simulated_model.embeddings import embeddings, read_embeddings, texts_of
from homeostat.testing.simulated_model.engine import Engine, Ticket
from homeostat.testing.simulated_model.model_ids import LISTED, weight_of
from homeostat.testing.simulated_model.moderations import Moderate, harmless, moderation, read_moderation
from homeostat.testing.simulated_model.responses import read_response, response, response_events
from homeostat.testing.simulated_model.settings import Faults, Settings
from homeostat.testing.simulated_model.tokens import Prompt
from homeostat.testing.simulated_model.wire import (
    ChatRequest,
    EmbeddingsRequest,
    ModerationRequest,
    ResponsesRequest,
    decoded,
    error_response,
    json_response,
)

SERVER_NAME = "homeostat-simulated-model"
BUSY_RETRY_S = 1.0

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Simulated model</title>
<h1>Simulated model</h1>
<p>No language model runs here. This server speaks the OpenAI API and answers with words of the question;
its latency follows a queueing model, its cached tokens a real prefix cache.</p>
<p>State and faults: <a href="/simulated/state">/simulated/state</a>,
<a href="/simulated/faults">/simulated/faults</a> (GET, PATCH).</p></html>"""

Handler = Callable[[Request], Awaitable[Response]]


class Refusal(Exception):
    """A request that is answered with an error; carries that answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class SimulatedModel:
    """The endpoints of one engine."""

    def __init__(self, engine: Engine, reply: Reply | None = None, moderate: Moderate = harmless) -> None:
        self._engine = engine
        self._reply = reply
        self._moderate = moderate
        self._numbers = itertools.count(1)

    async def chat(self, request: Request) -> Response:
        """POST /v1/chat/completions."""
        body = await decoded(request, ChatRequest)
        prompt, answer = read_chat(body, self._engine.settings, self._reply)
        ticket = self._admit(prompt, answer.output_tokens, body.model)
        number, stall_s = next(self._numbers), self._stall_s()
        if body.stream:
            return _stream(completion_chunks(self._engine, body, number, ticket, answer, stall_s))
        await self._whole(ticket, stall_s)
        return json_response(completion(body, number, ticket, answer))

    async def responses(self, request: Request) -> Response:
        """POST /v1/responses."""
        body = await decoded(request, ResponsesRequest)
        prompt, answer = read_response(body, self._engine.settings)
        ticket = self._admit(prompt, answer.output_tokens, body.model)
        number, stall_s = next(self._numbers), self._stall_s()
        if body.stream:
            return _stream(response_events(self._engine, body, number, ticket, answer, stall_s))
        await self._whole(ticket, stall_s)
        return json_response(response(body, number, ticket, answer))

    async def embeddings(self, request: Request) -> Response:
        """POST /v1/embeddings."""
        body = await decoded(request, EmbeddingsRequest)
        texts = texts_of(body)
        ticket = self._admit(read_embeddings(texts), 0, body.model)
        await self._whole(ticket, self._stall_s())
        return json_response(embeddings(body, texts, ticket))

    async def moderations(self, request: Request) -> Response:
        """POST /v1/moderations."""
        body = await decoded(request, ModerationRequest)
        ticket = self._admit(read_moderation(body), 0, body.model)
        await self._whole(ticket, self._stall_s())
        return json_response(moderation(body, next(self._numbers), self._moderate(body.input)))

    async def models(self, request: Request) -> Response:
        """GET /v1/models."""
        data = [{"id": m, "object": "model", "created": 0, "owned_by": "simulated"} for m in LISTED]
        return json_response({"object": "list", "data": data})

    async def state(self, request: Request) -> Response:
        """GET /simulated/state: what the queue and the cache hold now."""
        engine = self._engine
        return json_response(
            {
                "simulated": True,
                "active": engine.active,
                "waiting": engine.waiting,
                "served": engine.served,
                "cached_blocks": len(engine.cache),
                "service": asdict(engine.settings.service),
            }
        )

    async def faults(self, request: Request) -> Response:
        """GET or PATCH /simulated/faults: what goes wrong on purpose from now on."""
        if request.method == "PATCH":
            try:
                changes = msgspec.json.decode(await request.body(), type=dict[str, float | int | None])
                self._engine.set_faults(replace(self._engine.faults, **changes))  # type: ignore[arg-type]
            except (msgspec.DecodeError, TypeError) as error:
                raise InputError(f"faults are {list(asdict(Faults()))}: {error}") from error
        return json_response(asdict(self._engine.faults))

    def _admit(self, prompt: Prompt, output_tokens: int, model: str) -> Ticket:
        faults = self._engine.faults
        if self._engine.draw() < faults.error_rate:
            raise Refusal(error_response(500, "This failure was asked for (error_rate).", "server_error"))
        if self._engine.draw() < faults.limit_rate:
            raise Refusal(_too_many("This limit was asked for (limit_rate).", faults.retry_after_s))
        ticket = self._engine.submit(prompt, output_tokens, weight_of(model))
        if ticket is None:
            raise Refusal(_too_many("The queue of the simulated model is full.", BUSY_RETRY_S))
        return ticket

    def _stall_s(self) -> float:
        faults = self._engine.faults
        return faults.stall_s if self._engine.draw() < faults.stall_rate else 0.0

    async def _whole(self, ticket: Ticket, stall_s: float) -> None:
        try:
            await ticket.done.wait()
            await asyncio.sleep(stall_s)
        finally:
            self._engine.cancel(ticket)


def _too_many(message: str, retry_after_s: float) -> Response:
    return error_response(429, message, "rate_limit_error", "rate_limit_exceeded", retry_after_s)


def _stream(chunks: AsyncIterator[bytes]) -> Response:
    return StreamingResponse(chunks, media_type="text/event-stream", headers={"cache-control": "no-store"})


async def _page(request: Request) -> Response:
    return HTMLResponse(PAGE)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response


async def _bad_input(request: Request, error: Exception) -> Response:
    return error_response(400, str(error), "invalid_request_error")


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"{error.detail}: {request.method} {request.url.path} is not simulated."
    return error_response(error.status_code, message, "invalid_request_error", "unknown_url")


def create_app(settings: Settings, reply: Reply | None = None, moderate: Moderate = harmless) -> Starlette:
    """Make the application; its engine starts with the event loop that serves it.

    `reply` says what chat completions answer and `moderate` what is harmful, for tests in which words matter.
    """
    app: Starlette

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        model = SimulatedModel(Engine(settings), reply, moderate)
        post = (
            ("chat/completions", model.chat),
            ("responses", model.responses),
            ("embeddings", model.embeddings),
            ("moderations", model.moderations),
        )
        app.router.routes.extend(Route(f"/v1/{path}", handler, methods=["POST"]) for path, handler in post)
        app.router.routes.append(Route("/v1/models", model.models))
        app.router.routes.append(Route("/simulated/state", model.state))
        app.router.routes.append(Route("/simulated/faults", model.faults, methods=["GET", "PATCH"]))
        yield

    errors = {Refusal: _refused, InputError: _bad_input, ConfigError: _bad_input, HTTPException: _http_error}
    app = Starlette(routes=[Route("/", _page)], exception_handlers=errors, lifespan=lifespan)
    return app
