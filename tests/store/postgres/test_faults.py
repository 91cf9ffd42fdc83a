"""A server that is killed, a network that fails, no connection left, a full disk, a user who may not."""

import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, SECOND_NS
from homeostat.core.errors import HomeostatError, NotAvailable, StoreBusy, StoreError, StoreFull
from homeostat.core.losses import Losses
from homeostat.core.query import SizeQuery, TotalQuery
from homeostat.loop.writer import Writer
from homeostat.store.address import StoreAddress
from homeostat.store.open import open_store
from homeostat.store.postgres.connections import CONNECTIONS_MAX, Connection
from homeostat.store.postgres.store import PostgresStore
from homeostat.testing import servers
from homeostat.testing.faults.disk import small_disk
from homeostat.testing.faults.proxy import FaultProxy, Faults
from homeostat.testing.forked import forked
from homeostat.testing.store_contract import LATENCY, T0, point, span

WINDOW = (T0, T0 + DAY_NS)


def numbered(n: int) -> Batch:
    return Batch(points=(point(LATENCY, T0 + n * SECOND_NS, [float(n)]),), spans=(span(n + 1, 1),))


def count(store: PostgresStore) -> tuple[int, int]:
    """Return how many points and spans there are."""
    total = store.read(TotalQuery(*WINDOW)).get(LATENCY)
    return (0 if total is None else total.moments.count), store.read(SizeQuery()).spans


def opened(url: str, turn_timeout_s: float = 60.0) -> PostgresStore:
    return PostgresStore(StoreAddress.of(url), turn_timeout_s=turn_timeout_s)


@contextmanager
def through_proxy(
    url: str, kind: type[PostgresStore] = PostgresStore
) -> Iterator[tuple[FaultProxy, PostgresStore]]:
    port = int(url.rpartition(":")[2].partition("/")[0])
    with FaultProxy(port) as proxy:
        address = StoreAddress.of(proxy.through(url) + "?connect_timeout=2")
        with kind(address) as store:
            yield proxy, store


@contextmanager
def impatient(store: PostgresStore) -> Iterator[None]:
    """Within, an answer is waited for for half a second: for faults, not for a busy machine."""
    connections = store._connections
    usual, connections._answer_timeout_s = connections._answer_timeout_s, 0.5
    for connection in connections._idle:
        connection.answer_timeout_s = 0.5
    try:
        yield
    finally:
        connections._answer_timeout_s = usual


def write_all(store: PostgresStore, last: int, written: list[int], pause: threading.Event) -> None:
    for n in range(last):
        batch = numbered(n)
        while True:
            try:
                store.write(batch)
                break
            except StoreBusy:
                pause.wait(0.02)
        written.append(n)


def survive(kills: int) -> None:
    with servers.postgres({"fsync": "off"}) as server, opened(server.url) as store:
        written: list[int] = []
        last = kills * 200
        never = threading.Event()
        writer = threading.Thread(target=write_all, args=(store, last, written, never))
        writer.start()
        for kill in range(kills):
            while len(written) < (kill + 1) * 100:
                assert writer.is_alive()
                never.wait(0.001)
            server.kill()
            server.start()
        writer.join(300.0)
        assert len(written) == last
        assert count(store) == (last, last)


def test_what_was_written_is_there_once_when_the_server_is_killed_in_the_middle_of_writing() -> None:
    survive(1)


@pytest.mark.long
def test_what_was_written_is_there_once_when_the_server_is_killed_5_times() -> None:
    survive(5)


@pytest.mark.long
def test_a_writer_holds_what_comes_while_the_server_is_away_and_loses_none() -> None:
    losses = Losses()
    with servers.postgres({"fsync": "off"}) as server:
        store = opened(server.url)
        writer = Writer(lambda: store, losses)
        assert writer.offer(numbered(0))
        assert writer.drain(60.0)
        server.kill()
        for n in range(1, 50):
            assert writer.offer(numbered(n))
        assert not writer.drain(0.5)
        server.start()
        assert writer.drain(60.0)
        writer.close()
        assert count(store) == (50, 50)
        store.close()
    assert losses.totals() == {}


