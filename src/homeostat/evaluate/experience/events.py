"""What is known of people's experience: small events about a pseudonym, without anything that they said."""

import msgspec

NAMELESS = "-"
"""What the pseudonym of somebody begins with who gave no name: it stands for one answer, or one question."""


class Answer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What somebody answered to one instrument, on its scale."""

    person: str
    at_ns: int
    instrument: str
    value: float


class Comment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody wrote something; `sealed` is it, encrypted. No figure is made of it."""

    person: str
    at_ns: int
    sealed: bytes


class Asked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody was asked by one instrument."""

    person: str
    at_ns: int
    instrument: str


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """A session: from its first to its last interaction, how many there were, and with which features."""

    person: str
    at_ns: int
    last_ns: int
    interactions: int
    features: dict[str, int] = msgspec.field(default_factory=dict)


class Choice(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Somebody chose a value of a preference; `choice` is its digest."""

    person: str
    at_ns: int
    preference: str
    choice: str


class Offer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The application adapted to somebody. `accepted` is None until they kept it or took it back."""

    person: str
    at_ns: int
    adaptation: str
    accepted: bool | None = None
