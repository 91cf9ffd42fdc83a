"""A writer to be killed: `python -m homeostat.testing.people_writer ADDRESS PERSON BATCH` says what was kept.

It adds messages to a person's memory without end, `BATCH` in each call, and prints the highest seq of each
batch once the call has returned. The master key comes by the environment.
"""

import sys
from itertools import count

from homeostat.companion.message import NewMessage
from homeostat.companion.store.opening import people_at


def main() -> None:
    """Write until killed."""
    address, person, batch = sys.argv[1], sys.argv[2], int(sys.argv[3])
    people = people_at(address)
    with people.open(person, create=True) as memory:
        begin = memory.extent().last
    for first in count(begin + 1, batch):
        with people.open(person) as memory:
            seqs = memory.messages.add([message(n) for n in range(first, first + batch)])
        sys.stdout.write(f"{seqs[-1]}\n")
        sys.stdout.flush()


def message(number: int) -> NewMessage:
    """Return the message that gets this seq."""
    return NewMessage(id=f"m{number}", text=f"word{number} of all", at_us=number, talk=f"talk {number % 3}")


if __name__ == "__main__":
    main()
