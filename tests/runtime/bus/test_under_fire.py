"""Publishers and subscribers killed as by kill -9 lose nothing that was acknowledged, and no order."""

from pathlib import Path

import pytest

from homeostat.testing import servers
from homeostat.testing.bus_under_fire import set_on_fire

pytestmark = pytest.mark.long


def survives(folder: Path, address: str) -> None:
    left = set_on_fire(folder, address, kills=2, begun=500)
    assert left.acknowledged >= 1_000
    assert (left.lost, left.out_of_order) == (0, 0)
    assert left.twice < left.acknowledged / 2


def test_in_a_file(tmp_path: Path) -> None:
    survives(tmp_path, str(tmp_path / "bus.db"))


def test_in_redis(tmp_path: Path, redis_url: str) -> None:
    survives(tmp_path, redis_url)


def test_a_durable_redis_that_is_killed_loses_nothing_and_the_bus_goes_on(tmp_path: Path) -> None:
    with servers.redis(durable=True) as server:
        survives(tmp_path, server.url)
        server.kill()
        server.start()
        (tmp_path / "log").unlink()
        survives(tmp_path, server.url)
