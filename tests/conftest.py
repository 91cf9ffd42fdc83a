"""What all tests share: no claim depends on how fast the machine is, on chance, or on who starts them."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import TypeVar

import psycopg
import pytest
import redis
from hypothesis import settings

from homeostat.runtime.embed.built import MINILM, default_folder, status
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.testing import servers
from homeostat.testing.bare_host import BareHost

_S = TypeVar("_S", bound=servers.Server)

# What is drawn is drawn again in each run: `--hypothesis-profile explore` draws anew.
settings.register_profile("any machine", deadline=None, derandomize=True)
settings.register_profile("explore", deadline=None, derandomize=False)
settings.load_profile("any machine")

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    # A shell starts what runs in the background with SIGINT ignored, and programs under test inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def _installed(server: AbstractContextManager[_S]) -> Iterator[_S]:
    """Run a server where it is installed; elsewhere the test is skipped, or fails where CI=true."""
    try:
        running = server.__enter__()
    except servers.NotInstalled as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    try:
        yield running
    finally:
        server.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Server]:
    """One PostgreSQL for the session; it does not flush, which only the end of the machine would show.

    A test that kills it, or changes its settings, starts one of its own.
    """
    with _installed(servers.postgres({"fsync": "off"})) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    """One Redis for the session; a test that kills it starts one of its own."""
    with _installed(servers.redis()) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[servers.RabbitMQ]:
    """One RabbitMQ for the session, 10 s to start: for long tests. One that kills it starts its own."""
    with _installed(servers.rabbitmq()) as server:
        yield server


_number = count()


@pytest.fixture
def postgres_url(postgres_server: servers.Server) -> Iterator[str]:
    """The address of a fresh PostgreSQL database."""
    name = f"test_{next(_number)}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    yield postgres_server.url.rpartition("/")[0] + f"/{name}"
    with psycopg.connect(postgres_server.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(redis_server: servers.Server) -> str:
    """The address of an empty Redis."""
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushall()
    return redis_server.url


@pytest.fixture
def rabbitmq_url(rabbitmq_server: servers.RabbitMQ) -> str:
    """The address of a fresh virtual host of RabbitMQ (making it takes 2 s)."""
    return rabbitmq_server.add_vhost(f"test-{next(_number)}")


@pytest.fixture(scope="session")
def minilm() -> MiniLm:
    """The embedder of this machine, where it is built."""
    found = status(default_folder(), MINILM)
    if found.fault:
        pytest.skip(f"{MINILM} is {found.fault}: homeostat embedder build")
    return MiniLm(BareHost())
