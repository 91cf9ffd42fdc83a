"""A store in memory, a clock that is turned by hand, and the names of an application's people."""

from collections.abc import Iterator

import pytest

from homeostat.core.query import Store
from homeostat.runtime.experience.pseudonyms import KEY_BYTES, Pseudonyms
from homeostat.store.open import open_store
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


@pytest.fixture
def store() -> Iterator[Store]:
    opened = open_store(":memory:")
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_800_000_000 * 10**9)


@pytest.fixture
def host(clock: ManualClock) -> BareHost:
    return BareHost(clock)


@pytest.fixture
def names() -> Pseudonyms:
    return Pseudonyms(bytes(range(KEY_BYTES)), "shop")
