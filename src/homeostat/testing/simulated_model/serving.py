"""Serving within a test: the simulated model on a thread of this process, with answers of the test's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeostat.testing.queueing import Service
from homeostat.testing.served import served
from homeostat.testing.simulated_model.chat import Reply
from homeostat.testing.simulated_model.moderations import Moderate, harmless
from homeostat.testing.simulated_model.server import create_app
from homeostat.testing.simulated_model.settings import Faults, Settings

QUICK = Service(slots=8, overhead_s=0.001, prefill_s_per_token=1e-7, decode_s_per_token=1e-6)


@contextmanager
def served_model(
    reply: Reply | None = None, faults: Faults | None = None, moderate: Moderate = harmless
) -> Iterator[str]:
    """Serve a quick simulated model on a free port of loopback, and yield its base URL."""
    with served(create_app(Settings(service=QUICK, faults=faults or Faults()), reply, moderate)) as url:
        yield f"{url}/v1"
