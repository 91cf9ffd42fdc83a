"""The contract of jobs, as tests for pytest: subclass `JobsContract` and say where an empty queue is."""

from homeostat.testing.jobs_contract.failing import FailingContract
from homeostat.testing.jobs_contract.queueing import QueueingContract
from homeostat.testing.jobs_contract.running import RunningContract
from homeostat.testing.jobs_contract.shop import Address, Page, Shop, Shops, working
from homeostat.testing.jobs_contract.workers import WorkersContract

__all__ = ["Address", "JobsContract", "Page", "Shop", "Shops", "working"]


class JobsContract(RunningContract, FailingContract, WorkersContract, QueueingContract):
    """What holds for every engine. Real time passes: one test waits for the end of a lease."""
