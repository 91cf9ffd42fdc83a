"""The fragments of loops: what was changed and was it right, the knobs, the hormones."""

from dataclasses import dataclass
from urllib.parse import urlencode

from markupsafe import Markup

from homeostat.app.web.html import clock, moment, render
from homeostat.app.web.interval_bar import interval_bar, scale_of
from homeostat.app.web.ledger_rows import LedgerRow, predicted_words
from homeostat.app.web.level_chart import level_chart
from homeostat.app.web.loop_forms import PAGE
from homeostat.app.web.loop_views import LoopState
from homeostat.app.web.page_request import Request, common
from homeostat.app.web.ranges import RANGES
from homeostat.app.web.views import Views
from homeostat.core.clock import DAY_NS
from homeostat.core.verdict import State
from homeostat.judge.views.window import Window
from homeostat.loop.governing.published import Published, PublishedAdvice
from homeostat.prove.ledger.entry import EntryKind
from homeostat.prove.ledger.story import told

ENTRIES = 50
ANSWERS_TOLD = 5
LOOKED_AT = 50
"""Entries after an order among which its answer is looked for: all that were written at the same moment."""

SERVICES_TOLD = 8


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of an order: sentences of the ledger, and whether one of them refuses it."""

    words: tuple[str, ...]
    refused: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """A service that can be chosen."""

    name: str
    href: str
    current: bool
    alive: bool


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation with its predicted gain in words."""

    advice: PublishedAdvice
    predicted: str


@dataclass(frozen=True, slots=True)
class ModeMenu:
    """The modes of the loops, as every page's header shows them."""

    words: str
    loops: tuple[LoopState, ...]
    more: int


def mode_menu(views: Views) -> str:
    """The mode of the loops with the switch and the kill switch; empty where no loop runs."""
    running = tuple(s for s in views.loops.loops().values() if s.alive)
    modes = sorted({s.loop.mode.value for s in running})
    words = f"mode: {modes[0]}" if len(modes) == 1 else f"modes: {', '.join(modes)}"
    menu = ModeMenu(words, running[:SERVICES_TOLD], max(len(running) - SERVICES_TOLD, 0))
    return render("mode.html", menu=menu) if running else ""


def experiments(views: Views, request: Request) -> str:
    """What was changed, and was it right: trials, recommendations, the ledger as a story."""
    state = views.loops.loop(request.service)
    if state is None:
        return render("no_loop.html", title="What was changed, and was it right")
    page = views.loops.page(state.loop.service, request.offset, ENTRIES)
    scale = scale_of(effect for row in page.rows for effect in row.effects)
    return render(
        "experiments.html",
        **_of(views, request, state, "/experiments"),
        page=page,
        bar=lambda effect, judged=None: interval_bar(effect, scale, judged),
        scale=scale,
        advice=tuple(_advice(one) for one in state.loop.advice),
        previous_href=_href(request, "/experiments", max(request.offset - ENTRIES, 0)),
        next_href=_href(request, "/experiments", request.offset + ENTRIES),
    )


def knobs(views: Views, request: Request) -> str:
    """The knobs, with forms to pin, unpin and try."""
    state = views.loops.loop(request.service)
    if state is None:
        return render("no_loop.html", title="Knobs")
    return render("knobs.html", **_of(views, request, state, "/knobs"))


def hormones(views: Views, request: Request) -> str:
    """The five levels over the window, and what each does now."""
    state = views.loops.loop(request.service)
    if state is None:
        return render("no_loop.html", title="Hormones")
    window = views.window(request.range)
    rows = views.loops.hormones(window, state)
    drawn = tuple((row, level_chart(row.points, row.acts_above)) for row in rows)
    return render(
        "hormones.html",
        **_of(views, request, state, "/hormones"),
        drawn=drawn,
        ticks=_ticks(window),
        **common(request, window),
    )


def bars(rows: tuple[LedgerRow, ...]) -> tuple[tuple[LedgerRow, Markup], ...]:
    """Return rows, each with the bar of its first effect, on one scale; empty where there is none."""
    scale = scale_of(row.effects[0] for row in rows if row.effects)
    return tuple((row, interval_bar(row.effects[0], scale) if row.effects else Markup("")) for row in rows)


def _of(views: Views, request: Request, state: LoopState, path: str) -> dict[str, object]:
    loop = state.loop
    names = views.loops.loops()
    choices = [
        Choice(name, _href(request, path, 0, name), name == loop.service, other.alive)
        for name, other in names.items()
    ]
    return {
        "state": state,
        "governed": loop,
        "choices": choices if len(choices) > 1 else [],
        "answered": _answered(views, request, loop),
        "back": path,
        "targets": [(target, State(target.state)) for target in loop.targets],
    }


def _answered(views: Views, request: Request, loop: Published) -> Answered | None:
    if request.answered is None:
        return None
    after = views.loops.entries(loop.service, request.answered, LOOKED_AT)
    told_ns = next((entry.time_ns for entry in after if entry.note.by == PAGE), None)
    entries = [entry for entry in after if entry.time_ns == told_ns][:ANSWERS_TOLD]
    refused = any(entry.note.kind is EntryKind.REFUSED for entry in entries)
    return Answered(tuple(f"#{e.number} {clock(e.time_ns)}: {told(e.note)}" for e in entries), refused)


def _advice(advice: PublishedAdvice) -> Advice:
    return Advice(advice, predicted_words(advice.predicted) if advice.predicted else "")


def _href(request: Request, path: str, offset: int, service: str = "") -> str:
    pairs = {
        "range": request.range if request.range != next(iter(RANGES)) else "",
        "service": service or request.service,
        "offset": offset or "",
    }
    query = urlencode({k: v for k, v in pairs.items() if v})
    return f"{path}?{query}" if query else path


def _ticks(window: Window) -> tuple[str, ...]:
    span = window.end_ns - window.start_ns
    times = [window.start_ns + span * i // 4 for i in range(5)]
    return tuple(clock(t) if span <= DAY_NS else moment(t)[5:16] for t in times)
