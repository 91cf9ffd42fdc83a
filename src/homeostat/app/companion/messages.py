"""The messages' part of the API: they come in, are read, edited, forgotten and found."""

import asyncio
from array import array
from collections.abc import AsyncIterator, Coroutine
from datetime import datetime
from typing import Any
from uuid import uuid4

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from homeostat.app.companion.bodies import MessageBody, body_of, lines_of, understood
from homeostat.app.companion.door import Door
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.whole import whole
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Scope
from homeostat.companion.companion import Companion, K
from homeostat.companion.crisis_desk import CrisisDesk, Heard
from homeostat.companion.exchange.keeping import BATCH, BATCH_CHARS, highest, keep
from homeostat.companion.limits import K_MAX
from homeostat.companion.message import NewMessage
from homeostat.companion.store.people import Within
from homeostat.core.clock import Clock
from homeostat.core.errors import InputError, TooLarge
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses

LIMIT = 100
LIMIT_MAX = 1_000
SEQ_MAX = 2**53
LINES_MAX = 1_000_000
ERRORS_MAX = 10_000
NDJSON = "application/x-ndjson"


class Edit(msgspec.Struct, forbid_unknown_fields=True):
    """The body of an edit."""

    text: str


class MessageApi:
    """Answers /people/{person}/messages and /people/{person}/search."""

    def __init__(
        self,
        companion: Companion,
        door: Door,
        audit: Audit,
        threads: Threads,
        clock: Clock,
        desk: CrisisDesk,
        losses: Losses,
    ) -> None:
        self._companion = companion
        self._door = door
        self._audit = audit
        self._threads = threads
        self._clock = clock
        self._desk = desk
        self._losses = losses
        self._going: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """Return the routes."""
        messages = "/people/{person}/messages"
        return [
            Route(messages, self.receive, methods=["POST"]),
            Route(messages, self.read),
            Route(messages + "/bulk", self.bulk, methods=["POST"]),
            Route(messages + "/{id:path}", self.edit, methods=["PATCH"]),
            Route(messages + "/{id:path}", self.remove, methods=["DELETE"]),
            Route(messages + "/{id:path}", self.one),
            Route("/people/{person}/search", self.search),
        ]

    async def receive(self, http: Request) -> Response:
        """Keep a message; answer what it calls up. 201 where it is new, 200 where its id was known.

        Who may be in danger gets help before anything else: 202, with `crisis` in place of memories.
        """
        since_ns = self._clock.monotonic_ns()
        grant, person = await self._door.person(http, Scope.WRITE, paced=False)
        body = understood(await body_of(http), MessageBody)
        message = body.message(uuid4().hex, self._now_us())
        heard = self._desk.heard(message.text) if message.own else None
        if heard is not None:
            return self._in_danger(person, message, heard, since_ns)
        await self._door.pace(grant, http)
        k = K if body.k is None else body.k
        received = await self._threads.answered(person, self._companion.receiving(person, message, k))
        return json_answer(received, 201 if received.new else 200)

    def _in_danger(self, person: str, message: NewMessage, heard: Heard, since_ns: int) -> Response:
        """Answer with help at once: 202, for the message is kept, and others are told, while it is read."""
        self._beside(self._threads.run_for(person, self._companion.receive, person, message, 0))
        self._desk.stop(person)
        self._beside(self._threads.run(self._desk.note, person, heard))
        self._beside(self._threads.elsewhere(self._desk.tell, person, heard))
        self._desk.answered(since_ns)
        return json_answer({"id": message.id, "crisis": {"kind": heard.kind, "help": heard.help}}, 202)

    async def settled(self) -> None:
        """Wait until all is done that goes on after its answer."""
        while self._going:
            await asyncio.wait(self._going)

    def _beside(self, work: Coroutine[Any, Any, Any]) -> None:
        """Have work go on after the answer; what fails is counted."""

        async def guarded_work() -> None:
            with guarded(self._losses, "companion.crisis"):
                await work

        task = asyncio.create_task(guarded_work())
        self._going.add(task)
        task.add_done_callback(self._going.discard)

    async def bulk(self, http: Request) -> Response:
        """Keep messages that come as lines of JSON; answer a line for each, in their order, and a sum.

        What was read is held a batch at a time, and of each line its seq. They are found by words at once, by
        meaning as the enrichment goes on.
        """
        _, person = await self._door.person(http, Scope.WRITE)
        results = _Results()
        batch: list[tuple[int, NewMessage]] = []
        chars = 0
        number = 0
        async for line in lines_of(http):
            number += 1
            if number > LINES_MAX:
                raise TooLarge(f"more than {LINES_MAX} lines in one request; what stood before is kept")
            if line.isspace() or not line:
                results.blank(number)
                continue
            try:
                message = msgspec.json.decode(line, type=MessageBody).message(uuid4().hex, self._now_us())
            except (msgspec.DecodeError, UnicodeDecodeError, InputError) as error:
                results.bad(number, str(error))
                continue
            batch.append((number, message))
            chars += len(message.text)
            if len(batch) >= BATCH or chars >= BATCH_CHARS:
                await self._keep(person, batch, results)
                batch, chars = [], 0
        await self._keep(person, batch, results)
        return StreamingResponse(results.lines(number), media_type=NDJSON)

    async def _keep(self, person: str, batch: list[tuple[int, NewMessage]], results: "_Results") -> None:
        if not batch:
            return
        kept = await self._threads.run_for(
            person, keep, self._companion, person, [message for _, message in batch], results.reached
        )
        results.reached = highest(kept, results.reached)
        for (number, _), result in zip(batch, kept, strict=True):
            if isinstance(result, int):
                results.good(number, result)
            else:
                results.bad(number, str(result))

    async def read(self, http: Request) -> Response:
        """Answer up to `limit` messages that follow `after`, in the order in which they came."""
        _, person = await self._door.person(http, Scope.READ)
        after = whole(http.query_params, "after", 0, SEQ_MAX)
        limit = whole(http.query_params, "limit", LIMIT, LIMIT_MAX)
        found = await self._threads.run_for(
            person, self._companion.read, person, after, limit, within_of(http)
        )
        return json_answer({"messages": found})

    async def one(self, http: Request) -> Response:
        """Answer one message."""
        _, person = await self._door.person(http, Scope.READ)
        found = await self._threads.run_for(person, self._companion.one, person, http.path_params["id"])
        return json_answer(found) if found is not None else no_message()

    async def edit(self, http: Request) -> Response:
        """Replace a message's text everywhere."""
        grant, person = await self._door.person(http, Scope.WRITE)
        text = understood(await body_of(http), Edit).text
        id = http.path_params["id"]

        def edited() -> object:
            found = self._companion.edit(person, id, text, self._now_us())
            if found is not None:
                self._audit.note(Act.EDITED, grant.id, person=person, about=str(found.seq))
            return found

        found = await self._threads.run_for(person, edited)
        return json_answer(found) if found is not None else no_message()

    async def remove(self, http: Request) -> Response:
        """Forget a message for good."""
        grant, person = await self._door.person(http, Scope.FORGET)

        def removed() -> int:
            count = self._companion.remove(person, [http.path_params["id"]])
            if count:
                self._audit.note(Act.REMOVED, grant.id, person=person, about=str(count))
            return count

        count = await self._threads.run_for(person, removed)
        return Response(status_code=204) if count else no_message()

    async def search(self, http: Request) -> Response:
        """Answer the memories that a question calls up, the best first."""
        _, person = await self._door.person(http, Scope.READ)
        text = http.query_params.get("q", "")
        k = whole(http.query_params, "k", K, K_MAX)
        searching = self._companion.searching(person, text, k, within_of(http))
        hits = await self._threads.answered(person, searching)
        return json_answer({"hits": hits})

    def _now_us(self) -> int:
        return self._clock.now_ns() // 1_000


