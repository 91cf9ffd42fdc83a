"""RabbitMQ for tests: a node with a name, a data folder and a port mapper of its own, and no management."""

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homeostat.testing.servers.programs import account, free_port, program
from homeostat.testing.servers.server import (
    Program,
    Server,
    ServerError,
    answers,
    credentials,
    folder_of,
    running,
)

_FOLDERS = ("/usr/lib/rabbitmq/bin", "/opt/homebrew/opt/rabbitmq/sbin")
"""Before PATH, where Debian keeps a wrapper that only root may run, and on the system's own node."""
_HEADER = b"AMQP\x00\x00\x09\x01"
_METHOD_FRAME = b"\x01\x00\x00"


class RabbitMQ(Server):
    """A broker at `url`, its virtual host `/`; `add_vhost` makes further ones."""

    def __init__(self, port: int, program: Program, control: str) -> None:
        super().__init__(f"amqp://guest:guest@127.0.0.1:{port}//", port, program)
        self._control = control

    def add_vhost(self, name: str) -> str:
        """Make a virtual host for the user (two seconds) and return its address. Raises ServerError."""
        self.control("add_vhost", name)
        self.control("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
        return self.url.removesuffix("//") + f"/{name}"

    def control(self, *arguments: str) -> str:
        """Run one command of `rabbitmqctl` (about two seconds) and return its output. Raises ServerError."""
        result = subprocess.run(  # noqa: S603 - a program found by us
            [self._control, "--quiet", *arguments],
            capture_output=True,
            cwd=self._program.folder,
            env={"PATH": os.environ.get("PATH", os.defpath), **self._program.environment},
            check=False,
            **credentials(self._program.account),
        )
        if result.returncode:
            raise ServerError(f"rabbitmqctl {arguments[0]}: {result.stderr.decode()[-1000:]}")
        return str(result.stdout, "utf-8")


@contextmanager
def rabbitmq() -> Iterator[RabbitMQ]:
    """A RabbitMQ broker, whose user `guest` has the password `guest`. Raises NotInstalled, ServerError."""
    command = program("rabbitmq-server", "rabbitmq-server", _FOLDERS)
    control = program("rabbitmqctl", "rabbitmq-server", _FOLDERS)
    epmd = program("epmd", "erlang-base")
    owner = account("rabbitmq")
    port, epmd_port, peer_port = free_port(), free_port(), free_port()
    with folder_of("epmd", owner) as epmd_folder, folder_of("rabbitmq", owner) as folder:
        mapper = Server(
            f"tcp://127.0.0.1:{epmd_port}",
            epmd_port,
            Program(
                name="epmd",
                command=[epmd, "-address", "127.0.0.1", "-port", str(epmd_port)],
                folder=epmd_folder,
                account=owner,
                ready=lambda: answers(epmd_port, b"\x00\x01n", epmd_port.to_bytes(4, "big")),
            ),
        )
        environment = _environment(folder, epmd_port, peer_port)
        _configure(folder, port)
        broker = RabbitMQ(
            port,
            Program(
                name="rabbitmq-server",
                command=[command],
                folder=folder,
                account=owner,
                ready=lambda: answers(port, _HEADER, _METHOD_FRAME),
                environment=environment,
                start_timeout_s=120.0,
            ),
            control,
        )
        with running(mapper), running(broker):
            yield broker


def _configure(folder: Path, port: int) -> None:
    (folder / "rabbitmq.conf").write_text(
        f"listeners.tcp.1 = 127.0.0.1:{port}\n"
        "vm_memory_high_watermark.absolute = 256MB\n"
        "log.console = true\n"
        "log.console.level = warning\n"
        "log.file = false\n"
    )
    (folder / "enabled_plugins").write_text("[].\n")


def _environment(folder: Path, epmd_port: int, peer_port: int) -> dict[str, str]:
    """Return what keeps the node apart from any other of this machine."""
    return {
        "HOME": str(folder),
        "RABBITMQ_CONF_ENV_FILE": str(folder / "none.conf"),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
        "RABBITMQ_LOG_BASE": str(folder / "log"),
        "RABBITMQ_NODENAME": f"test-{secrets.token_hex(4)}@localhost",
        "RABBITMQ_DIST_PORT": str(peer_port),
        "RABBITMQ_ALLOW_INPUT": "true",  # the script becomes the broker, so that its id is the broker's
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-noinput -kernel inet_dist_use_interface {127,0,0,1} +S 2:2",
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "ERL_EPMD_PORT": str(epmd_port),
    }
