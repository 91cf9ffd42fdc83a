"""The reviews' part of the API: what the guard held, what people say of it, and how accurate it is."""

from datetime import UTC, datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of, understood
from homeostat.app.companion.door import Door
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer, problem
from homeostat.app.web.whole import whole
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Scope
from homeostat.evaluate.safety.category import Action, Category
from homeostat.runtime.guarding.figures import Accuracy
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.guarding.reviews import NoReview, Review, Said

BODY_BYTES_MAX = 4_096
LIMIT, LIMIT_MAX = 20, 500


class ShownReview(msgspec.Struct, kw_only=True):
    """One review as it is shown; `text` is empty where texts are not kept."""

    id: str
    at: str
    place: str
    action: Action
    held: bool
    category: Category | None
    severity: float
    start: int
    end: int
    text: str
    said: Said | None


class Queue(msgspec.Struct, kw_only=True):
    """The reviews that wait, the worst first, how many there are, and the guard's accuracy."""

    reviews: list[ShownReview]
    waiting: int
    decided: int
    accuracy: Accuracy


class ReviewApi:
    """Answers /reviews."""

    def __init__(self, guarding: Guarding, door: Door, audit: Audit, threads: Threads) -> None:
        self._guarding = guarding
        self._door = door
        self._audit = audit
        self._threads = threads

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/reviews", self.reviews),
            Route("/reviews/{id}", self.decide, methods=["POST"]),
        ]

    async def reviews(self, http: Request) -> Response:
        """Answer what the guard held and nobody has judged, with the figures of its accuracy."""
        await self._door.enter(http, Scope.ADMIN)
        limit = whole(http.query_params, "limit", LIMIT, LIMIT_MAX)
        return json_answer(await self._threads.run(queue, self._guarding, limit))

    async def decide(self, http: Request) -> Response:
        """Say of one whether the guard was right, and what should have been done if it was not."""
        grant = await self._door.enter(http, Scope.ADMIN)
        said = understood(await body_of(http, BODY_BYTES_MAX), Said)
        id = http.path_params["id"]
        try:
            found = await self._threads.run(decided, self._guarding, self._audit, id, said, grant.id)
        except NoReview as error:
            return problem(404, str(error), "GET /reviews lists those that wait")
        return json_answer(found)


def queue(guarding: Guarding, limit: int) -> Queue:
    """Return what waits, and the figures."""
    reviews = guarding.reviews
    waiting, done = (0, 0) if reviews is None else reviews.counts()
    some = [] if reviews is None else reviews.waiting(limit)
    return Queue(
        reviews=[shown(guarding, one) for one in some],
        waiting=waiting,
        decided=done,
        accuracy=guarding.accuracy(),
    )


def decided(guarding: Guarding, audit: Audit, id: str, said: Said, by: str) -> ShownReview:
    """Keep what somebody said, and note who it was. Raises NoReview, InputError."""
    found = guarding.decide(id, said, by)
    audit.note(Act.REVIEWED, by, about=found.id)
    return shown(guarding, found)


def shown(guarding: Guarding, review: Review) -> ShownReview:
    """Return a review as it is shown: its text opened, where texts are kept."""
    assert guarding.reviews is not None
    return ShownReview(
        id=review.id,
        at=datetime.fromtimestamp(review.at_ns / 1e9, UTC).isoformat(timespec="seconds"),
        place=review.place,
        action=review.action,
        held=review.held,
        category=review.category,
        severity=round(review.severity, 1),
        start=review.start,
        end=review.end,
        text=guarding.reviews.opened(review),
        said=review.said,
    )
