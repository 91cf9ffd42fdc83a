"""The bus in Redis Streams keeps the contract, against a real server."""

import pytest

from homeostat.testing.bus_contract import BusContract


class TestInRedis(BusContract):
    @pytest.fixture
    def address(self, redis_url: str) -> str:
        return redis_url
