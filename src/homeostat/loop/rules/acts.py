"""The acts: what a step of the cycle decides to do. The governor carries them out."""

from dataclasses import dataclass
from typing import TypeAlias

from homeostat.core.change import Change
from homeostat.core.order import AnyOrder, Mode
from homeostat.core.proof import Proof
from homeostat.prove.ledger.entry import EntryKind


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a trial of a change."""

    trial: str
    change: Change


@dataclass(frozen=True, slots=True)
class Conclude:
    """End a trial as its proof decides."""

    trial: str
    change: Change
    proof: Proof


@dataclass(frozen=True, slots=True)
class Resign:
    """End a trial without a proof: its change is rolled back."""

    trial: str
    change: Change
    reason: str


@dataclass(frozen=True, slots=True)
class Put:
    """Set knobs at once; `kind` is the ledger's word for why, `about` the entry that is taken back."""

    change: Change
    kind: EntryKind
    proof: Proof | None
    about: int | None = None


@dataclass(frozen=True, slots=True)
class Stand:
    """Stop watching a kept change: it is still better."""

    trial: str
    change: Change
    proof: Proof


@dataclass(frozen=True, slots=True)
class Free:
    """Note that a knob may be turned again."""

    knob: str
    by: str


@dataclass(frozen=True, slots=True)
class Advise:
    """Recommend a change to a person."""

    change: Change


@dataclass(frozen=True, slots=True)
class Refuse:
    """Tell why an order is not carried out."""

    order: AnyOrder
    reason: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Note that the mode is another one now; `planned` is the one that the policy says."""

    mode: Mode
    by: str
    planned: str = ""


@dataclass(frozen=True, slots=True)
class Soothe:
    """Do what the application can do for a resource, and why; `told` is what it came to, once it was done."""

    resource: str
    by: str
    reason: str = ""
    told: str = ""


Act: TypeAlias = Soothe | Begin | Conclude | Resign | Put | Stand | Free | Advise | Refuse | Switch
