"""The contract of a bus, as tests for pytest: subclass `BusContract` and say where an empty one is."""

from homeostat.testing.bus_contract.bounds import BoundsContract
from homeostat.testing.bus_contract.delivery import DeliveryContract
from homeostat.testing.bus_contract.letters import LettersContract
from homeostat.testing.bus_contract.town import Said

__all__ = ["BusContract", "Said"]


class BusContract(DeliveryContract, LettersContract, BoundsContract):
    """What holds for every engine. Real time passes, and nothing waits for a lease to run out."""
