"""The mirror's page: what is held of how a person writes, corrected or turned off by themselves."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.frame import Frame, Visit
from homeostat.app.companion.problems import Off
from homeostat.app.web.loop_forms import form_of
from homeostat.companion.access.audit import Act
from homeostat.companion.access.grant import Scope
from homeostat.companion.mirror.replies.features import Turn
from homeostat.companion.mirror.replies.likely import Likely
from homeostat.core.errors import InputError

FEATURE = "mirror"
FORM_BYTES_MAX = 32_768
SAID_CHARS_MAX = 2_000


class MirrorPages:
    """Answers /mirror, /mirror/switch, /mirror/correction and /mirror/replies."""

    def __init__(self, node: CompanionNode, frame: Frame) -> None:
        self._node = node
        self._frame = frame

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/mirror", self.mirror),
            Route("/mirror/switch", self.switch, methods=["POST"]),
            Route("/mirror/correction", self.correct, methods=["POST"]),
            Route("/mirror/replies", self.replies, methods=["POST"]),
        ]

    async def mirror(self, http: Request) -> Response:
        """Answer all that is held."""
        return await self._frame.answer(http, Scope.READ, self._mirror, FEATURE)

    def _mirror(self, visit: Visit, said: str = "", likely: Likely | None = None) -> Response:
        with self._node.people.open(visit.person) as memory:
            shown = self._node.mirror.shown(memory)
        may_write = Scope.WRITE in visit.grant.scopes
        return visit.page(
            "mirror.html", "mirror", "Mirror", shown=shown, said=said, likely=likely, may_write=may_write
        )

    async def switch(self, http: Request) -> Response:
        """Turn the mirror on, or off, which forgets what it learned."""
        wanted = form_of(await body_of(http, FORM_BYTES_MAX)).get("on") == "true"

        def switched(visit: Visit) -> Response:
            with self._node.people.open(visit.person) as memory:
                (self._node.mirror.on if wanted else self._node.mirror.off)(memory)
            self._noted(visit, "on" if wanted else "off")
            if wanted:
                self._node.rounds.due(visit.person)
            return RedirectResponse("/mirror", 303)

        return await self._frame.answer(http, Scope.WRITE, switched, FEATURE)

    async def correct(self, http: Request) -> Response:
        """Put the person's own word in the place of what was learned; an empty one takes it back."""
        given = form_of(await body_of(http, FORM_BYTES_MAX))
        aspect, value = given.get("aspect", ""), given.get("value", "").strip() or None

        def corrected(visit: Visit) -> Response:
            with self._node.people.open(visit.person) as memory:
                if self._node.mirror.is_off(memory):
                    raise Off("the mirror is turned off")
                self._node.mirror.correct(memory, aspect, value)
            self._noted(visit, aspect)
            return RedirectResponse(f"/mirror#{aspect}", 303)

        return await self._frame.answer(http, Scope.WRITE, corrected, FEATURE)

    async def replies(self, http: Request) -> Response:
        """Answer the page with what the person would likely reply."""
        said = form_of(await body_of(http, FORM_BYTES_MAX)).get("said", "").strip()[:SAID_CHARS_MAX]

        def replied(visit: Visit) -> Response:
            if not said:
                raise InputError("say something that could be replied to")
            with self._node.people.open(visit.person) as memory:
                if self._node.mirror.is_off(memory):
                    raise Off("the mirror is turned off")
                likely = self._node.mirror.likely(memory, [Turn(said, own=False)])
            return self._mirror(visit, said, likely)

        return await self._frame.answer(http, Scope.READ, replied, FEATURE)

    def _noted(self, visit: Visit, about: str) -> None:
        self._node.audit.note(Act.CORRECTED, visit.grant.id, person=visit.person, about=about)
