"""The assistant's HTTP service: `python -m homeostat.app.demo.service --model-url URL`."""

import argparse
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from homeostat import Homeostat
from homeostat.app.demo.assistant import Assistant
from homeostat.app.demo.library import Library
from homeostat.app.demo.model_client import ModelBusy, ModelClient, ModelFailed
from homeostat.app.demo.names import SERVICE
from homeostat.core.order import Mode
from homeostat.loop.policy.policy_file import load_policy
from homeostat.testing.child import end_with_parent, listening

QUESTION_MAX = 2_000
CLUTTER_WORDS_MAX = 5_000


async def _question(request: Request) -> str:
    try:
        question = (await request.json())["question"]
    except (ValueError, KeyError, TypeError):
        question = None
    if not isinstance(question, str) or not question.strip() or len(question) > QUESTION_MAX:
        raise BadQuestion(f'the body must be {{"question": "..."}}, 1 to {QUESTION_MAX} characters long')
    return question


class BadQuestion(Exception):
    """A request that asks nothing."""


class Service:
    """The endpoints of one assistant."""

    def __init__(self, assistant: Assistant) -> None:
        self._assistant = assistant

    async def ask(self, request: Request) -> Response:
        """POST /ask: stream an answer. It begins once its first words are known to come."""
        pieces = self._assistant.answer(await _question(request))
        first = await anext(pieces, "")

        async def whole() -> AsyncIterator[str]:
            yield first
            async for piece in pieces:
                yield piece

        return StreamingResponse(whole(), media_type="text/plain; charset=utf-8")

    async def faults(self, request: Request) -> Response:
        """PATCH /simulated/faults: what goes wrong on purpose from now on."""
        try:
            words = int((await request.json())["clutter_words"])
        except (ValueError, KeyError, TypeError):
            words = -1
        if not 0 <= words <= CLUTTER_WORDS_MAX:
            raise BadQuestion(f'the body must be {{"clutter_words": N}}, N from 0 to {CLUTTER_WORDS_MAX:,}')
        self._assistant.clutter_words = words
        return JSONResponse({"clutter_words": words})

    async def related(self, request: Request) -> Response:
        """POST /related: other questions."""
        return JSONResponse({"related": await self._assistant.related(await _question(request))})


async def _home(request: Request) -> Response:
    return PlainTextResponse("The demo's assistant: POST /ask or /related with a JSON question.\n")


async def _failed(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 503 if isinstance(error, ModelBusy) else 502)


async def _bad_question(request: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error)}, 400)


def create_app(hs: Homeostat, library: Library, model_url: str) -> Starlette:
    """Make the application of an assistant."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await model.aclose()

    model = ModelClient(model_url)
    service = Service(Assistant(hs, library, model))
    return Starlette(
        routes=[
            Route("/", _home),
            Route("/ask", service.ask, methods=["POST"]),
            Route("/related", service.related, methods=["POST"]),
            Route("/simulated/faults", service.faults, methods=["PATCH"]),
        ],
        exception_handlers={ModelFailed: _failed, BadQuestion: _bad_question},
        lifespan=lifespan,
    )


def main() -> None:
    """Serve until told to stop; the first line of output tells the address, in JSON."""
    command = argparse.ArgumentParser(prog="assistant", description="The assistant of the demo.")
    command.add_argument("--port", type=int, default=0, help="0 takes a free one")
    command.add_argument(
        "--model-url", required=True, help="of an OpenAI-compatible server, with its version"
    )
    command.add_argument("--policy", type=Path, help="of a loop that governs the assistant's knobs")
    command.add_argument("--observe", action="store_true", help="let the loop only watch")
    command.add_argument("--until-eof", action="store_true", help="end with the standard input")
    args = command.parse_args()
    listener, url = listening("127.0.0.1", args.port)
    if args.until_eof:
        end_with_parent()
    with Homeostat(SERVICE) as hs:
        app = create_app(hs, Library(), args.model_url)
        if args.policy is not None:
            policy = load_policy(args.policy)
            hs.govern(replace(policy, mode=Mode.OBSERVE) if args.observe else policy)
        sys.stdout.write(json.dumps({"url": url, "pid": os.getpid()}) + "\n")
        sys.stdout.flush()
        config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1)
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
