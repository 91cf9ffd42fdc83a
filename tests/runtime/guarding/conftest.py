"""A guarding over a store in memory."""

from collections.abc import Callable

import pytest

from homeostat.core.batch import Batch
from homeostat.core.query import Store
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import policy
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.guarding.reviews import Reviews
from homeostat.testing.bare_host import BareHost
from homeostat.testing.written_at_once import written_at_once

Make = Callable[..., Guarding]


@pytest.fixture(scope="session")
def guard() -> Guard:
    return Guard(policy("adult"))


@pytest.fixture
def make(store: Store, host: BareHost, guard: Guard, names: Pseudonyms) -> Make:
    """Makes guardings over the same store, as several processes have them."""

    def made(*, texts: bool = False, offer: Callable[[Batch], bool] | None = None, **how: object) -> Guarding:
        queue = offer or written_at_once(store)
        reviews = Reviews("shop", queue, store, host.clock, host.losses, names, texts=texts)
        return Guarding(host, guard, reviews=reviews, **{"sample": 0.0, **how})  # type: ignore[arg-type]

    return made


@pytest.fixture
def guarding(make: Make) -> Guarding:
    return make()
