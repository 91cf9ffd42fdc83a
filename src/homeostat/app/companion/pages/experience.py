"""The page of a person's own experience: giving feedback, what is kept of it, and how that ends."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of
from homeostat.app.companion.pages.frame import Frame, Visit
from homeostat.app.companion.pages.signing_in import FORM_BYTES_MAX
from homeostat.app.feedback.api import WIDGET_PATH
from homeostat.app.web.loop_forms import form_of
from homeostat.companion.access.grant import Scope
from homeostat.core.errors import InputError
from homeostat.runtime.experience.experience import Experience

PATH = "/experience"


class ExperiencePages:
    """Answers /experience."""

    def __init__(self, experience: Experience, frame: Frame) -> None:
        self._experience = experience
        self._frame = frame

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(PATH, self.page), Route(PATH, self.order, methods=["POST"])]

    async def page(self, http: Request) -> Response:
        """Answer what is kept of how the person fares, and the widget."""
        return await self._frame.answer(http, Scope.READ, self._page)

    def _page(self, visit: Visit) -> Response:
        experience = self._experience
        return visit.page(
            "experience.html",
            "experience",
            "Experience",
            declared=experience.declaration.told(),
            held=experience.held(visit.person),
            out=experience.opted_out(visit.person),
            widget=WIDGET_PATH,
            may_write=Scope.WRITE in visit.grant.scopes,
        )

    async def order(self, http: Request) -> Response:
        """Have nothing more kept of the person, have them count again, or forget what is kept."""
        order = form_of(await body_of(http, FORM_BYTES_MAX)).get("order", "")
        return await self._frame.answer(http, Scope.WRITE, partial(self._obeyed, order))

    def _obeyed(self, order: str, visit: Visit) -> Response:
        match order:
            case "out":
                self._experience.opt_out(visit.person)
            case "in":
                self._experience.opt_in(visit.person)
            case "forget":
                self._experience.forget(visit.person)
            case _:
                raise InputError(f"there is no order {order[:20]!r}: out, in or forget")
        return RedirectResponse(PATH, 303)
