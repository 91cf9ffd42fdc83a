"""The schema moves on by steps, once each, whole or not at all."""

import psycopg
import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS
from homeostat.core.errors import StoreError
from homeostat.core.query import TotalQuery
from homeostat.store.address import StoreAddress
from homeostat.store.open import open_store
from homeostat.store.postgres.connections import Connections
from homeostat.store.postgres.schema import STEPS, Step, migrate
from homeostat.testing.store_contract import LATENCY, T0, point

NEXT: Step = ("ALTER TABLE homeostat.traces ADD COLUMN starred boolean NOT NULL DEFAULT false",)


@pytest.fixture
def url(postgres_url: str) -> str:
    with open_store(postgres_url) as store:
        store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
    return postgres_url


def taken(url: str, steps: tuple[Step, ...]) -> int:
    connections = Connections(StoreAddress.of(url), 10.0, 10.0)
    try:
        return migrate(connections, steps)
    finally:
        connections.close()


def test_an_older_database_keeps_what_it_holds_when_it_takes_a_step_once(url: str) -> None:
    assert taken(url, (*STEPS, NEXT)) == 1
    assert taken(url, (*STEPS, NEXT)) == 0
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT count(*) FROM homeostat.segments").fetchone() == (1,)
        assert connection.execute("SELECT starred FROM homeostat.traces").fetchall() == []


def test_a_step_that_fails_leaves_the_database_as_it_was(url: str) -> None:
    with pytest.raises(StoreError, match="already exists"):
        taken(url, (*STEPS, (*NEXT, "CREATE TABLE homeostat.series (id integer)")))
    with open_store(url) as store:
        assert store.read(TotalQuery(T0, T0 + DAY_NS))[LATENCY].moments.count == 1


def test_a_database_of_a_newer_version_is_refused_with_both_versions_named(url: str) -> None:
    taken(url, (*STEPS, NEXT))
    with pytest.raises(StoreError, match=rf"schema {len(STEPS) + 1}.*up to {len(STEPS)}"):
        open_store(url)


def test_the_tables_of_an_application_in_the_same_database_are_left_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE series AS SELECT 1 AS theirs")
        with open_store(postgres_url) as store:
            store.write(Batch(points=(point(LATENCY, T0, [1.0]),)))
        assert connection.execute("SELECT theirs FROM series").fetchall() == [(1,)]
