"""The worker: searches what comes in on stdin, answers on stdout, and ends with whoever started it.

It is started by `homeostat.app.findings.process` as `python -m homeostat.app.findings.worker`.
"""

import os
import queue
import sys
import threading
from contextlib import suppress
from typing import BinaryIO

from homeostat.app.findings.wire import Answer, bytes_of, receive, send, subjects_of
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.judge.findings.search import findings

NICENESS = 10
"""What a person waits for goes first."""

MEMORY_BYTES_MAX = 2**30
"""Address space; a search of 100 lines of 360 points takes a tenth of it."""

IDLE_S = 300.0
"""Without a request for so long it ends, and gives its memory back."""


def serve(requests: BinaryIO, answers: BinaryIO, idle_s: float = IDLE_S) -> None:
    """Answer requests until they end or none comes for a while."""
    waiting: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        while (request := receive(requests)) is not None:
            waiting.put(request)
        os._exit(0)  # whoever asked has ended, so nobody waits for what is being searched

    threading.Thread(target=read, name="requests", daemon=True).start()
    while True:
        try:
            request = waiting.get(timeout=idle_s)
        except queue.Empty:
            return
        send(answers, bytes_of(answered(request)))


def answered(request: bytes) -> Answer:
    """Return the answer to one request."""
    answer = Answer(failure="the search failed; its error is in the log of the server")
    with guarded(Losses(), "findings"):
        answer = Answer(findings(subjects_of(request)))
    return answer  # noqa: RET504 - the guard swallows


def bound() -> None:
    """Make room for others: low priority, a bound on memory."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        os.nice(NICENESS)
        _, most = resource.getrlimit(resource.RLIMIT_AS)
        least = MEMORY_BYTES_MAX if most == resource.RLIM_INFINITY else min(MEMORY_BYTES_MAX, most)
        resource.setrlimit(resource.RLIMIT_AS, (least, most))


def main() -> None:
    """Keep the answers apart from whatever else is printed, and serve."""
    import logging

    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    logging.basicConfig(level=logging.ERROR)
    bound()
    serve(sys.stdin.buffer, answers)
    os._exit(0)


if __name__ == "__main__":
    main()
