"""The bus in a file keeps the contract."""

from pathlib import Path

import pytest

from homeostat.testing.bus_contract import BusContract


class TestInFile(BusContract):
    @pytest.fixture
    def address(self, tmp_path: Path) -> str:
        return str(tmp_path / "NAME.db")
