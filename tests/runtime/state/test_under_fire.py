"""Processes that change the same documents lose none of each other's changes, whoever is killed meanwhile."""

from pathlib import Path

import pytest

from homeostat.testing.state_under_fire import set_on_fire

pytestmark = pytest.mark.long


def survives(folder: Path, redis_url: str = "") -> None:
    left = set_on_fire(folder, redis_url, kills=2, begun=100)
    assert left.changes >= 300
    assert left.conflicts > 0
    assert (left.wrong, left.unresolved) == (0, 0)


def test_in_a_file(tmp_path: Path) -> None:
    survives(tmp_path)


def test_in_redis(tmp_path: Path, redis_url: str) -> None:
    survives(tmp_path, redis_url)
