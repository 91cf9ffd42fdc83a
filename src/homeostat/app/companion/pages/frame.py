"""The frame of the companion's pages: who is signed in, whose memory it is, and what is said on failure."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from homeostat.app.companion.door import ME, Door
from homeostat.app.companion.pages.gate import SESSION
from homeostat.app.companion.pages.html import page
from homeostat.app.companion.pages.sessions import Session
from homeostat.app.companion.problems import Off, Refusal, told_of
from homeostat.app.companion.threads import Threads
from homeostat.companion.access.grant import Grant, Scope
from homeostat.companion.flags import Flags
from homeostat.core.errors import HomeostatError, InputError, UnknownPerson
from homeostat.runtime.limits.refused import Refused


@dataclass(frozen=True, slots=True)
class Visit:
    """One look at a page: whose memory, by whose token, and what was asked for."""

    person: str
    grant: Grant
    http: Request

    @property
    def service(self) -> bool:
        """Whether the token is a service's, which may look at others."""
        return self.grant.person is None

    @property
    def administers(self) -> bool:
        """Whether the token is one of administration."""
        return Scope.ADMIN in self.grant.scopes

    @property
    def api(self) -> str:
        """Where the API has this person."""
        return f"/people/{ME if not self.service else quote(self.person, safe='')}"

    def page(self, template: str, section: str, title: str, **values: object) -> HTMLResponse:
        """Return a page about this person."""
        return page(template, section, title, 200, visit=self, administers=self.administers, **values)


Look = Callable[[Visit], Response]
Do = Callable[[Visit], Awaitable[Response]]


class Frame:
    """Lets people in, runs what makes their pages, and says what went wrong in words."""

    def __init__(self, door: Door, flags: Flags, threads: Threads) -> None:
        self._door = door
        self._flags = flags
        self._threads = threads

    async def answer(self, http: Request, scope: Scope, look: Look, feature: str = "") -> Response:
        """Return the page that `look` makes in a thread, or one that says why there is none."""
        return await self.done(
            http, scope, lambda visit: self._threads.run_for(visit.person, look, visit), feature
        )

    async def done(self, http: Request, scope: Scope, do: Do, feature: str = "") -> Response:
        """Return what `do` answers on the event loop, or a page that says why nothing was done."""
        try:
            visit = await self._visit(http, scope)
        except Refusal as error:
            return _refused(http, error)
        except Refused as error:
            return _told(None, 429, str(error), "Wait a moment and load the page again.")
        try:
            if feature and not self._flags.on(feature, visit.person):
                raise Off(f"{feature} is off for this person by its flag")
            return await do(visit)
        except UnknownPerson:
            await self._door.unknown(http)
            return visit.page("begin.html", "", "Nothing is remembered yet")
        except (Off, InputError) as error:
            status = 409 if isinstance(error, Off) else 400
            return _told(visit, status, str(error), "Go back and change what was asked for.")
        except HomeostatError as error:
            told = told_of(error)
            return _told(visit, told.status, told.error, "Try again in a moment.")

    async def _visit(self, http: Request, scope: Scope) -> Visit:
        """Return who looks at whose memory; administration is about nobody. Raises Refusal."""
        session: Session | None = http.scope.get(SESSION)
        named = "" if session is None else session.person
        if scope is Scope.ADMIN:
            return Visit(named, await self._door.enter(http, scope), http)
        http.scope["path_params"] = {"person": named or ME}
        grant, person = await self._door.person(http, scope)
        return Visit(person, grant, http)


def _refused(http: Request, error: Refusal) -> Response:
    if error.status_code == 401:
        query = f"?{http.url.query}" if http.url.query else ""
        target = f"{http.url.path}{query}" if http.method == "GET" else "/"
        return RedirectResponse(f"/login?next={quote(target, safe='')}", 303)
    if error.status_code == 422:
        return RedirectResponse("/person", 303)
    return _told(None, error.status_code, error.detail, error.remedy)


def _told(visit: Visit | None, status: int, error: str, remedy: str) -> Response:
    error = f"{error[:1].upper()}{error[1:]}."
    administers = visit is not None and visit.administers
    return page(
        "told.html",
        "",
        "Not done",
        status,
        visit=visit,
        administers=administers,
        error=error,
        remedy=remedy,
    )
