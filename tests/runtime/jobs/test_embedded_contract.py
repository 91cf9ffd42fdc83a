"""The embedded queue keeps the contract of jobs."""

from pathlib import Path

import pytest

from homeostat.testing.jobs_contract import Address, JobsContract


class TestEmbedded(JobsContract):
    @pytest.fixture
    def address(self, tmp_path: Path) -> Address:
        return Address(str(tmp_path / "jobs.db"))
