"""Redis for tests: in memory only unless asked, and bounded."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeostat.testing.servers.programs import account, free_port, program
from homeostat.testing.servers.server import Program, Server, answers, folder_of, running


@contextmanager
def redis(*, durable: bool = False, memory_mb: int = 128) -> Iterator[Server]:
    """A Redis server that refuses what does not fit into `memory_mb`; nothing is evicted.

    `durable` appends every write to a file before it is answered, so that what was answered survives
    `kill` (the file is flushed to the disk once a second). Raises NotInstalled, ServerError.
    """
    command = program("redis-server", "redis-server")
    owner = account("redis")
    port = free_port()
    with folder_of("redis", owner) as folder:
        server = Server(
            f"redis://127.0.0.1:{port}/0",
            port,
            Program(
                name="redis-server",
                command=[
                    command, "--bind", "127.0.0.1", "--port", str(port), "--dir", str(folder), "--save", "",
                    "--appendonly", "yes" if durable else "no", "--appendfsync", "everysec",
                    "--maxmemory", f"{memory_mb}mb", "--maxmemory-policy", "noeviction",
                ],
                folder=folder,
                account=owner,
                ready=lambda: answers(port, b"PING\r\n", b"+PONG"),
            ),
        )  # fmt: skip
        with running(server):
            yield server