class CutBeforeCommit(PostgresStore):
    """A store whose network is gone once all of a batch was sent but its commit."""

    proxy: FaultProxy | None = None

    def _write(self, connection: Connection, batch: Batch) -> None:
        super()._write(connection, batch)
        if self.proxy is not None:
            self.proxy.faults = Faults(black_hole=True)
            self.proxy = None
            connection.answer_timeout_s = 0.5


def write_until_kept(store: PostgresStore, batch: Batch) -> None:
    for _ in range(200):
        try:
            store.write(batch)
            return
        except StoreBusy:
            threading.Event().wait(0.02)
    raise AssertionError("still busy")


@pytest.mark.parametrize("commit_arrives", [True, False])
@pytest.mark.parametrize("another_first", [True, False])
def test_a_batch_whose_commit_was_not_answered_is_kept_once_when_it_is_written_again(
    postgres_url: str, commit_arrives: bool, another_first: bool
) -> None:
    with through_proxy(postgres_url, CutBeforeCommit) as (proxy, store), opened(postgres_url) as other:
        assert isinstance(store, CutBeforeCommit)
        store.write(numbered(0))
        store.proxy = proxy
        batch = numbered(1)
        with pytest.raises(StoreBusy, match=r"no answer within 0\.5 s"):
            store.write(batch)
        if not commit_arrives:
            proxy.reset()
        proxy.faults = Faults()
        if another_first:
            write_until_kept(store, numbered(2))
        write_until_kept(store, batch)
        kept = 3 if another_first else 2
        assert count(other) == (kept, kept)
        store.write(numbered(3))
        assert count(other) == (kept + 1, kept + 1)


def test_a_slow_network_is_slow_and_no_more(postgres_url: str) -> None:
    with through_proxy(postgres_url) as (proxy, store):
        proxy.faults = Faults(latency_s=0.01, jitter_s=0.01, bytes_per_s=5e6)
        for n in range(3):
            store.write(numbered(n))
        assert count(store) == (3, 3)


def test_a_network_that_swallows_everything_costs_its_time_out_and_is_survived(postgres_url: str) -> None:
    with through_proxy(postgres_url) as (proxy, store):
        store.write(numbered(0))
        proxy.faults = Faults(black_hole=True)
        with impatient(store):
            with pytest.raises(StoreBusy, match="no answer"):
                store.read(SizeQuery())
            with pytest.raises(StoreBusy, match="cannot be reached, or does not answer"):
                store.write(numbered(1))
        proxy.reset()
        proxy.faults = Faults()
        store.write(numbered(1))
        assert count(store) == (2, 2)


def test_connections_that_the_server_ended_are_replaced_without_an_error(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.write(numbered(0))
        with psycopg.connect(postgres_url, autocommit=True) as other:
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        store.write(numbered(1))
        assert count(store) == (2, 2)


def test_when_all_connections_are_in_use_one_is_waited_for_and_then_told(postgres_url: str) -> None:
    with opened(postgres_url, turn_timeout_s=0.05) as store:
        with ExitStack() as held:
            for _ in range(CONNECTIONS_MAX):
                held.enter_context(store._connections.read())
            with pytest.raises(StoreBusy, match=f"all {CONNECTIONS_MAX} connections"):
                store.read(SizeQuery())
        assert count(store) == (0, 0)


@pytest.fixture
def app_url(postgres_url: str) -> Iterator[str]:
    """The address of the database for a user who is not its owner."""
    database = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"CREATE ROLE {database}_app LOGIN PASSWORD 'sesame'")
        yield (
            postgres_url.partition("://")[0] + f"://{database}_app:sesame@" + postgres_url.rpartition("@")[2]
        )
        admin.execute(f"DROP OWNED BY {database}_app")
        admin.execute(f"ALTER DATABASE {database} CONNECTION LIMIT -1")
        admin.execute(f"DROP ROLE {database}_app")


