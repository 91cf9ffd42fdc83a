"""What an alert can have done: orders to the loops of a store."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeostat.act.controllers.gauge import Resource
from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.core.action import Action
from homeostat.core.notice import Notice
from homeostat.core.order import Mode, Order, Relieve, Restore, SetMode

BY = "an alert"

ORDERS: Mapping[str, Order] = {
    "restore": Restore(by=BY),
    "observe": SetMode(by=BY, mode=Mode.OBSERVE),
    **{f"relieve_{resource.value}": Relieve(by=BY, resource=resource.value) for resource in Resource},
}
"""The actions by the names that targets use: the kill switch, no more changes, and relief of a resource."""


@dataclass(frozen=True, slots=True)
class LoopAction:
    """Gives an order to each loop that runs."""

    desk: LoopDesk
    order: Order

    def act(self, notice: Notice) -> None:
        """Give it; raise NotAvailable where a loop ended meanwhile."""
        for service, loop in self.desk.loops().items():
            if self.desk.alive(loop):
                self.desk.order(service, self.order)


def loop_actions(desk: LoopDesk) -> dict[str, Action]:
    """Return the actions of a store's loops by name."""
    return {name: LoopAction(desk, order) for name, order in ORDERS.items()}
