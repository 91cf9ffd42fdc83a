"""Claims about the reviews of a guard, where the store takes nothing for a while."""

from collections.abc import Callable

import pytest

from homeostat.core.batch import Batch
from homeostat.core.errors import StoreBusy
from homeostat.core.query import Store
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.testing.written_at_once import written_at_once

CARD = "Pay with 4111 1111 1111 1111."


def test_reviews_that_cannot_be_forgotten_now_are_said_to_be_and_are_the_next_time(
    make: Callable[..., Guarding], store: Store
) -> None:
    full: list[bool] = []
    write = written_at_once(store)

    def offer(batch: Batch) -> bool:
        return not full and write(batch)

    guarding = make(offer=offer)
    guarding.check(CARD, person="ann")
    full.append(True)
    with pytest.raises(StoreBusy, match="1 reviews cannot be forgotten now"):
        guarding.forget("ann")
    full.clear()
    assert guarding.forget("ann") == 1
    assert guarding.forget("ann") == 0
