"""A program that writes batches to a store until it is ended: `keep_writing.py ADDRESS FIRST LAST`.

Batch `n` holds one span and one point, both numbered. The number is printed once the batch is kept.
"""

import sys

from homeostat.core.batch import Batch
from homeostat.core.clock import SECOND_NS
from homeostat.store.open import open_store
from homeostat.testing.store_contract import LATENCY, T0, point, span


def main() -> None:
    address, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with open_store(address) as store:
        sys.stdout.write("open\n")
        for n in range(first, last):
            start_ns = T0 + n * SECOND_NS // 4
            store.write(
                Batch(points=(point(LATENCY, start_ns, [float(n)]),), spans=(span(n + 1, 1, name=str(n)),))
            )
            sys.stdout.write(f"{n}\n")
            sys.stdout.flush()
            if n % 5 == 0:
                store.maintain(start_ns)


if __name__ == "__main__":
    main()
