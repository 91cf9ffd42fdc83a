"""The web application of a companion: one Starlette app from its node."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from homeostat.app.companion.administration import AdminApi
from homeostat.app.companion.background import background
from homeostat.app.companion.bodies import IN_FLIGHT_BYTES
from homeostat.app.companion.checks import state_of
from homeostat.app.companion.dreams import DreamApi
from homeostat.app.companion.exchange import ExchangeApi
from homeostat.app.companion.feedback import DoorEntrance
from homeostat.app.companion.learned import LearnedApi
from homeostat.app.companion.messages import MessageApi
from homeostat.app.companion.mirror import MirrorApi
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.openapi import description, openapi
from homeostat.app.companion.pages.gate import CompanionGate
from homeostat.app.companion.pages.pages import pages
from homeostat.app.companion.people import PeopleApi
from homeostat.app.companion.problems import Refusal, answer_to
from homeostat.app.companion.reviews import ReviewApi
from homeostat.app.companion.security import SecurityApi
from homeostat.app.companion.walks import WalkApi
from homeostat.app.feedback.api import FeedbackApi
from homeostat.app.web.budget import Budget
from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.health import Endpoint, healthz
from homeostat.core.errors import HomeostatError, StoreError, UnknownPerson


def create_companion_app(node: CompanionNode) -> Starlette:
    """Return the application. While it runs, so do the jobs; the node stays the caller's to close."""
    messages = MessageApi(
        node.companion,
        node.door,
        node.audit,
        node.threads,
        node.clock,
        node.desk,
        node.homeostat.losses,
    )
    routes = [*messages.routes(), *_routes(node)]
    routes.append(openapi(description(routes)))
    routes.extend(pages(node))
    app = Starlette(
        routes=routes,
        lifespan=lambda app: background(node, app, messages),
        middleware=[Middleware(CompanionGate, sessions=node.sessions, origins=node.origins)],
        exception_handlers={HTTPException: _refused, HomeostatError: _failed(node)},
    )
    app.state.bodies = Budget(IN_FLIGHT_BYTES)
    return app


def _routes(node: CompanionNode) -> list[BaseRoute]:
    """Return the routes of the API, but for the messages."""
    people, door, audit, threads = node.people, node.door, node.audit, node.threads
    models = node.models
    entrance = DoorEntrance(door, node.experience)
    return [
        *PeopleApi(node.companion, node.forget, node.flags, door, threads).routes(),
        *LearnedApi(people, node.palace, node.archaeology, node.flags, door, threads).routes(),
        *MirrorApi(people, node.mirror, node.flags, door, audit, threads, node.clock).routes(),
        *WalkApi(node.palace, people, node.walks, door, threads).routes(),
        *DreamApi(
            node.dreams, node.wishing, people, node.flags, door, threads, models.speech, models.pictures
        ).routes(),
        *ExchangeApi(node.companion, door, audit, threads, node.clock).routes(),
        *AdminApi(node.access, node.flags, door, audit, threads).routes(),
        *ReviewApi(node.guarding, door, audit, threads).routes(),
        *FeedbackApi(entrance, node.origins, threads.run).routes(),
        *SecurityApi(partial(state_of, node), node.sentry.lift, door, threads).routes(),
        Route("/healthz", healthz),
        Route("/readyz", _readyz(node)),
    ]


def _readyz(node: CompanionNode) -> Endpoint:
    async def ready(http: Request) -> Response:
        """Answer 200 where the store answers, else 503."""
        try:
            await node.threads.run(node.people.names, "", 1)
        except StoreError as error:
            return answer_to(error)
        return json_answer({"status": "ready", "waiting": node.rounds.waiting})

    return ready


async def _refused(http: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    remedy = error.remedy if isinstance(error, Refusal) else "see /openapi.json for what there is"
    return problem(error.status_code, error.detail, remedy, error.headers)


def _failed(node: CompanionNode) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def failed(http: Request, error: Exception) -> Response:
        assert isinstance(error, HomeostatError)
        if isinstance(error, UnknownPerson):
            await node.door.unknown(http)
        return answer_to(error)

    return failed
