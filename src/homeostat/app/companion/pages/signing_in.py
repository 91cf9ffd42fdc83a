"""Signing in and out: a token is pasted once, and a sealed cookie stands for it afterwards."""

from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of
from homeostat.app.companion.door import Door
from homeostat.app.companion.pages.gate import SESSION
from homeostat.app.companion.pages.html import page
from homeostat.app.companion.pages.sessions import COOKIE, LASTS_S, Session, Sessions
from homeostat.app.companion.problems import Refusal
from homeostat.app.web.loop_forms import form_of
from homeostat.app.web.security import safe_target
from homeostat.companion.access.grant import Scope
from homeostat.companion.store.accepted import checked_person
from homeostat.core.errors import InputError
from homeostat.runtime.limits.refused import Refused

FORM_BYTES_MAX = 8_192


class SigningIn:
    """Answers /login, /logout and /person."""

    def __init__(self, door: Door, sessions: Sessions) -> None:
        self._door = door
        self._sessions = sessions

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/login", self.form),
            Route("/login", self.enter, methods=["POST"]),
            Route("/logout", self.leave, methods=["POST"]),
            Route("/person", self.whose),
            Route("/person", self.choose, methods=["POST"]),
        ]

    async def form(self, http: Request) -> Response:
        """Answer the form for the token."""
        return _form(safe_target(http.query_params.get("next", "/")))

    async def enter(self, http: Request) -> Response:
        """Take a token; leave a cookie where it holds, and go where the person wanted to."""
        given = form_of(await body_of(http, FORM_BYTES_MAX))
        target = safe_target(given.get("next", "/"))
        token = given.get("token", "").strip()
        shown = (b"authorization", b"Bearer " + token.encode())
        try:
            await self._door.enter(HTTPConnection({**http.scope, "headers": [shown]}), Scope.READ)
        except Refusal as error:
            wrong = "That is no token that holds." if error.status_code == 401 else "That token may not read."
            return _form(target, wrong, error.status_code)
        except Refused:
            return _form(target, "Too many tries: wait a moment.", 429)
        return self._signed(http, target, token, "")

    async def leave(self, http: Request) -> Response:
        """Take the cookie back."""
        answer = RedirectResponse("/login", 303)
        signed_out(answer)
        return answer

    async def whose(self, http: Request) -> Response:
        """Answer the form in which a service says whose memory it wants to see."""
        session: Session | None = http.scope.get(SESSION)
        if session is None:
            return RedirectResponse("/login", 303)
        return page("whose.html", "", "Whose memory", person=session.person, wrong="")

    async def choose(self, http: Request) -> Response:
        """Take the person whose memory a service's session looks at."""
        session: Session | None = http.scope.get(SESSION)
        if session is None:
            return RedirectResponse("/login", 303)
        given = form_of(await body_of(http, FORM_BYTES_MAX)).get("person", "").strip()
        try:
            person = checked_person(given)
        except InputError as error:
            return page("whose.html", "", "Whose memory", 400, person="", wrong=str(error))
        return self._signed(http, "/", session.token, person)

    def _signed(self, http: Request, target: str, token: str, person: str) -> Response:
        answer = RedirectResponse(target, 303)
        answer.set_cookie(
            COOKIE,
            self._sessions.seal(token, person),
            max_age=LASTS_S,
            httponly=True,
            samesite="strict",
            secure=http.url.scheme == "https",
        )
        return answer


def signed_out(answer: Response) -> None:
    """Have an answer take the cookie back."""
    answer.delete_cookie(COOKIE, httponly=True, samesite="strict")


def _form(target: str, wrong: str = "", status: int = 200) -> Response:
    return page("signing_in.html", "", "Sign in", status, next=target, wrong=wrong)
