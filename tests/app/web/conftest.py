"""A small node with some traffic, and clients of its web application."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from homeostat.app.web.app import create_app
from homeostat.core.clock import MINUTE_NS
from homeostat.loop.writer import together
from homeostat.testing.sample_traffic import SampleTraffic
from homeostat.testing.small_node import SmallNode

BASE = "http://127.0.0.1:4318"


@pytest.fixture
def node() -> Iterator[SmallNode]:
    node = SmallNode()
    yield node
    node.close()


@pytest.fixture
def client(node: SmallNode) -> Iterator[TestClient]:
    with TestClient(create_app(node), base_url=BASE) as client:
        yield client


@pytest.fixture(scope="module")
def busy_node() -> Iterator[SmallNode]:
    """A node that has seen 20 minutes of an assistant; read only."""
    node = SmallNode()
    now_ns = node.clock.now_ns()
    node.store.write(together(list(SampleTraffic().seconds(now_ns - 20 * MINUTE_NS, now_ns))))
    yield node
    node.close()


@pytest.fixture(scope="module")
def busy(busy_node: SmallNode) -> Iterator[TestClient]:
    with TestClient(create_app(busy_node), base_url=BASE) as client:
        yield client
