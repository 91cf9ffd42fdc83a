"""What is shown of a palace: rooms, and memories where they stand. Plain data, ready for a page."""

from dataclasses import dataclass
from enum import StrEnum

Point = tuple[float, float, float]


class Kind(StrEnum):
    """What the memories of a room have in common."""

    TOPIC = "topic"
    PERSON = "person"
    TIME = "time"


@dataclass(frozen=True, slots=True)
class Room:
    """A room. Each memory stands in one of every kind.

    `id` lasts for as long as the room does; `name` is made of the person's own words for topics, the
    author's name, or days. Most memories of the room stand within `radius` of its `centre`.
    """

    id: str
    kind: Kind
    name: str
    centre: Point
    radius: float
    size: int


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a memory stands: its seq, its place, its topic's room, and how present it is, 0 to 1."""

    seq: int
    at: Point
    room: str
    strength: float
    tier: str
    at_us: int


@dataclass(frozen=True, slots=True)
class SpotPage:
    """Some memories in the order of their seqs; `next` is what the next page comes after, None at the end."""

    spots: tuple[Spot, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class TierSummary:
    """A tier: how many memories it has, and how strong they are on average, 0 where there are none."""

    tier: str
    size: int
    strength: float


@dataclass(frozen=True, slots=True)
class Recalled:
    """A memory that came to mind: how alike it is to what was asked (cosine), how strong, in which tier."""

    seq: int
    alike: float
    strength: float
    tier: str
