"""Servers for tests answer, keep what they said they keep when they are killed, and leave nothing behind."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from homeostat.testing import servers
from homeostat.testing.eventually import until
from homeostat.testing.servers.programs import free_port, program
from homeostat.testing.servers.server import Program, Server, ServerError, answers, folder_of, running


def test_each_test_has_a_database_of_its_own(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
        ).fetchone() == (0,)


def test_postgres_wants_its_password(postgres_url: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(postgres_url.replace("postgres:", "postgres:wrong", 1))


def test_a_killed_redis_that_is_durable_has_what_it_answered() -> None:
    with servers.redis(durable=True) as server:
        with redis.Redis.from_url(server.url) as client:
            client.set("key", "value")
        server.kill()
        assert not answers(server.port, b"PING\r\n", b"+PONG")
        server.start()
        with redis.Redis.from_url(server.url) as client:
            assert client.get("key") == b"value"


def test_a_killed_postgres_has_what_it_committed_and_is_gone_after_the_block() -> None:
    with servers.postgres({"fsync": "off"}) as server:
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 1 AS number")
        before = server.pid
        server.kill()
        server.start()
        assert server.pid != before
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT number FROM kept").fetchone() == (1,)
        server.kill()
    assert not psutil.pid_exists(before)


def test_a_paused_server_is_there_and_says_nothing() -> None:
    with servers.redis() as server:
        server.pause()
        with (
            redis.Redis.from_url(server.url, socket_timeout=0.1) as client,
            pytest.raises(redis.TimeoutError),
        ):
            client.ping()
        server.resume()
        with redis.Redis.from_url(server.url) as client:
            assert client.ping()


def test_a_server_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    source = (
        "import os, signal\n"
        "from homeostat.testing import servers\n"
        "with servers.redis() as server:\n"
        "    print(server.pid, server._program.folder, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", source], stdout=subprocess.PIPE, check=False)
    assert ended.returncode == -signal.SIGKILL
    pid, folder = ended.stdout.decode().split()
    until(lambda: not psutil.pid_exists(int(pid)) and not Path(folder).exists())


def test_a_program_that_ends_at_once_is_an_error_with_what_it_wrote() -> None:
    with folder_of("false", None) as folder:
        server = Server(
            "", 0, Program("sh", ["/bin/sh", "-c", "echo no luck; exit 3"], folder, None, lambda: False)
        )
        with pytest.raises(ServerError, match=r"status 3:\nno luck"), running(server):
            pass
    assert not folder.exists()


def test_a_program_that_is_not_installed_is_named_with_its_package() -> None:
    with pytest.raises(
        servers.NotInstalled, match="no-such-server is not installed: the system package nowhere"
    ):
        program("no-such-server", "nowhere")


def test_the_highest_version_is_taken(tmp_path: Path) -> None:
    for version in ("9.6", "15", "14.2"):
        path = tmp_path / version / "bin" / "server"
        path.parent.mkdir(parents=True)
        path.touch()
    assert program("server", "any", [f"{tmp_path}/*/bin"]) == str(tmp_path / "15/bin/server")


def test_a_free_port_can_be_listened_on() -> None:
    assert not answers(free_port(), b"", b"x")


@pytest.mark.long
def test_a_rabbitmq_is_killed_and_started_again_and_has_virtual_hosts(rabbitmq_url: str) -> None:
    assert rabbitmq_url.rpartition("/")[2].startswith("test-")
    with servers.rabbitmq() as server:
        server.kill()
        server.start()
        assert "/" in server.control("list_vhosts").split()
        pid = server.pid
    assert not psutil.pid_exists(pid)
