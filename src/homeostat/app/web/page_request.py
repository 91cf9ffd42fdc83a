"""The request of a page: what its URL asks for, checked."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.app.web.ranges import DEFAULT, RANGES, words_of
from homeostat.app.web.views import Order
from homeostat.app.web.watch_query import Pairs
from homeostat.app.web.whole import whole
from homeostat.core.errors import InputError
from homeostat.judge.views.window import Window

OFFSET_MAX = 1_000_000
TEXT_MAX = 200
NUMBER_MAX = 10**9


@dataclass(frozen=True, slots=True)
class Request:
    """What a page was asked for, taken from its URL. `name` is what the path names, such as an operation.

    `answered` is the number of a ledger's newest entry before an order: what came after is its answer.
    `watched` describes a watch, see `homeostat.app.web.watch_query`.
    """

    range: str = DEFAULT
    offset: int = 0
    find: str = ""
    operation: str = ""
    order: Order = "slowest"
    failed_only: bool = False
    name: str = ""
    attributes: tuple[str, ...] = ()
    address: str = ""
    service: str = ""
    answered: int | None = None
    watched: Pairs = ()

    @property
    def query(self) -> str:
        """The range as a query, empty for the default."""
        return "" if self.range == DEFAULT else f"?range={self.range}"


def request_of(
    query: Mapping[str, str], name: str = "", attributes: tuple[str, ...] = (), watched: Pairs = ()
) -> Request:
    """Read a request from the query of a URL, or raise InputError saying what would be accepted."""
    chosen = query.get("range") or DEFAULT
    if chosen not in RANGES:
        raise InputError(f"range {chosen!r} is not known; use one of {', '.join(RANGES)}")
    given = query.get("offset") or "0"
    if not given.isdecimal() or int(given) > OFFSET_MAX:
        raise InputError(f"offset must be a whole number from 0 to {OFFSET_MAX}, not {given[:20]!r}")
    order = query.get("order") or "slowest"
    if order not in ("slowest", "newest"):
        raise InputError(f"order must be 'slowest' or 'newest', not {order[:20]!r}")
    return Request(
        range=chosen,
        offset=int(given),
        find=(query.get("find") or "").strip()[:TEXT_MAX],
        operation=(query.get("operation") or "")[:TEXT_MAX],
        order="newest" if order == "newest" else "slowest",
        failed_only=query.get("failed") in ("1", "true"),
        name=name,
        attributes=attributes,
        service=(query.get("service") or "")[:TEXT_MAX],
        answered=whole(query, "answered", 0, NUMBER_MAX) if query.get("answered") else None,
        watched=watched,
    )


def common(request: Request, window: Window) -> dict[str, object]:
    """Return what the templates of all pages over a range use."""
    return {
        "range": request.range,
        "range_query": request.query,
        "range_words": RANGES[request.range],
        "window_words": words_of(window),
    }
