"""The view: what one step of the loop looks at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from homeostat.core.change import Change
from homeostat.core.order import AnyOrder
from homeostat.core.proof import Proof
from homeostat.loop.rules.acts import Act
from homeostat.loop.rules.state import LoopState


@dataclass(frozen=True, slots=True)
class View:
    """What one step looks at.

    `undone` answers orders to undo: the change that does, or why it cannot be. `lost` tells of watched
    changes that turned out to be worse, `stood` of those that are to be watched no more. `broke` names a
    target that holds no more since the last look. `useless` names trials that can tell nothing, and why;
    `musts` are changes that obey a limit from outside. Trials of the knobs in `alone`, which hold for the
    whole process, would blur all others beside them: they run alone. `short` names the resources that run
    short and that the application can relieve, with how that shows.
    """

    now_ns: int
    orders: tuple[AnyOrder, ...] = ()
    undone: Mapping[int, Change | str] = field(default_factory=dict)
    proofs: Mapping[str, Proof] = field(default_factory=dict)
    lost: Mapping[str, Proof] = field(default_factory=dict)
    stood: Mapping[str, Proof] = field(default_factory=dict)
    proposals: tuple[Change, ...] = ()
    broke: str = ""
    useless: Mapping[str, str] = field(default_factory=dict)
    musts: tuple[Change, ...] = ()
    alone: frozenset[str] = frozenset()
    short: Mapping[str, str] = field(default_factory=dict)


Step: TypeAlias = tuple[LoopState, tuple[Act, ...]]
"""What the loop knows afterwards, and what is to be done, in this order."""
