"""The forked child of a test: it ends where its work does, and is no second run of the tests."""

import os
import signal
import sys
import traceback
from collections.abc import Callable

from homeostat.testing.eventually import until


def forked(work: Callable[[], object]) -> int:
    """Do work in a forked child; return its exit status, 1 where the work raised (what, is on stderr).

    Raises TimeoutError where it does not end, such as for a lock that another thread held at the fork.
    """
    child = os.fork()
    if not child:
        status = 1
        try:
            work()
            status = 0
        finally:
            if status:
                traceback.print_exc(file=sys.stderr)
            os._exit(status)
    ended: list[int] = []

    def has_ended() -> bool:
        pid, status = os.waitpid(child, os.WNOHANG)
        ended.extend([status] if pid else [])
        return bool(pid)

    try:
        until(has_ended)
    except TimeoutError:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    return os.waitstatus_to_exitcode(ended[0])
