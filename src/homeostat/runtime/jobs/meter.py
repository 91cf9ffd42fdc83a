"""The meter: what jobs come to, as metrics. No argument, result or error text is among them."""

from homeostat.observe.recorder import Counter, Histogram
from homeostat.runtime.host import Host
from homeostat.runtime.jobs.record import Claim, Depth


class Meter:
    """Records what is enqueued, run and waiting. How long a run takes is the duration of its operation."""

    def __init__(self, host: Host, name: str) -> None:
        self._host = host
        self._queue = name
        self._waits: dict[str, Histogram] = {}
        self._attempts: dict[str, Histogram] = {}
        self._outcomes: dict[tuple[str, str], Counter] = {}
        self._enqueued: dict[str, Counter] = {}
        self._waiting = {
            state: host.gauge("jobs.count", "1", queue=name, state=state)
            for state in ("ready", "scheduled", "running", "dead")
        }
        self._refused = host.counter("jobs.refused", "1", queue=name)
        self._oldest = host.gauge("jobs.oldest_age", "ms", queue=name)

    def enqueued(self, job: str, count: int) -> None:
        """Count jobs that were enqueued."""
        counter = self._enqueued.get(job)
        if counter is None:
            counter = self._enqueued[job] = self._host.counter(
                "jobs.enqueued", "1", queue=self._queue, job=job
            )
        counter.add(float(count))

    def started(self, claim: Claim) -> None:
        """Record how long a job waited since it could have run."""
        wait = self._waits.get(claim.name)
        if wait is None:
            wait = self._waits[claim.name] = self._host.histogram(
                "jobs.wait", "ms", queue=self._queue, job=claim.name
            )
        wait.record(claim.waited_ms)

    def ended(self, job: str, outcome: str, attempts: int = 0) -> None:
        """Count an outcome; with a final one, record how many attempts it took."""
        counter = self._outcomes.get((job, outcome))
        if counter is None:
            counter = self._outcomes[job, outcome] = self._host.counter(
                "jobs.outcomes", "1", queue=self._queue, job=job, outcome=outcome
            )
        counter.add(1.0)
        if attempts:
            histogram = self._attempts.get(job)
            if histogram is None:
                histogram = self._attempts[job] = self._host.histogram(
                    "jobs.attempts", "1", queue=self._queue, job=job
                )
            histogram.record(float(attempts))

    def refused(self) -> None:
        """Count an outcome that came too late: another worker has the job by now."""
        self._refused.add(1.0)

    def waiting(self, depth: Depth) -> None:
        """Record how much waits."""
        for state, gauge in self._waiting.items():
            gauge.set(float(getattr(depth, state)))
        self._oldest.set(depth.oldest_age_ms)
