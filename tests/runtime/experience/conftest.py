"""An experience over a store in memory."""

from collections.abc import Callable

import pytest

from homeostat.core.batch import Batch
from homeostat.core.query import Store
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.testing.bare_host import BareHost
from homeostat.testing.written_at_once import written_at_once

Make = Callable[..., Experience]


@pytest.fixture
def make(store: Store, host: BareHost, names: Pseudonyms) -> Make:
    """Makes experiences over the same store, as several processes have them."""

    def made(
        offer: Callable[[Batch], bool] | None = None, host: BareHost = host, **declared: object
    ) -> Experience:
        declaration = Declaration(service="shop", **declared)  # type: ignore[arg-type]
        return Experience(host, declaration, offer or written_at_once(store), store, names)

    return made


@pytest.fixture
def experience(make: Make) -> Experience:
    return make()
