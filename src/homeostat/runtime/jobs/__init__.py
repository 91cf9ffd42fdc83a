"""Jobs: durable work behind one API, in a file on one machine or on Redis, RabbitMQ or PostgreSQL."""

from homeostat.runtime.jobs.definition import Call
from homeostat.runtime.jobs.handle import Handle
from homeostat.runtime.jobs.jobs import Jobs
from homeostat.runtime.jobs.record import Depth, Job, State
from homeostat.runtime.jobs.retry import Retry

__all__ = ["Call", "Depth", "Handle", "Job", "Jobs", "Retry", "State"]
