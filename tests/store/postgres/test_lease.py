"""A lease in a database: two never have it, and a holder that dies or stalls loses it soon."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from homeostat.core.lease import Leases
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.store import PostgresStore
from homeostat.testing import servers
from homeostat.testing.eventually import until
from homeostat.testing.faults.proxy import FaultProxy, Faults
from homeostat.testing.faults.victim import Victim
from homeostat.testing.lease_contract import LeaseContract

HOLDER = """
import sys, time
from homeostat.store.address import StoreAddress
from homeostat.store.postgres.store import PostgresStore
lease = PostgresStore(StoreAddress.of(sys.argv[1])).lease("duties")
assert lease.held()
print("held", flush=True)
while True:
    time.sleep(0.2)
    lease.held()
"""


def opened(url: str) -> PostgresStore:
    return PostgresStore(StoreAddress.of(url))


class TestPostgresLease(LeaseContract):
    @pytest.fixture
    def open_place(self, postgres_url: str) -> Iterator[Callable[[], Leases]]:
        stores: list[PostgresStore] = []

        def open_place() -> PostgresStore:
            stores.append(opened(postgres_url))
            return stores[-1]

        yield open_place
        for store in stores:
            store.close()


def test_a_holder_that_is_killed_has_it_no_more(postgres_url: str) -> None:
    with Victim(["-c", HOLDER, postgres_url]) as victim, opened(postgres_url) as store:
        victim.wait_for_lines(1)
        lease = store.lease("duties")
        assert not lease.held()
        victim.kill()
        until(lease.held)
        lease.release()


@pytest.mark.long
def test_a_holder_whose_network_swallows_everything_loses_it_and_knows(postgres_url: str) -> None:
    port = int(postgres_url.rpartition(":")[2].partition("/")[0])
    with FaultProxy(port) as proxy, opened(proxy.through(postgres_url)) as far, opened(postgres_url) as near:
        one, other = far.lease("duties"), near.lease("duties")
        assert one.held()
        assert not other.held()
        proxy.faults = Faults(black_hole=True)
        assert not one.held(), "it does not act on what it cannot ask"
        until(other.held)
        proxy.faults = Faults()
        assert not one.held()
        other.release()
        until(one.held)
        one.release()


@pytest.mark.long
def test_a_server_that_dies_takes_the_lease_from_its_holder_who_may_have_it_again() -> None:
    with servers.postgres() as server, opened(server.url) as store:
        lease = store.lease("duties")
        assert lease.held()
        server.kill()
        assert not lease.held()
        server.start()
        until(lease.held)
        lease.release()


def test_a_connection_that_the_server_ends_is_noticed_before_anything_is_done(postgres_url: str) -> None:
    with opened(postgres_url) as store, psycopg.connect(postgres_url, autocommit=True) as admin:
        lease, other = store.lease("duties"), store.lease("duties")
        assert lease.held()
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        )
        until(other.held)
        assert not lease.held()
        lease.release()
        other.release()
