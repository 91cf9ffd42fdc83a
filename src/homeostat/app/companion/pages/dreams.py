"""The dreams' page: one now, steered and stopped while it is told; the diary with its sources; the wishes."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of
from homeostat.app.companion.dreams import FEATURE, Wished
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.frame import Frame, Visit
from homeostat.app.web.loop_forms import form_of
from homeostat.companion.access.grant import Scope
from homeostat.companion.dream import diary
from homeostat.companion.dream.scene import Shape
from homeostat.companion.dream.wishes import wishes_of
from homeostat.core.errors import InputError

FORM_BYTES_MAX = 32_768

SHAPES = {
    Shape.LINEAR: "in the order of time",
    Shape.CIRCULAR: "from one memory back to it",
    Shape.FRAGMENTED: "in leaps",
}


class DreamPages:
    """Answers /dreams, /dreams/wishes and /dreams/forgotten."""

    def __init__(self, node: CompanionNode, frame: Frame) -> None:
        self._node = node
        self._frame = frame

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/dreams", self.dreams),
            Route("/dreams/wishes", self.wish, methods=["POST"]),
            Route("/dreams/forgotten", self.forget, methods=["POST"]),
        ]

    async def dreams(self, http: Request) -> Response:
        """Answer the diary, the newest dream first, and the forms."""
        return await self._frame.answer(http, Scope.READ, self._dreams, FEATURE)

    def _dreams(self, visit: Visit) -> Response:
        with self._node.people.open(visit.person) as memory:
            wishes = wishes_of(memory.notes)
            dreams = diary.dreams_of(memory)[::-1]
        return visit.page(
            "dreams.html",
            "dreams",
            "Dreams",
            wishes=wishes,
            dreams=dreams,
            running=self._node.dreams.dreaming(visit.person),
            shapes=SHAPES,
            speaks=self._node.models.speech is not None,
            paints=self._node.models.pictures is not None,
            triggers="\n".join(wishes.triggers),
            may_write=Scope.WRITE in visit.grant.scopes,
            may_forget=Scope.FORGET in visit.grant.scopes,
        )

    async def wish(self, http: Request) -> Response:
        """Keep whether dreams are wanted, and what must never come up."""
        given = form_of(await body_of(http, FORM_BYTES_MAX))

        async def wish(visit: Visit) -> Response:
            await self._node.wishing.wish(visit.person, _wished(given), visit.grant.id)
            return RedirectResponse("/dreams", 303)

        return await self._frame.done(http, Scope.WRITE, wish, FEATURE)

    async def forget(self, http: Request) -> Response:
        """Forget a dream."""
        name = form_of(await body_of(http, FORM_BYTES_MAX)).get("name", "")

        def forgotten(visit: Visit) -> Response:
            with self._node.people.open(visit.person) as memory:
                diary.remove(memory, name)
            return RedirectResponse("/dreams#diary", 303)

        return await self._frame.answer(http, Scope.FORGET, forgotten, FEATURE)


def _wished(given: dict[str, str]) -> Wished:
    """Return what a form says. Raises InputError."""
    shape = given.get("shape", Shape.LINEAR)
    if shape not in set(Shape):
        raise InputError(f"a shape is {', '.join(Shape)}, not {shape[:20]!r}")
    return Wished(
        consent=given.get("consent") == "true",
        away=given.get("away") == "true",
        shape=Shape(shape),
        triggers=[line.strip() for line in given.get("triggers", "").splitlines() if line.strip()],
    )
