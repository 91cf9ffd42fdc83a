"""Serving within a test: the simulated model on a thread of this process, with answers of the test's own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from homeostat.testing.child import listening
from homeostat.testing.queueing import Service
from homeostat.testing.simulated_model.chat import Reply
from homeostat.testing.simulated_model.moderations import Moderate, harmless
from homeostat.testing.simulated_model.server import create_app
from homeostat.testing.simulated_model.settings import Faults, Settings

QUICK = Service(slots=8, overhead_s=0.001, prefill_s_per_token=1e-7, decode_s_per_token=1e-6)
START_S_MAX = 10.0


@contextmanager
def served_model(
    reply: Reply | None = None, faults: Faults | None = None, moderate: Moderate = harmless
) -> Iterator[str]:
    """Serve a quick simulated model on a free port of loopback, and yield its base URL."""
    listener, url = listening("127.0.0.1", 0)
    app = create_app(Settings(service=QUICK, faults=faults or Faults()), reply, moderate)
    config = uvicorn.Config(app, log_level="error", access_log=False, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        deadline_s = time.monotonic() + START_S_MAX
        while not server.started and thread.is_alive() and time.monotonic() < deadline_s:
            time.sleep(0.005)
        yield f"{url}/v1"
    finally:
        server.should_exit = True
        thread.join(START_S_MAX)
        listener.close()
