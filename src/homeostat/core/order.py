"""The order: what a person tells the loop to do. It is obeyed at the next step, within a second."""

from enum import StrEnum

import msgspec

from homeostat.core.knob import Value


class Mode(StrEnum):
    """What the loop may do: only watch, propose and wait for a person, or try and keep what is proven."""

    OBSERVE = "observe"
    ADVISE = "advise"
    ACT = "act"


class Order(msgspec.Struct, frozen=True, tag_field="order", kw_only=True):
    """The root of all orders; `by` is who gives it."""

    by: str


class SetMode(Order, frozen=True, tag="mode"):
    """Work in another mode from now on. Leaving `act` ends running trials."""

    mode: Mode


class Restore(Order, frozen=True, tag="restore"):
    """The kill switch: all knobs to their defaults, no trials, mode `observe`."""


class Undo(Order, frozen=True, tag="undo"):
    """Take back what the entry of the ledger with this number changed."""

    number: int


class Pin(Order, frozen=True, tag="pin"):
    """Hold a knob at a value: nothing but a person moves it."""

    knob: str
    value: Value


class Unpin(Order, frozen=True, tag="unpin"):
    """Let a knob be turned again."""

    knob: str


class Try(Order, frozen=True, tag="try"):
    """Begin a trial of these values of knobs, whatever the mode.

    As a `shadow`, the other implementation of one switch runs beside the one in use, whose result alone is
    used.
    """

    values: dict[str, Value]
    shadow: bool = False


class Relieve(Order, frozen=True, tag="relieve"):
    """Do what the application can do for `memory`, `cpu` or `io`."""

    resource: str


AnyOrder = SetMode | Restore | Undo | Pin | Unpin | Try | Relieve
"""For decoding: which order it is says the field `order`."""
