"""The fault proxy does what it is told, and passes everything on when it is told nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from homeostat.testing.faults.proxy import FaultProxy, Faults


@contextmanager
def echo() -> Iterator[int]:
    """A server that says back what it is told, and closes when it is closed to."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket) -> None:
            with connection:
                try:
                    while said := connection.recv(65_536):
                        connection.sendall(said)
                except ConnectionError:
                    pass

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=serve, args=(connection,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)


@contextmanager
def through(faults: Faults | None = None) -> Iterator[tuple[FaultProxy, socket.socket]]:
    with (
        echo() as port,
        FaultProxy(port, faults) as proxy,
        socket.create_connection(("127.0.0.1", proxy.port), timeout=60.0) as client,
    ):
        yield proxy, client


def exchange(client: socket.socket, said: bytes) -> float:
    """Say something, read it back, and return the seconds that took."""
    begun = time.monotonic()
    threading.Thread(target=client.sendall, args=(said,), daemon=True).start()
    heard = b""
    while len(heard) < len(said):
        piece = client.recv(65_536)
        assert piece
        heard += piece
    assert heard == said
    return time.monotonic() - begun


def test_without_faults_all_bytes_pass_in_order_and_so_does_the_end() -> None:
    with through() as (_, client):
        exchange(client, bytes(range(256)) * 20_000)
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""


def test_latency_is_added_both_ways_and_bytes_keep_their_order_under_jitter() -> None:
    with through(Faults(latency_s=0.1, jitter_s=0.05)) as (proxy, client):
        assert exchange(client, bytes(range(256)) * 1_000) >= 0.2
        proxy.faults = Faults()
        assert min(exchange(client, b"quick") for _ in range(50)) < 0.2


def test_latency_does_not_bound_throughput() -> None:
    with through(Faults(latency_s=0.2)) as (_, client):
        assert exchange(client, bytes(10_000_000)) < 60.0, "piece by piece it would be two minutes"


def test_bandwidth_is_bounded() -> None:
    with through(Faults(bytes_per_s=100_000)) as (_, client):
        assert exchange(client, bytes(20_000)) >= 0.2


def test_a_black_hole_says_nothing_and_passes_on_what_it_held_once_it_is_gone() -> None:
    with through() as (proxy, client):
        exchange(client, b"before")
        proxy.faults = Faults(black_hole=True)
        client.sendall(b"within")
        client.settimeout(0.1)
        with pytest.raises(TimeoutError):
            client.recv(1)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=60.0) as other:
            other.sendall(b"also")
            other.settimeout(0.1)
            with pytest.raises(TimeoutError):
                other.recv(1)
            proxy.faults = Faults()
            client.settimeout(60.0)
            assert client.recv(6) == b"within"


def test_a_reset_cuts_what_is_connected_and_nothing_later() -> None:
    with through() as (proxy, client):
        exchange(client, b"before")
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            client.recv(1)
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=60.0) as later:
            exchange(later, b"after")
            assert proxy.connections == 1


def test_an_answer_can_be_cut_in_its_middle() -> None:
    with through(Faults(reset_after_bytes=10)) as (_, client):
        client.sendall(b"0123456789abcdef")
        heard = b""
        with pytest.raises(ConnectionResetError):  # noqa: PT012 - what was heard until then is the claim
            while piece := client.recv(100):
                heard += piece
        assert heard in (b"", b"0123456789")  # a reset may throw away what was not read yet


def test_the_end_of_one_side_reaches_the_other_late() -> None:
    with through(Faults(close_delay_s=0.1)) as (_, client):
        exchange(client, b"x")
        begun = time.monotonic()
        client.shutdown(socket.SHUT_WR)
        assert client.recv(1) == b""
        assert time.monotonic() - begun >= 0.2


def test_a_server_that_is_not_there_is_a_reset() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with FaultProxy(port) as proxy:
        address = ("127.0.0.1", proxy.port)
        with (
            pytest.raises(ConnectionResetError),  # while connecting or later: the reset may be that quick
            socket.create_connection(address, timeout=60.0) as client,
        ):
            client.recv(1)


def test_an_address_is_led_through_the_proxy() -> None:
    with FaultProxy(1) as proxy:
        assert proxy.through("postgresql://u:p@db.example:5432/d?x=1") == (
            f"postgresql://u:p@127.0.0.1:{proxy.port}/d?x=1"
        )
        assert proxy.through("redis://db/0") == f"redis://127.0.0.1:{proxy.port}/0"
