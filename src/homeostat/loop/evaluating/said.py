"""What was said: a text of the application that waits to be judged."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from homeostat.evaluate.passage import Context, Segment
from homeostat.loop.evaluating.attached import Attached
from homeostat.observe.request import Request

CHARACTERS_MAX = 1_000_000
"""A longer text is not judged."""


@dataclass(slots=True)
class Said:
    """A text, the operation that it was said in, and the request that this belongs to.

    `request_name` is the operation under which the outcome of that request is counted. `scores` are those of
    all lanes so far, `beside` the evaluators whose score is yet to be paired, with that of which other one.
    """

    text: str | Sequence[Segment]
    context: Context
    operation: str
    request: Request
    request_name: str
    seen_ns: int
    beside: dict[str, str] = field(default_factory=dict)
    scores: dict[str, float] = field(default_factory=dict)

    @property
    def characters(self) -> int:
        """Its length with its sources."""
        length = len(self.text) if isinstance(self.text, str) else sum(len(s.text) for s in self.text)
        return length + sum(len(source.text) for source in self.context.sources)

    @property
    def media_bytes(self) -> int:
        """The size of its picture and its sound."""
        return len(self.context.picture or b"") + len(self.context.sound or b"")


@dataclass(frozen=True, slots=True)
class Task:
    """What a lane does with it: these evaluators."""

    said: Said
    due: tuple[Attached, ...]
