"""What the tests of the message flow share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.sqlite.people import SqlitePeople
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.digest_embedder import DigestEmbedder


@pytest.fixture
def embedder() -> DigestEmbedder:
    """An embedder that counts."""
    return DigestEmbedder()


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands."""
    return ManualClock()


@pytest.fixture
def host(clock: ManualClock) -> BareHost:
    """A host at that clock."""
    return BareHost(clock)


@pytest.fixture
def people(tmp_path: Path) -> Iterator[SqlitePeople]:
    """A store with nobody in it."""
    people = SqlitePeople(private_folder(tmp_path / "people"), MasterKey(bytes(32)))
    yield people
    people.close()
