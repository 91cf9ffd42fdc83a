"""The order box: where people leave orders for the loop of an application, through the store."""

import os

import msgspec

from homeostat.core.batch import Batch
from homeostat.core.clock import HOUR_NS
from homeostat.core.losses import Losses
from homeostat.core.order import AnyOrder, Order
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record

EXPIRES_NS = HOUR_NS
"""An order that nobody took for an hour is void."""

TAKEN_MAX = 100


class OrderBox:
    """Orders to the loop of one service. Those who give orders need not be in the process that obeys.

    An order is taken once: it is forgotten in the store before it is handed out, so that a crash loses an
    order rather than obeying it twice.
    """

    def __init__(self, store: Store, service: str, losses: Losses) -> None:
        self._store = store
        self._kind = f"order/{service}"
        self._losses = losses

    def post(self, order: Order, now_ns: int) -> None:
        """Leave an order; raise StoreError where it cannot be kept."""
        key = f"{now_ns:020d}-{os.urandom(4).hex()}"
        body = msgspec.json.encode(order)
        self._store.write(Batch(records=(Record(self._kind, key, now_ns, body, now_ns + EXPIRES_NS),)))

    def take(self, now_ns: int) -> tuple[AnyOrder, ...]:
        """Return the orders left since the last call, in the order in which they were given."""
        query = RecordsQuery(self._kind, start_ns=now_ns - EXPIRES_NS, limit=TAKEN_MAX)
        found = [record for record in self._store.read(query) if record.body]
        if not found:
            return ()
        self._store.write(Batch(records=tuple(Record(r.kind, r.key, r.time_ns, b"") for r in found)))
        orders = []
        for record in sorted(found, key=lambda r: r.key):
            try:
                orders.append(msgspec.json.decode(record.body, type=AnyOrder))
            except msgspec.DecodeError:
                self._losses.add("loop.bad_order")
        return tuple(orders)
