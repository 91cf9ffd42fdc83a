"""The web application of a companion: one Starlette app from its node."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from homeostat.app.companion.administration import AdminApi
from homeostat.app.companion.bodies import IN_FLIGHT_BYTES
from homeostat.app.companion.canary_front import CanaryFront
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
from homeostat.core.guard import guarded

DRAIN_S = 5.0

CANARY_S = 5.0
"""Between two questions of canaries: one in 750 messages at 150 a second."""


BLOCKS_S = 5.0
"""Within which a block that was lifted elsewhere is lifted here."""

SECURITY_S = 15.0
"""Between two steps of each check: the life of a canary takes some six minutes."""


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
    routes: list[BaseRoute] = [
        *messages.routes(),
        *PeopleApi(node.companion, node.forget, node.flags, node.door, node.threads).routes(),
        *LearnedApi(node.people, node.palace, node.archaeology, node.flags, node.door, node.threads).routes(),
        *MirrorApi(
            node.people, node.mirror, node.flags, node.door, node.audit, node.threads, node.clock
        ).routes(),
        *WalkApi(node.palace, node.people, node.walks, node.door, node.threads).routes(),
        *DreamApi(
            node.dreams,
            node.dream_stages,
            node.people,
            node.flags,
            node.door,
            node.audit,
            node.threads,
            node.speech,
            node.pictures,
        ).routes(),
        *ExchangeApi(node.companion, node.door, node.audit, node.threads, node.clock).routes(),
        *AdminApi(node.access, node.flags, node.door, node.audit, node.threads).routes(),
        *ReviewApi(node.guarding, node.door, node.audit, node.threads).routes(),
        *FeedbackApi(DoorEntrance(node.door, node.experience), node.origins, node.threads.run).routes(),
        *SecurityApi(
            node.security_state,
            node.sentry.lift,
            node.door,
            node.threads,
        ).routes(),
        Route("/healthz", healthz),
        Route("/readyz", _readyz(node)),
    ]

    routes.append(openapi(description(routes)))
    routes.extend(pages(node))

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        worker = await node.jobs.worker(node.options.workers, DRAIN_S)
        working = asyncio.create_task(worker.run())
        node.prober.start()
        tasks = [
            asyncio.create_task(node.rounds.serve()),
            asyncio.create_task(node.nights.serve()),
            asyncio.create_task(node.news.bus.serve()),
            asyncio.create_task(_canaries(node)),
            asyncio.create_task(_security(node, app)),
            asyncio.create_task(_blocks(node)),
        ]
        try:
            yield
        finally:
            node.dreams.drop_all()
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await messages.settled()
            worker.stop(at_once=True)
            await working
            await node.jobs.close()
            await node.news.bus.close()

    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        middleware=[Middleware(CompanionGate, sessions=node.sessions, origins=node.origins)],
        exception_handlers={HTTPException: _refused, HomeostatError: _failed(node)},
    )
    app.state.bodies = Budget(IN_FLIGHT_BYTES)
    return app


async def _canaries(node: CompanionNode) -> None:
    """Ask a canary now and then, for as long as the application runs."""
    if not node.options.canaries:
        return
    planted = False
    while True:
        with guarded(node.homeostat.losses, "companion.canaries"):
            if not planted:
                await node.threads.run(node.canaries.plant)
                planted = True
            await node.threads.run(node.canaries.ask)
        await asyncio.sleep(CANARY_S)


async def _security(node: CompanionNode, app: Starlette) -> None:
    """Take the next steps of the checks of security now and then, for as long as the application runs."""
    if not node.options.canaries:
        return
    security = node.security(CanaryFront(app, asyncio.get_running_loop()))
    step: asyncio.Future[None] | None = None
    try:
        while True:
            await asyncio.sleep(SECURITY_S)
            step = asyncio.ensure_future(node.threads.elsewhere(security.step))
            with guarded(node.homeostat.losses, "companion.security"):
                await asyncio.shield(step)
    finally:  # a step asks this application, which answers until here
        if step is not None:
            await asyncio.wait([step])
        await node.threads.elsewhere(security.close)


async def _blocks(node: CompanionNode) -> None:
    """Follow whom other servers block, and who is let in again, for as long as the application runs."""
    while True:
        with guarded(node.homeostat.losses, "companion.blocks"):
            await node.threads.run(node.sentry.follow)
        await asyncio.sleep(BLOCKS_S)


def _readyz(node: CompanionNode) -> Endpoint:
    async def ready(http: Request) -> Response:
        """Answer 200 where the store answers, else 503."""
        try:
            await node.threads.run(node.people.names, "", 1)
        except StoreError as error:
            return problem(503, f"the store does not answer: {error}", "see the log of the server")
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
