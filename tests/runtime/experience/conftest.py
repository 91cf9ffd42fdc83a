"""An experience over a store in memory, with a clock that is turned by hand."""

from collections.abc import Callable, Iterator

import pytest

from homeostat.core.batch import Batch
from homeostat.core.query import Store
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.store.open import open_store
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

KEY = bytes(range(32))
Make = Callable[..., Experience]


def writing_to(store: Store) -> Callable[[Batch], bool]:
    """Return a queue that writes at once."""

    def offer(batch: Batch) -> bool:
        store.write(batch)
        return True

    return offer


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
def make(store: Store, host: BareHost) -> Make:
    """Makes experiences over the same store, as several processes have them."""

    def made(offer: Callable[[Batch], bool] | None = None, **declared: object) -> Experience:
        declaration = Declaration(service="shop", **declared)  # type: ignore[arg-type]
        return Experience(host, declaration, offer or writing_to(store), store, Pseudonyms(KEY, "shop"))

    return made


@pytest.fixture
def experience(make: Make) -> Experience:
    return make()