def test_a_user_who_may_not_make_the_schema_is_told_what_to_grant(postgres_url: str, app_url: str) -> None:
    with pytest.raises(StoreError, match="grant it CREATE on the database"):
        open_store(app_url)
    database = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"GRANT CREATE ON DATABASE {database} TO {database}_app")
    with opened(app_url) as store:
        store.write(numbered(0))
        assert count(store) == (1, 1)


def test_a_server_without_a_connection_left_is_busy(postgres_url: str, app_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {postgres_url.rpartition('/')[2]} CONNECTION LIMIT 0")
    with pytest.raises(StoreBusy, match="max_connections"):
        open_store(app_url)


def test_a_database_that_is_read_only_is_store_full(postgres_url: str) -> None:
    with opened(postgres_url) as store:
        store.write(numbered(0))
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(
            f"ALTER DATABASE {postgres_url.rpartition('/')[2]} SET default_transaction_read_only = on"
        )
    with opened(postgres_url) as store:
        with pytest.raises(StoreFull, match="primary"):
            store.write(numbered(1))
        assert count(store) == (1, 1)


@pytest.mark.long
def test_a_full_disk_is_store_full_and_what_was_kept_stays(postgres_server: servers.Server) -> None:
    base = postgres_server.url.rpartition("/")[0]
    try:
        with (
            small_disk(24 << 20) as disk,
            psycopg.connect(postgres_server.url, autocommit=True) as admin,
        ):
            place = disk / "table-space"
            place.mkdir()
            owner = Path(f"/proc/{postgres_server.pid}").stat()
            os.chown(place, owner.st_uid, owner.st_gid)
            admin.execute(f"CREATE TABLESPACE small LOCATION '{place}'")
            admin.execute("CREATE DATABASE on_small TEMPLATE template0 TABLESPACE small")
            try:
                with opened(f"{base}/on_small") as store:
                    kept = 0
                    with pytest.raises(StoreFull, match="disk is full"):  # noqa: PT012 - when is the disk's choice
                        for n in range(1_000):
                            many = tuple(span(n * 500 + i + 1, 1, name="x" * 200) for i in range(500))
                            store.write(Batch(spans=many))
                            kept += 500
                    assert kept > 0
                    assert store.read(SizeQuery()).spans == kept
            finally:
                admin.execute("DROP DATABASE on_small WITH (FORCE)")
                admin.execute("DROP TABLESPACE small")
    except NotAvailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        (("://postgres:", "://postgres:wrong-"), "pg_hba"),
        (("/test_", "/no_such_"), "createdb"),
        (("://postgres:", "://nobody:"), "pg_hba"),
        (("@127.0.0.1:", "@127.0.0.1:1"), "cannot be reached"),
        (("@127.0.0.1:", "@no-such-host.invalid:"), "cannot be reached"),
    ],
)
def test_no_error_shows_the_password(postgres_url: str, change: tuple[str, str], remedy: str) -> None:
    url = postgres_url.replace(*change)
    password = url.partition("://")[2].partition(":")[2].partition("@")[0]
    assert len(password) >= 10
    with pytest.raises(HomeostatError, match=remedy) as caught:
        open_store(url)
    shown = "".join(traceback.format_exception(caught.value))
    assert password not in shown
    assert password not in repr(StoreAddress.of(url))


def test_a_closed_store_says_so_and_so_does_one_after_a_fork(postgres_url: str) -> None:
    store = opened(postgres_url)

    def child() -> None:
        with pytest.raises(StoreError, match="after a fork"):
            store.write(numbered(0))

    assert forked(child) == 0
    store.write(numbered(0))
    store.close()
    store.close()
    with pytest.raises(StoreError, match="is closed"):
        store.read(SizeQuery())