class _Results:
    """What became of each line: 8 bytes for a good one, the reason of the first bad ones."""

    def __init__(self) -> None:
        self.reached = 0
        self._seqs = array("q")
        self._errors: dict[int, str] = {}
        self._bad = 0
        self._kept = 0

    def good(self, number: int, seq: int) -> None:
        self._set(number, seq)
        self._kept += 1

    def bad(self, number: int, reason: str) -> None:
        self._set(number, 0)
        self._bad += 1
        if len(self._errors) < ERRORS_MAX:
            self._errors[number] = reason

    def blank(self, number: int) -> None:
        self._set(number, -1)

    def _set(self, number: int, seq: int) -> None:
        while len(self._seqs) < number:
            self._seqs.append(-1)
        self._seqs[number - 1] = seq

    async def lines(self, count: int) -> AsyncIterator[bytes]:
        """Yield the answer."""
        encode = msgspec.json.Encoder().encode
        piece = bytearray()
        for number, seq in enumerate(self._seqs, 1):
            if seq > 0:
                piece += b'{"line":%d,"seq":%d}\n' % (number, seq)
            elif seq == 0:
                error = self._errors.get(number, "not kept; its reason was not kept either: there are many")
                piece += encode({"line": number, "error": error}) + b"\n"
            if len(piece) > 65_536:
                yield bytes(piece)
                piece.clear()
        piece += encode({"lines": count, "kept": self._kept, "bad": self._bad}) + b"\n"
        yield bytes(piece)


def within_of(http: Request) -> Within:
    """Return which messages a query is about. Raises InputError."""
    query = http.query_params
    own = query.get("own")
    if own not in (None, "", "true", "false"):
        raise InputError(f"own must be true or false, not {own[:20]!r}")
    return Within(
        talk=query.get("talk") or None,
        author=query.get("author") or None,
        own=None if not own else own == "true",
        begin_us=_moment(query.get("begin"), "begin"),
        end_us=_moment(query.get("end"), "end"),
    )


def _moment(text: str | None, name: str) -> int | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InputError(f"{name} must be a time with its zone, such as 2026-11-20T18:30:00Z")
    return round(found.timestamp() * 1e6)


def no_message() -> Response:
    """Return the answer where there is no such message."""
    return problem(404, "there is no message with this id", "GET …/messages lists what there is")
