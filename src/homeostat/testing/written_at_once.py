"""Written at once: what stands in front of a store where an application has a queue."""

from collections.abc import Callable

from homeostat.core.batch import Batch
from homeostat.core.query import Store


def written_at_once(store: Store) -> Callable[[Batch], bool]:
    """Return what writes batches into a store in the thread of who offers them, and takes all."""

    def offer(batch: Batch) -> bool:
        store.write(batch)
        return True

    return offer
