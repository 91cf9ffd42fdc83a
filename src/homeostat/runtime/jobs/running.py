"""The run: one job in the hands of a worker, as its function and the worker see it."""

from enum import StrEnum

from homeostat.core.errors import InputError
from homeostat.runtime.jobs.record import NOTE_CHARS_MAX, Claim, Report, storable


class Why(StrEnum):
    """Why a worker stops a run."""

    ORDERED = "cancelled by order"
    LOST = "another worker has it by now"
    LEAVING = "the worker goes"


class Running:
    """A run, as the job's function reaches it through `jobs.running`.

    `token` grows with each run of the job: hand it to whatever the job writes to, and refuse there what comes
    with a smaller one (a fencing token). `attempt` is 1 plus the failures so far.
    """

    __slots__ = ("_progress", "attempt", "id", "name", "stopped", "token")

    def __init__(self, claim: Claim) -> None:
        self.id = claim.id
        self.name = claim.name
        self.token = claim.token
        self.attempt = claim.failures + 1
        self.stopped: Why | None = None
        self._progress = Report(claim.id, claim.token)

    def progress(self, share: float, note: str = "") -> None:
        """Say how far the run has come, from 0 to 1; it is written with the next heartbeat."""
        if not 0.0 <= share <= 1.0:
            raise InputError(f"progress is a share from 0 to 1, not {share!r}")
        self._progress = Report(self.id, self.token, float(share), storable(note)[:NOTE_CHARS_MAX])

    def report(self) -> Report:
        """Return what the worker tells with its heartbeat."""
        return self._progress
