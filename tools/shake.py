"""Run tests whose process stands still at random moments: `python tools/shake.py tests/runtime -k lease`.

A test that fails so, and not otherwise, takes a time for a state. Arguments are pytest's.
"""

import random
import signal
import subprocess
import sys
import time

EVERY_S = 1.0
LONGEST_S = 0.7


def shaken(arguments: list[str], chance: random.Random) -> int:
    """Run pytest, stop it now and then for up to `LONGEST_S`, and return its exit status.

    Servers and other children run on: they are what is late for them.
    """
    tests = subprocess.Popen([sys.executable, "-m", "pytest", *arguments])  # noqa: S603 - a tool of ours
    try:
        while tests.poll() is None:
            time.sleep(chance.expovariate(1.0 / EVERY_S))
            tests.send_signal(signal.SIGSTOP)
            time.sleep(chance.uniform(0.1, LONGEST_S))
            tests.send_signal(signal.SIGCONT)
    finally:
        tests.send_signal(signal.SIGCONT)
        tests.send_signal(signal.SIGTERM)
    return tests.wait()


if __name__ == "__main__":
    sys.exit(shaken(sys.argv[1:], random.Random()))  # noqa: S311 - a disturbance, not a secret
