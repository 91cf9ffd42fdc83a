import socket
import threading

import psutil
import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.observe.collectors.collector import Reading
from homeostat.observe.collectors.network import NetworkCollector

LOOPBACK_OUT = (("direction", "transmit"), ("interface", "loopback"))
EXTERNAL_IN = (("direction", "receive"), ("interface", "external"))


def told(readings: list[Reading], metric: str) -> dict[tuple[tuple[str, str], ...], float]:
    return {r.attributes: r.value for r in readings if r.metric == metric}


def counters(**fields: int) -> object:
    names = (
        "bytes_sent",
        "bytes_recv",
        "packets_sent",
        "packets_recv",
        "errin",
        "errout",
        "dropin",
        "dropout",
    )
    return type("Counters", (), {**dict.fromkeys(names, 0), **fields})


def test_bytes_over_the_loopback_are_counted_there() -> None:
    collector = NetworkCollector()
    list(collector.collect(0))
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = threading.Thread(target=lambda: server.accept()[0].close())
        receiver.start()
        with socket.create_connection(server.getsockname()) as client:
            client.sendall(b"x" * 50_000)
        receiver.join()
    readings = list(collector.collect(SECOND_NS))
    if not told(readings, "system.network.io"):
        pytest.skip("no interfaces in this sandbox")
    assert told(readings, "system.network.io")[LOOPBACK_OUT] >= 50_000
    assert told(readings, "system.network.packets")[LOOPBACK_OUT] >= 3


def test_connections_are_counted_by_state() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        accepted, _ = server.accept()
        with accepted:
            found = told(list(NetworkCollector().collect(0)), "process.network.connections")
    assert found[(("state", "listen"),)] >= 1
    assert found[(("state", "established"),)] >= 2
    assert (("state", "close_wait"),) in found


def test_all_interfaces_but_the_loopback_are_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {
        "lo": counters(bytes_recv=100),
        "eth0": counters(bytes_recv=10, dropin=1),
        "wlan0": counters(bytes_recv=5),
    }
    monkeypatch.setattr(psutil, "net_io_counters", lambda pernic, nowrap: seen)
    collector = NetworkCollector()
    list(collector.collect(0))
    seen["eth0"] = counters(bytes_recv=17, dropin=4)
    seen["wlan0"] = counters(bytes_recv=6)
    readings = list(collector.collect(SECOND_NS))
    assert told(readings, "system.network.io")[EXTERNAL_IN] == 8
    assert told(readings, "system.network.dropped")[EXTERNAL_IN] == 3


def test_an_interface_that_goes_away_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {"eth0": counters(bytes_recv=10), "tun0": counters(bytes_recv=10**9)}
    monkeypatch.setattr(psutil, "net_io_counters", lambda pernic, nowrap: seen)
    collector = NetworkCollector()
    list(collector.collect(0))
    del seen["tun0"]
    seen["eth0"] = counters(bytes_recv=30)
    assert told(list(collector.collect(SECOND_NS)), "system.network.io")[EXTERNAL_IN] == 20


def test_connections_that_may_not_be_seen_are_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    def deny(self: psutil.Process, kind: str) -> None:
        raise psutil.AccessDenied(1)

    monkeypatch.setattr(psutil.Process, "net_connections", deny)
    collector = NetworkCollector()
    assert told(list(collector.collect(0)), "process.network.connections") == {}
    assert "does not show" in collector.unavailable()["process.network.connections"]
