"""The door: who asks, whether they may, and how often."""

from collections import OrderedDict
from collections.abc import Callable

from starlette.requests import HTTPConnection

from homeostat.app.companion.problems import Refusal
from homeostat.app.companion.threads import Threads
from homeostat.companion.access.access import Access, Reason
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Grant, Scope
from homeostat.companion.canary_names import is_canary
from homeostat.companion.security.sentry import Sentry
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.runtime.host import Host
from homeostat.runtime.limits.rate_limit import RateLimit
from homeostat.runtime.limits.refused import RateExceeded

ME = "me"
"""Stands in a path for the person whose token it is."""

UNREADABLE = "\ufffd"
"""Stands for each byte of a path that is no UTF-8: names that differ there alone would be one person."""

PERSON_RATE = 20.0
SERVICE_RATE = 5_000.0
STRANGER_RATE = 20.0
"""Requests a second: of one person's token, of one service's, and of all that show no token that holds."""

WAIT_MAX_S = 0.05
TOKENS_MAX = 20_000

NOTED_AGAIN_NS = 60 * SECOND_NS
"""Refusals of one token are noted once in this time, so that nobody can fill the audit."""

NOTED_MAX = 1_000

ADMITTED = "admitted"
ENTERED = "homeostat.entered"
"""In the scope of requests whose token holds: its grant, and when they came."""

CANARY = "homeostat.canary"
"""In the scope of requests that canaries send within this process: no metric counts them."""


FEATURES = frozenset(
    ("messages", "search", "palace", "walks", "mirror", "archaeology", "dreams", "export", "import")
)

Seen = Callable[[str, str], None]


def feature_of(path: str) -> str:
    """Return which feature a request uses; what is none of its own is the overview.

    >>> feature_of("/people/ann/messages/bulk"), feature_of("/palace"), feature_of("/")
    ('messages', 'palace', 'overview')
    """
    parts = path.split("/")
    name = parts[3] if parts[1] == "people" and len(parts) > 3 else parts[1]
    return name if name in FEATURES else "overview"


