"""Archaeology says the same of the same messages, whichever store keeps them."""

import numpy as np

from homeostat.companion.archaeology.archaeology import Archaeology, PatternsFound
from homeostat.companion.archaeology.gap import Gap
from homeostat.companion.archaeology.reconstruction.reconstructed import Reconstructed
from homeostat.companion.message import NewMessage
from homeostat.companion.store.keys import MasterKey
from homeostat.companion.store.people import Memory
from homeostat.companion.store.postgres.people import PostgresPeople
from homeostat.store.address import StoreAddress
from homeostat.testing import servers
from homeostat.testing.bare_host import BareHost
from homeostat.testing.people_database import people_database

HOUR_US = 3_600_000_000


def answers(memory: Memory) -> tuple[list[Gap], PatternsFound, Reconstructed]:
    """Return what is told of half a year of evenings with a month missing."""
    rng = np.random.default_rng(1)
    days = [day for day in range(180) if not 100 <= day < 130]
    texts = ["how was the garden today", "the garden was lovely", "and the tomatoes", "red and sweet"]
    memory.messages.add(
        [
            NewMessage(
                id=f"{day}-{turn}",
                text=f"{text} {day}",
                at_us=1_600_041_600_000_000 + int((24 * day + 18 + rng.random()) * HOUR_US) + turn,
                talk=str(day),
                own=turn % 2 == 1,
            )
            for day in days
            for turn, text in enumerate(texts)
        ]
    )
    part = Archaeology(BareHost())
    while not part.catch_up(memory, 100):
        pass
    return part.gaps(memory), part.patterns(memory), part.reconstruct(memory, 401, 402)


def test_both_stores_give_the_same_answers(memory: Memory, postgres_server: servers.Server) -> None:
    with people_database(postgres_server.url) as database:
        people = PostgresPeople(StoreAddress.of(database.application), MasterKey(bytes(32)))
        with people.open("ann", create=True) as other:
            theirs = answers(other)
        people.close()
    ours = answers(memory)
    assert ours[0] == theirs[0] != []
    assert ours[1] == theirs[1]
    assert [one.seq for one in ours[2].likely] == [one.seq for one in theirs[2].likely]
