"""What the tests of the companion's server share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import PERSONS, Scope


@pytest.fixture
def node(tmp_path: Path) -> Iterator[CompanionNode]:
    """A companion in a folder of its own."""
    node = CompanionNode(CompanionOptions(tmp_path / "companion"))
    yield node
    node.close()


class Client(TestClient):
    """A client with a token."""

    def __init__(self, node: CompanionNode, token: str) -> None:
        super().__init__(create_companion_app(node), headers={"authorization": f"Bearer {token}"})


def token_of(node: CompanionNode, person: str | None = None, *scopes: Scope) -> str:
    """Return a new token."""
    usual = frozenset(Scope) if person is None else PERSONS
    return node.access.issue(frozenset(scopes) or usual, person=person)[0].text


@pytest.fixture
def service(node: CompanionNode) -> Iterator[TestClient]:
    """A client whose token may do everything, while the application runs."""
    with Client(node, token_of(node)) as client:
        yield client
