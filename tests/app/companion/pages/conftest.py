"""A companion in which somebody has talked, and browsers that are signed in."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import PERSONS, Scope
from homeostat.companion.message import NewMessage
from homeostat.core.clock import SystemClock

HOSTILE = "<script>window.stolen = 1</script><img src=x onerror='window.stolen = 1'> \"quoted\" & 'so'"
DAY_US = 86_400_000_000
SILENCE_US = 150 * DAY_US
TALK = 8
MESSAGES = 80 * TALK
"""The silence lies in their middle; with the last one they are 641."""
TOPICS = (
    "the sourdough bread needs flour water and salt in the oven",
    "my sister moved to Lisbon and likes the trams there",
    "the guitar lesson was about chords and a slow song",
)

TokenOf = Callable[..., str]


@pytest.fixture(scope="session")
def hostile() -> str:
    """What somebody says who wants to take over the page."""
    return HOSTILE


def talk(now_us: int) -> list[NewMessage]:
    """Return messages of two people about three things, with a silence; the last is hostile in each field."""
    chance = random.Random(3)
    said = []
    at_us = 0
    for i in range(MESSAGES):
        at_us += round(
            chance.lognormvariate(4.0, 0.4) * 1e6 if i % TALK else chance.lognormvariate(11, 0.4) * 1e6
        )
        at_us += SILENCE_US if i == MESSAGES // 2 else 0
        said.append(
            NewMessage(
                id=f"m{i}",
                text=f"{TOPICS[i // TALK % 3]} number {i}",
                at_us=at_us,
                author="Ann" if i % 2 else "Ben",
                own=bool(i % 2),
                talk=f"talk {i // TALK}",
            )
        )
    said = [msgspec.structs.replace(message, at_us=message.at_us - at_us + now_us - 60) for message in said]
    bad = HOSTILE[:80]
    return [*said, NewMessage(id="bad", text=HOSTILE, at_us=now_us, author=bad, talk=bad)]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CompanionNode]:
    """A companion whose person ann has talked, and that has learned from it; shared by a module's claims."""
    clock = SystemClock()
    folder: Path = tmp_path_factory.mktemp("pages")
    node = CompanionNode(CompanionOptions(folder / "companion"), clock=clock)
    node.companion.receive_many("ann", talk(clock.now_ns() // 1_000))
    assert node.enrichment.catch_up("ann")
    yield node
    node.close()


@pytest.fixture
def token_of(node: CompanionNode) -> TokenOf:
    """Makes tokens: a person's, or with None a service's, with some scopes or all it may have."""

    def made(person: str | None = "ann", *scopes: Scope) -> str:
        usual = PERSONS if person is not None else frozenset(Scope)
        return node.access.issue(frozenset(scopes) or usual, person=person)[0].text

    return made


@pytest.fixture(scope="module")
def running(node: CompanionNode) -> Iterator[TestClient]:
    with TestClient(create_companion_app(node), headers={"accept": "text/html"}) as client:
        yield client


@pytest.fixture
def browser(running: TestClient) -> TestClient:
    """A browser in which nobody is signed in, while the application runs."""
    running.cookies.clear()
    return running


@pytest.fixture
def ann(browser: TestClient, token_of: TokenOf) -> TestClient:
    """A browser in which ann is signed in."""
    answer = browser.post("/login", data={"token": token_of()}, follow_redirects=False)
    assert answer.status_code == 303
    return browser
