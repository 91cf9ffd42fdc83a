"""The page of reviews: one text at a time that the guard held, what people say of it, and the figures."""

from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of
from homeostat.app.companion.pages.frame import Frame, Visit
from homeostat.app.companion.pages.signing_in import FORM_BYTES_MAX
from homeostat.app.companion.reviews import decided, queue
from homeostat.app.web.loop_forms import form_of
from homeostat.companion.access.audit import Audit
from homeostat.companion.access.grant import Scope
from homeostat.core.errors import InputError
from homeostat.evaluate.safety.category import Action, Category
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.guarding.reviews import Said

PATH = "/review"


class ReviewPages:
    """Answers /review."""

    def __init__(self, guarding: Guarding, audit: Audit, frame: Frame) -> None:
        self._guarding = guarding
        self._audit = audit
        self._frame = frame

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route(PATH, self.page), Route(PATH, self.decide, methods=["POST"])]

    async def page(self, http: Request) -> Response:
        """Answer the review that is due, and how accurate the guard is."""
        return await self._frame.answer(http, Scope.ADMIN, self._page)

    def _page(self, visit: Visit) -> Response:
        return visit.page(
            "review.html",
            "review",
            "Review",
            queue=queue(self._guarding, 1),
            actions=list(Action),
            categories=list(Category),
        )

    async def decide(self, http: Request) -> Response:
        """Keep what somebody says of a review, and show the next."""
        given = form_of(await body_of(http, FORM_BYTES_MAX))
        return await self._frame.answer(http, Scope.ADMIN, partial(self._decided, given))

    def _decided(self, given: dict[str, str], visit: Visit) -> Response:
        said = _said(given)
        decided(self._guarding, self._audit, given.get("id", ""), said, visit.grant.id)
        return RedirectResponse(PATH, 303)


def _said(given: dict[str, str]) -> Said:
    """Return what a form says. Raises InputError."""
    action, category = given.get("action", ""), given.get("category", "")
    match given.get("verdict", ""):
        case "right":
            return Said(verdict="right")
        case "wrong":
            try:
                return Said(
                    verdict="wrong",
                    action=Action(action) if action else None,
                    category=Category(category) if category else None,
                )
            except ValueError as error:
                raise InputError(f"what it should have been is not known here: {error}") from None
        case other:
            raise InputError(f"a verdict is right or wrong, not {other[:20]!r}")
