import os
import subprocess
import sys
import textwrap

import pytest

PROGRAM = textwrap.dedent("""
    import gc, os, sys, threading, warnings
    from pathlib import Path
    from homeostat.core.clock import SystemClock
    from homeostat.core.losses import Losses
    from homeostat.observe.catalogue import load_catalogue
    from homeostat.observe.collectors.machine import machine_collectors
    from homeostat.observe.collectors.runner import Collectors
    from homeostat.observe.registry import Registry
    from homeostat.testing.eventually import until

    def collectors(made):
        losses = Losses()
        return Collectors(made.all, Registry(losses), losses, load_catalogue(), SystemClock(), {})

    before = len(gc.callbacks), len(os.listdir("/dev/fd"))
    made = machine_collectors(Losses(), Path("/"))
    parents = collectors(made)
    parents.collect()
    [threads] = [c for c in made.all if c.name == "threads"]
    until(lambda: len(threads._waits) > 0)  # its file is open
    warnings.simplefilter("ignore")  # forking a program with threads is what is tested
    child = os.fork()
    if child == 0:
        parents.abandon()
        assert (len(gc.callbacks), len(os.listdir("/dev/fd"))) == before
        own = collectors(machine_collectors(Losses(), Path("/")))
        own.collect()
        own.close()
        assert len(gc.callbacks) == before[0]
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    parents.close()
    assert threading.active_count() == 1
    assert (len(gc.callbacks), len(os.listdir("/dev/fd"))) == before
    sys.exit(code)
""")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_lets_go_of_its_parents_hooks_and_files_and_collects_anew() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
