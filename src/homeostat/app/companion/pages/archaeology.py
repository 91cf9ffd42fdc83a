"""The archaeology's page: silences on a line of time, what comes and goes, and what was likely said."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.pages.frame import Frame, Visit
from homeostat.app.web.whole import whole
from homeostat.companion.access.grant import Scope
from homeostat.companion.archaeology.archaeology import PatternsFound
from homeostat.companion.archaeology.gap import Gap
from homeostat.companion.message import Message
from homeostat.companion.palace.palace import SPOTS_MAX
from homeostat.companion.store.people import Memory

FEATURE = "archaeology"
SEQ_MAX = 2**53
BINS = 120
SPAN_MIN_US = 60_000_000
WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


@dataclass(frozen=True, slots=True)
class Bar:
    """A piece of the line of time, in shares of the whole: where it begins, how wide and how high it is."""

    at: float
    width: float
    height: float = 1.0


@dataclass(frozen=True, slots=True)
class TimeLine:
    """A history as one line: how much was said when, and the gaps in their order of time."""

    begin_us: int
    end_us: int
    bars: list[Bar]
    gaps: list[tuple[Bar, Gap]]


class ArchaeologyPages:
    """Answers /archaeology."""

    def __init__(self, node: CompanionNode, frame: Frame) -> None:
        self._node = node
        self._frame = frame

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/archaeology", self.archaeology)]

    async def archaeology(self, http: Request) -> Response:
        """Answer gaps and patterns; with `before` and `after` also what was likely said between."""
        return await self._frame.answer(http, Scope.READ, self._archaeology, FEATURE)

    def _archaeology(self, visit: Visit) -> Response:
        query = visit.http.query_params
        before, after = whole(query, "before", 0, SEQ_MAX), whole(query, "after", 0, SEQ_MAX)
        part = self._node.archaeology
        with self._node.people.open(visit.person) as memory:
            gaps = sorted(part.gaps(memory), key=lambda gap: gap.begin_us)
            patterns = part.patterns(memory)
            line = time_line(_moments(memory), gaps)
            found = part.reconstruct(memory, before, after) if before or after else None
            seqs = [seq for gap in gaps for seq in (gap.before, gap.after)] + _told(patterns)
            seqs += [before, after] if found is not None else []
            said = {m.seq: m for m in memory.reading.by_seq(sorted({seq for seq in seqs if seq > 0}))}
        return visit.page(
            "archaeology.html",
            "archaeology",
            "Archaeology",
            gaps=gaps,
            line=line,
            patterns=patterns,
            found=found,
            before=before,
            after=after,
            said=said,
            weekdays=WEEKDAYS,
            short=_short,
        )


def time_line(moments: Sequence[int], gaps: Sequence[Gap]) -> TimeLine | None:
    """Return the line of time of some moments, with gaps; None where no time lies between them."""
    if not moments:
        return None
    begin, end = min(moments), max(moments)
    span = end - begin
    if span < SPAN_MIN_US:
        return None
    counts = [0] * BINS
    for moment in moments:
        counts[min((moment - begin) * BINS // span, BINS - 1)] += 1
    most = max(counts)
    bars = [Bar(i / BINS, 1 / BINS, count / most) for i, count in enumerate(counts) if count]
    placed = [
        (Bar(max((gap.begin_us - begin) / span, 0.0), (gap.end_us - gap.begin_us) / span), gap)
        for gap in gaps
    ]
    return TimeLine(begin, end, bars, placed)


def _moments(memory: Memory) -> list[int]:
    """Return when the latest messages were said."""
    after = max(memory.extent().last - SPOTS_MAX, 0)
    return [message.at_us for message in memory.reading.after(after, SPOTS_MAX)]


def _told(patterns: PatternsFound) -> list[int]:
    topics = [seq for topic in patterns.topics for seq in (topic.seq_first, topic.seq_last, *topic.seqs)]
    return topics + [habit.seq for habit in patterns.habits] + [change.seq for change in patterns.voice]


def _short(message: Message, most: int = 240) -> str:
    return message.text if len(message.text) <= most else message.text[: most - 2] + " …"
