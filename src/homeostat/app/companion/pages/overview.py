"""The overview of a person: what is held, for how long, and how to take it along or have it forgotten."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.frame import Frame, Visit
from homeostat.app.companion.pages.html import page
from homeostat.app.companion.pages.shapes import look_of
from homeostat.app.companion.pages.signing_in import FORM_BYTES_MAX, signed_out
from homeostat.app.web.loop_forms import form_of
from homeostat.companion.access.grant import Scope
from homeostat.companion.palace.views import Kind
from homeostat.core.errors import InputError, UnknownPerson

ROOMS = 8
GAPS = 3
SURE = "forget"
"""What is typed to have everything forgotten."""

TIERS = {
    "working": "the talk that goes on",
    "short": "of late",
    "long": "what stays",
}


class Overview:
    """Answers / and /forget."""

    def __init__(self, node: CompanionNode, frame: Frame) -> None:
        self._node = node
        self._frame = frame

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/", self.overview), Route("/forget", self.forget, methods=["POST"])]

    async def overview(self, http: Request) -> Response:
        """Answer what is held of the person."""
        return await self._frame.answer(http, Scope.READ, self._overview)

    def _overview(self, visit: Visit) -> Response:
        node, person = self._node, visit.person
        on = partial(node.flags.on, person=person)
        with node.people.open(person) as memory:
            extent = memory.extent()
            if not extent.count:
                raise UnknownPerson(person)
            ends = [*memory.reading.after(0, 1), *memory.reading.by_seq([extent.last])]
            ends.sort(key=lambda message: message.at_us)
            palace = on("palace")
            rooms = node.palace.rooms(memory) if palace else []
            authors = node.palace.rooms(memory, Kind.PERSON) if palace else []
            tiers = node.palace.tiers(memory) if palace else []
            gaps = node.archaeology.gaps(memory, GAPS) if on("archaeology") else []
            mirror = node.mirror.shown(memory) if on("mirror") else None
        return visit.page(
            "person.html",
            "person",
            "Overview",
            extent=extent,
            ends=ends,
            rooms=rooms[:ROOMS],
            rooms_all=len(rooms),
            authors=authors,
            tiers=tiers,
            tier_words=TIERS,
            gaps=gaps,
            mirror=mirror,
            look_of=look_of,
            may_export=Scope.EXPORT in visit.grant.scopes,
            may_forget=Scope.FORGET in visit.grant.scopes,
            sure=SURE,
        )

    async def forget(self, http: Request) -> Response:
        """Destroy everything of the person, where they typed that they are sure."""
        given = form_of(await body_of(http, FORM_BYTES_MAX))

        def forgotten(visit: Visit) -> Response:
            if given.get("sure", "").strip().lower() != SURE:
                raise InputError(f"nothing was forgotten: type {SURE} to have it done")
            self._node.forget(visit.person, visit.grant.id)
            answer = page("forgotten.html", "", "Forgotten", service=visit.service)
            if not visit.service:
                signed_out(answer)
            return answer

        return await self._frame.answer(http, Scope.FORGET, forgotten)
