"""The forms of the pages that give orders to loops."""

from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode

from anyio import CapacityLimiter, to_thread
from starlette.responses import RedirectResponse, Response

from homeostat.app.loops.loop_desk import value_of
from homeostat.app.web.loop_views import LoopState, LoopViews, NoLoop
from homeostat.app.web.loops import answered, given
from homeostat.core.errors import InputError, NotAvailable
from homeostat.core.knob import Value
from homeostat.core.order import Mode, Order, Pin, Restore, SetMode, Try, Undo, Unpin

PAGE = "the page"
"""Who gives an order that comes from a form."""

SET = "set:"
"""What the field of a form that sets a knob begins with."""

BACK = frozenset({"/experiments", "/knobs"})


def form_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form, each with its first value."""
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[0] for name, values in fields.items()}


async def ordered_by_form(loops: LoopViews, form: Mapping[str, str], limiter: CapacityLimiter) -> Response:
    """Obey a form of the pages and go back to the page that shows what became of it.

    Raises InputError where the form makes no sense, NotAvailable where the loop does not run.
    """
    service = form.get("service", "")

    def give() -> tuple[str, int]:
        if form.get("order") == "restore" and not service:
            return _restored(loops)
        state = loops.loop(service)
        if state is None:
            raise NoLoop("no loop has run within a day")
        after, _ = given(loops, state.loop.service, order_of(form, state))
        return state.loop.service, after

    name, after = await to_thread.run_sync(give, limiter=limiter)
    back = form.get("back", "") if form.get("back") in BACK else "/experiments"
    return RedirectResponse(f"{back}?{urlencode({'service': name, 'answered': after})}", 303)


def _restored(loops: LoopViews) -> tuple[str, int]:
    """Restore the defaults of all loops that run; all are told before any is waited for."""
    running = [name for name, state in loops.loops().items() if state.alive]
    if not running:
        raise NotAvailable("no loop runs now, so that nothing is turned")
    before = {name: loops.last(name) for name in running}
    for name in running:
        loops.desk.order(name, Restore(by=PAGE))
    for name in running:
        answered(loops, name, before[name], PAGE)
    return running[0], before[running[0]]


def order_of(form: Mapping[str, str], state: LoopState) -> Order:
    """Return the order that a form gives; raise InputError, saying what is wrong, where it gives none."""
    knob = form.get("knob", "")
    match form.get("order"):
        case "mode":
            mode = form.get("mode", "")
            if mode not in set(Mode):
                raise InputError(f"the mode is observe, advise or act, not {mode[:50]!r}")
            return SetMode(by=PAGE, mode=Mode(mode))
        case "restore":
            return Restore(by=PAGE)
        case "undo":
            number = form.get("number", "")
            if not (number.isascii() and number.isdecimal() and len(number) < 10):
                raise InputError(f"an entry of the ledger has a whole number, not {number[:50]!r}")
            return Undo(by=PAGE, number=int(number))
        case "unpin":
            return Unpin(by=PAGE, knob=knob)
        case "pin":
            values = _values(form, state)
            if len(values) != 1:
                raise InputError("pin one knob at a time, at one value")
            ((name, value),) = values.items()
            return Pin(by=PAGE, knob=name, value=value)
        case "try":
            return Try(by=PAGE, values=_values(form, state))
        case other:
            raise InputError(
                f"an order is mode, restore, undo, pin, unpin or try, not {(other or '')[:50]!r}"
            )


def _values(form: Mapping[str, str], state: LoopState) -> dict[str, Value]:
    known = {knob.name: knob for knob in state.loop.knobs}
    found: dict[str, Value] = {}
    for field, text in form.items():
        name = field.removeprefix(SET)
        if not field.startswith(SET):
            continue
        if name not in known:
            there = ", ".join(sorted(known)) or "none"
            raise InputError(f"there is no knob {name[:100]!r}; there are: {there}")
        if not text.strip():
            raise InputError(f"say a value for {name}: it takes {known[name].domain}")
        found[name] = value_of(text.strip(), known[name])
    if not found:
        raise InputError("name a knob with a value")
    return found
