"""The address of a database can be given wherever a store's file can."""

import os
import subprocess
import sys

import pytest

from homeostat import Homeostat

HOMEOSTAT = [sys.executable, "-m", "homeostat.app.cli.main"]


@pytest.mark.long
def test_an_application_writes_to_it_and_a_command_reads_from_it(postgres_url: str) -> None:
    hs = Homeostat("shop", store=postgres_url, collect=False)
    try:
        duration = hs.histogram("answer.duration", unit="ms")
        for n in range(100):
            duration.record(10.0 + n % 7)
        assert hs.flush(10.0)
    finally:
        hs.close()
    password = postgres_url.partition("postgres:")[2].partition("@")[0]
    assert password not in repr(hs.settings)
    done = subprocess.run(
        [*HOMEOSTAT, "report", "--since", "10m"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HOMEOSTAT_STORE": postgres_url},
    )
    assert done.returncode == 0, done.stderr
    assert "answer.duration" in done.stdout
    assert password not in done.stdout + done.stderr