class Door:
    """Lets requests in. Whether a person exists can be told neither from a refusal nor from its time."""

    def __init__(
        self,
        host: Host,
        access: Access,
        audit: Audit,
        threads: Threads,
        sentry: Sentry,
        seen: Seen | None = None,
    ) -> None:
        """`seen` is told who did something, and with which feature."""
        self._seen = seen
        self._access = access
        self._audit = audit
        self._threads = threads
        self._sentry = sentry
        self._admissions = {
            outcome: host.counter("security.admissions", "1", outcome=outcome).add
            for outcome in (ADMITTED, *Reason)
        }
        self._clock: Clock = host.clock
        self._persons = _rate(host, "companion_person", PERSON_RATE)
        self._services = _rate(host, "companion_service", SERVICE_RATE)
        self._strangers = _rate(host, "companion_stranger", STRANGER_RATE)
        self._refused = {
            status: host.counter("companion.refused", "1", status=status).add for status in (401, 403, 429)
        }
        self._noted: OrderedDict[str, int] = OrderedDict()

    async def enter(self, asked: HTTPConnection, scope: Scope, *, paced: bool = True) -> Grant:
        """Return the grant of the token that a request shows. Raises Refusal.

        Who is not `paced` here is let in however often they come: `pace` is for the caller then.
        """
        since_ns = self._clock.monotonic_ns()
        text = _shown(asked)
        held = self._access.held(text)
        judged: Grant | Reason
        if held is None:
            judged = await self._threads.aside(self._access.judge, text)
        else:
            judged = held
            if self._access.ages(held.id):  # nobody waits for what is asked again in time
                self._threads.later(self._access.judge, text)
        canary = CANARY in asked.scope
        if not isinstance(judged, Grant):
            if not canary:
                await self._turn_away(self._address(asked), text, judged, since_ns)
            raise Refusal(
                401,
                "this needs a token that is valid",
                "send `authorization: Bearer TOKEN`; `homeostat companion token issue` makes one",
                {"www-authenticate": "Bearer"},
            )
        grant = judged
        asked.scope[ENTERED] = (grant, since_ns)
        if not canary:
            self._admissions[ADMITTED](1)
            self._sentry.entered(grant, self._address(asked), since_ns)
        if paced:
            await self.pace(grant, asked)
        if scope not in grant.scopes:
            raise await self._forbidden(grant, asked)
        return grant

    async def pace(self, grant: Grant, asked: HTTPConnection) -> None:
        """Wait for the moment of a request.

        Raises RateExceeded where there are too many of this token, Blocked where it is not let in for a time.
        """
        if CANARY not in asked.scope:
            await self._keep_blocks()
            self._sentry.holder(grant, self._address(asked))
        await self._admitted(self._services if grant.person is None else self._persons, grant.id)

    async def person(self, asked: HTTPConnection, scope: Scope, *, paced: bool = True) -> tuple[Grant, str]:
        """Return the grant and the person whose memory it opens here. Raises Refusal."""
        grant = await self.enter(asked, scope, paced=paced)
        named: str = asked.path_params["person"]
        if UNREADABLE in named:
            raise Refusal(422, "the person's name in the path is no UTF-8", "percent-encode it as UTF-8")
        if named == ME:
            if grant.person is None:
                raise Refusal(422, "a service's token is nobody's own", "name the person in the path")
            named = grant.person
        elif not grant.opens(named) or (is_canary(named) and CANARY not in asked.scope):
            if CANARY not in asked.scope:
                self._sentry.asked_for(grant, named, self._address(asked), asked.scope[ENTERED][1])
                await self._keep_blocks()
            raise await self._forbidden(grant, asked)
        if self._seen is not None and CANARY not in asked.scope:
            self._seen(named, feature_of(asked.url.path))
        return grant, named

    async def unknown(self, asked: HTTPConnection) -> None:
        """Note that a service asked for somebody who is not there."""
        entered: tuple[Grant, int] | None = asked.scope.get(ENTERED)
        named = asked.path_params.get("person")
        if entered is None or named is None or named == ME or CANARY in asked.scope:
            return
        self._sentry.asked_for(entered[0], named, self._address(asked), entered[1])
        await self._keep_blocks()

    async def _turn_away(self, address: str, text: str, reason: Reason, since_ns: int) -> None:
        """Note that somebody showed no token that holds. Raises Blocked, RateExceeded."""
        self._sentry.stranger(address)
        self._admissions[reason](1)
        self._sentry.refused(address, text, since_ns)
        await self._keep_blocks()
        await self._admitted(self._strangers, "")
        await self._note("", 401)
        self._refused[401](1)

    async def _keep_blocks(self) -> None:
        if self._sentry.untold:
            await self._threads.run(self._sentry.keep)

    def _address(self, asked: HTTPConnection) -> str:
        return self._sentry.address_of(asked.client.host if asked.client is not None else None)

    async def _admitted(self, rate: RateLimit, key: str) -> None:
        try:
            await rate.acquire(key=key)
        except RateExceeded:
            self._refused[429](1)
            raise

    async def _forbidden(self, grant: Grant, asked: HTTPConnection) -> Refusal:
        if CANARY not in asked.scope:
            self._refused[403](1)
            await self._note(grant.id, 403)
        return Refusal(403, "this token does not allow that", "ask for a token that does")

    async def _note(self, id: str, status: int) -> None:
        now_ns = self._clock.monotonic_ns()
        noted = self._noted.get(id)
        if noted is not None and now_ns - noted < NOTED_AGAIN_NS:
            return
        self._noted[id] = now_ns
        self._noted.move_to_end(id)
        if len(self._noted) > NOTED_MAX:
            self._noted.popitem(last=False)
        note: Callable[[], int] = lambda: self._audit.note(Act.REFUSED, id, about=str(status))  # noqa: E731
        await self._threads.run(note)


def _rate(host: Host, name: str, rate: float) -> RateLimit:
    """Make a limit that no loop turns: what was agreed is no way to save time."""
    limit = RateLimit(host, name, rate, wait_max_s=WAIT_MAX_S, keys_max=TOKENS_MAX)
    host.knob_set.pin(f"{name}_rate", rate)
    host.knob_set.pin(f"{name}_rate_wait_max_s", WAIT_MAX_S)
    return limit


def _shown(asked: HTTPConnection) -> str:
    scheme, _, text = asked.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
