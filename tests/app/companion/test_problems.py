"""Claims about errors as answers: they name no file and no address of the server, which its log does."""

import logging
from contextlib import AbstractContextManager

import pytest
from starlette.testclient import TestClient

from homeostat.app.companion.app import create_companion_app
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.problems import answer_to, told_of
from homeostat.companion.access.grant import PERSONS
from homeostat.companion.store.people import Memory
from homeostat.core.errors import EmbedderError, HomeostatError, InputError, StoreBusy, StoreError, StoreFull

SECRET = "/srv/people/ab/cd.db"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StoreBusy(SECRET), 503),
        (StoreError(SECRET), 503),
        (StoreFull(SECRET), 507),
        (EmbedderError(SECRET), 503),
    ],
)
def test_what_an_error_says_of_the_server_is_for_its_log(
    error: HomeostatError, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        answer = answer_to(error)
    assert answer.status_code == status
    assert SECRET.encode() not in answer.body
    assert SECRET in caplog.text


def test_what_an_error_says_of_the_request_is_answered() -> None:
    assert told_of(InputError("k must be a number")).error == "k must be a number"


def test_a_stranger_is_not_told_why_the_store_does_not_answer(
    node: CompanionNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(after: str, limit: int) -> list[str]:
        raise StoreError(SECRET)

    monkeypatch.setattr(node.people, "names", away)
    answer = TestClient(create_companion_app(node)).get("/readyz")
    assert answer.status_code == 503
    assert SECRET not in answer.text


def test_a_page_is_not_told_either(node: CompanionNode, monkeypatch: pytest.MonkeyPatch) -> None:
    def corrupt(person: str, *, create: bool = False) -> AbstractContextManager[Memory]:
        raise StoreError(SECRET)

    monkeypatch.setattr(node.people, "open", corrupt)
    token, _ = node.access.issue(PERSONS, person="ann")
    client = TestClient(create_companion_app(node), headers={"authorization": f"Bearer {token.text}"})
    answer = client.get("/dreams")
    assert answer.status_code == 503
    assert SECRET not in answer.text
    assert "cannot be read or written now" in answer.text
