"""The administration's part of the API: tokens, flags and the audit."""

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
from homeostat.companion.access.access import LIST_MAX, Access
from homeostat.companion.access.audit import PAGE, Act, Audit
from homeostat.companion.access.grant import Grant, Scope, scopes_of
from homeostat.companion.flags import Flags, Setting

BODY_BYTES_MAX = 1 << 20
NUMBER_MAX = 2**53


class Wish(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A token that is asked for. Without a person it is a service's; `lasts_s` 0 is for ever."""

    scopes: list[str]
    person: str | None = None
    label: str = ""
    lasts_s: float = 0.0


class Shown(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A grant as it is shown; `token` once, when it is made."""

    id: str
    label: str
    person: str | None
    scopes: list[str]
    made: str
    expires: str = ""
    revoked: str = ""
    token: str = ""


class AdminApi:
    """Answers /tokens, /flags and /audit."""

    def __init__(self, access: Access, flags: Flags, door: Door, audit: Audit, threads: Threads) -> None:
        self._access = access
        self._flags = flags
        self._door = door
        self._audit = audit
        self._threads = threads

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/tokens", self.tokens),
            Route("/tokens", self.issue, methods=["POST"]),
            Route("/tokens/{id}", self.revoke, methods=["DELETE"]),
            Route("/flags", self.flags),
            Route("/flags/{name}", self.set_flag, methods=["PUT"]),
            Route("/audit", self.audit),
        ]

    async def tokens(self, http: Request) -> Response:
        """Answer up to a thousand tokens that follow `after`, without their secrets."""
        await self._door.enter(http, Scope.ADMIN)
        grants = await self._threads.run(self._access.grants, http.query_params.get("after", ""))
        more = grants[-1].id if len(grants) == LIST_MAX else None
        return json_answer({"tokens": [shown(grant) for grant in grants], "next": more})

    async def issue(self, http: Request) -> Response:
        """Make a token; its secret is in this answer alone."""
        grant = await self._door.enter(http, Scope.ADMIN)
        wish = understood(await body_of(http, BODY_BYTES_MAX), Wish)

        def issued() -> Shown:
            token, made = self._access.issue(
                scopes_of(wish.scopes),
                person=wish.person,
                label=wish.label,
                lasts_s=wish.lasts_s,
                by=grant.id,
            )
            return msgspec.structs.replace(shown(made), token=token.text)

        return json_answer(await self._threads.run(issued), 201)

    async def revoke(self, http: Request) -> Response:
        """Take a token back."""
        grant = await self._door.enter(http, Scope.ADMIN)
        found = await self._threads.run(self._access.revoke, http.path_params["id"], grant.id)
        if not found:
            return problem(404, "there is no token with this id", "GET /tokens lists what there is")
        return Response(status_code=204)

    async def flags(self, http: Request) -> Response:
        """Answer each flag: what was set by hand, and the percentage in force."""
        await self._door.enter(http, Scope.ADMIN)
        return json_answer(await self._threads.run(self._shown_flags))

    async def set_flag(self, http: Request) -> Response:
        """Set a flag by hand."""
        grant = await self._door.enter(http, Scope.ADMIN)
        setting = understood(await body_of(http, BODY_BYTES_MAX), Setting)
        name = http.path_params["name"]

        def put() -> object:
            self._flags.set(name, setting)
            self._audit.note(Act.FLAG_SET, grant.id, about=name)
            return self._shown_flags()[name]

        return json_answer(await self._threads.run(put))

    async def audit(self, http: Request) -> Response:
        """Answer up to `limit` entries after a number; with `verify` the head of the chain, if it holds."""
        await self._door.enter(http, Scope.ADMIN)
        after = whole(http.query_params, "after", 0, NUMBER_MAX)
        limit = whole(http.query_params, "limit", PAGE, PAGE)
        entries = await self._threads.run(self._audit.entries, after, limit)
        answer: dict[str, object] = {
            "entries": [{"number": n, **msgspec.structs.asdict(entry)} for n, entry in entries]
        }
        if http.query_params.get("verify"):
            head = await self._threads.run(self._audit.verify)
            answer["head"] = {"number": head.number, "digest": head.digest.hex()}
        return json_answer(answer)

    def _shown_flags(self) -> dict[str, dict[str, object]]:
        return {
            name: {**msgspec.structs.asdict(setting), "in_force": self._flags.in_force(name)}
            for name, setting in self._flags.all().items()
        }


def shown(grant: Grant) -> Shown:
    """Return what is shown of a grant."""
    return Shown(
        id=grant.id,
        label=grant.label,
        person=grant.person,
        scopes=sorted(grant.scopes),
        made=_time(grant.made_us),
        expires=_time(grant.expires_us),
        revoked=_time(grant.revoked_us),
    )


def _time(at_us: int) -> str:
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="seconds") if at_us else ""
