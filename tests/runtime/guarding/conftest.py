"""A guarding over a store in memory, with a clock that is turned by hand."""

from collections.abc import Callable, Iterator

import pytest

from homeostat.core.batch import Batch
from homeostat.core.query import Store
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import policy
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.guarding.reviews import Reviews
from homeostat.store.open import open_store
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

KEY = bytes(range(32))
Make = Callable[..., Guarding]


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


@pytest.fixture(scope="session")
def guard() -> Guard:
    return Guard(policy("adult"))


@pytest.fixture
def make(store: Store, host: BareHost, guard: Guard) -> Make:
    """Makes guardings over the same store, as several processes have them."""

    def write(batch: Batch) -> bool:
        store.write(batch)
        return True

    def made(*, texts: bool = False, offer: Callable[[Batch], bool] = write, **how: object) -> Guarding:
        names = Pseudonyms(KEY, "shop")
        reviews = Reviews("shop", offer, store, host.clock, host.losses, names, texts=texts)
        return Guarding(host, guard, reviews=reviews, **{"sample": 0.0, **how})  # type: ignore[arg-type]

    return made


@pytest.fixture
def guarding(make: Make) -> Guarding:
    return make()
