"""The contract of a store, as tests for pytest: subclass `StoreContract`, say how to open an empty one."""

from homeostat.testing.store_contract.batches import BatchesContract
from homeostat.testing.store_contract.comparing import assert_frame, assert_moments, assert_same_histogram
from homeostat.testing.store_contract.points import PointsContract
from homeostat.testing.store_contract.records import RecordsContract
from homeostat.testing.store_contract.samples import LATENCY, LEVEL, T0, point, span
from homeostat.testing.store_contract.traces import TracesContract

__all__ = [
    "LATENCY",
    "LEVEL",
    "T0",
    "StoreContract",
    "assert_frame",
    "assert_moments",
    "assert_same_histogram",
    "point",
    "span",
]


class StoreContract(PointsContract, BatchesContract, TracesContract, RecordsContract):
    """What every store must do."""
