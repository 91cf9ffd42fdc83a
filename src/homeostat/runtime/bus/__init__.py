"""The bus: events between the parts of an application, in a file of one machine or in Redis past it."""

from homeostat.runtime.bus.bus import Bus
from homeostat.runtime.bus.kind import Kind
from homeostat.runtime.bus.record import BusFull, Lag, Letter

__all__ = ["Bus", "BusFull", "Kind", "Lag", "Letter"]
