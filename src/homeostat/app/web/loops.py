"""The loops' part of the API: what loops do, their ledgers, and orders to them."""

from typing import Any

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.datastructures import QueryParams
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.loops.loop_desk import ANSWER_S
from homeostat.app.web.bodies import body_of
from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.hormones import hormone_effects
from homeostat.app.web.ledger_rows import undoable
from homeostat.app.web.loop_views import LoopState, LoopViews, NoLoop
from homeostat.app.web.whole import whole
from homeostat.core.errors import InputError, NotAvailable
from homeostat.core.order import AnyOrder, Order
from homeostat.prove.ledger.entry import EntryKind, LedgerEntry
from homeostat.prove.ledger.story import told

ENTRIES = 50
ORDERS_AT_ONCE = 4
"""Orders that are waited for at once; others wait for these, so that the pages do not."""

ENTRIES_MAX = 1_000
NUMBER_MAX = 10**9
REMEDY = 'send JSON such as {"order": "pin", "by": "ann", "knob": "batch_size", "value": 16}'


class LoopApi:
    """Answers /api/loops and /api/ledger."""

    def __init__(self, loops: LoopViews) -> None:
        self._loops = loops
        self._limiter = CapacityLimiter(ORDERS_AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/loops", self.loops),
            Route("/api/loops/{service:path}/orders", self.order, methods=["POST"]),
            Route("/api/loops/{service:path}", self.loop),
            Route("/api/ledger", self.ledger),
        ]

    async def loops(self, http: HttpRequest) -> Response:
        """Answer GET /api/loops."""
        found = await to_thread.run_sync(self._loops.loops)
        return json_answer({"loops": [_told(state) for state in found.values()]})

    async def loop(self, http: HttpRequest) -> Response:
        """Answer GET /api/loops/{service}."""
        try:
            found = await to_thread.run_sync(self._loops.loop, http.path_params["service"])
        except NoLoop as error:
            return no_loop(error)
        assert found is not None
        return json_answer(_told(found))

    async def ledger(self, http: HttpRequest) -> Response:
        """Answer GET /api/ledger."""
        try:
            return json_answer(await to_thread.run_sync(self._ledger, http.query_params))
        except NoLoop as error:
            return no_loop(error)
        except InputError as error:
            return problem(400, str(error), "see /api/openapi.json for what is accepted")

    def _ledger(self, query: QueryParams) -> dict[str, object]:
        service = query.get("service", "")
        several = self._loops.loops()
        if not service and len(several) > 1:
            raise InputError(f"say which ledger with service=: {', '.join(sorted(several))}")
        after = whole(query, "after", 0, NUMBER_MAX) if query.get("after") else None
        limit = whole(query, "limit", ENTRIES, ENTRIES_MAX)
        state = self._loops.loop(service)
        if state is None:
            raise NoLoop("no loop has run within a day")
        service = state.loop.service
        read = self._loops.ledger(service)
        return {
            "service": service,
            "total": len(read.ledger.entries),
            "head": read.ledger.head,
            "broken": read.broken,
            "entries": [
                {**_entry(entry), "undoable": undoable(read.ledger, entry.number)}
                for entry in self._loops.entries(service, after, limit)
            ],
        }

    async def order(self, http: HttpRequest) -> Response:
        """Answer POST /api/loops/{service}/orders."""
        service = http.path_params["service"]
        try:
            body = await body_of(http)
            order = msgspec.json.decode(body, type=AnyOrder)
            if not 0 < len(order.by) <= 200:
                raise InputError("say in `by` who gives the order, in at most 200 characters")
            after, entries = await to_thread.run_sync(
                given, self._loops, service, order, limiter=self._limiter
            )
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return problem(400, f"the order cannot be understood: {error}", REMEDY)
        except NoLoop as error:
            return no_loop(error)
        except InputError as error:
            return problem(400, str(error), REMEDY)
        except NotAvailable as error:
            return problem(409, str(error), "GET /api/loops says which loops run")
        if not entries:
            text = f"the loop has not answered within {ANSWER_S:g} s; the order stays valid for an hour"
            return json_answer({"after": after, "entries": [], "words": text}, 202)
        refused = next((e.note.reason for e in entries if e.note.kind is EntryKind.REFUSED), None)
        if refused is not None:
            return problem(409, f"the loop refused the order: {refused}", "correct the order")
        words = "; ".join(told(entry.note) for entry in entries)
        return json_answer({"after": after, "entries": [_entry(e) for e in entries], "words": words})


def given(loops: LoopViews, service: str, order: Order) -> tuple[int, tuple[LedgerEntry, ...]]:
    """Leave an order and wait for what the ledger says; return the number before that, and the entries.

    Raises NoLoop, InputError where the order makes no sense, NotAvailable where the loop does not run.
    """
    loops.loop(service)
    after = loops.last(service)
    loops.desk.order(service, order)
    return after, answered(loops, service, after, order.by)


def answered(loops: LoopViews, service: str, after: int, by: str) -> tuple[LedgerEntry, ...]:
    """Wait for the answer to an order, and until the loop's state is the one after it."""
    entries = loops.desk.answer(service, after, by=by).entries
    if entries:
        loops.desk.follow(service, entries[-1].time_ns)
        loops.forget()
    return entries


def no_loop(error: NoLoop) -> Response:
    """Return the answer for a loop that is not there."""
    return problem(
        404, str(error), "call hs.govern('policy.toml') in the application; GET /api/loops lists all"
    )


def _told(state: LoopState) -> dict[str, Any]:
    effects = hormone_effects(state.loop.hormones)
    return {"alive": state.alive, **msgspec.to_builtins(state.loop), "hormone_effects": effects}


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    return {"words": told(entry.note), **msgspec.to_builtins(entry)}
