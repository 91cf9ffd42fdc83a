"""Claims about tokens: what they open, how long, and what is kept of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.companion.access.access import FRESH_NS, Access
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Scope, scopes_of
from homeostat.companion.access.secret import new_token, read_token
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, InputError, StoreError
from homeostat.testing.clock import ManualClock

READ = frozenset((Scope.READ,))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "access.db"


@pytest.fixture
def cabinet(path: Path) -> Iterator[SqliteCabinet]:
    cabinet = SqliteCabinet(path)
    yield cabinet
    cabinet.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def audit(cabinet: SqliteCabinet, clock: ManualClock) -> Audit:
    return Audit(cabinet.trail, b"key", clock)


@pytest.fixture
def access(cabinet: SqliteCabinet, audit: Audit, clock: ManualClock) -> Access:
    return Access(cabinet.drawers, audit, clock)


def test_a_token_opens_what_it_was_made_for(access: Access) -> None:
    token, made = access.issue(READ, person="ann", label="phone")
    for grant in (access.held(token.text), access.admit(token.text)):
        assert grant == made
        assert grant is not None
        assert grant.opens("ann")
        assert not grant.opens("bob")
    service, _ = access.issue(READ)
    assert access.admit(service.text).opens("bob")  # type: ignore[union-attr]


@pytest.mark.parametrize("change", [0, 5, 20, 21, 40, -1])
def test_a_token_that_differs_in_one_character_opens_nothing(access: Access, change: int) -> None:
    token, _ = access.issue(READ)
    text = list(token.text)
    text[change] = "0" if text[change] != "0" else "1"
    assert access.admit("".join(text)) is None
    assert access.held("".join(text)) is None


@pytest.mark.parametrize("text", ["", "x", "hsc__", "hsc_0123456789abcdef_", "Bearer x", "\0" * 64, "é" * 64])
def test_what_is_no_token_opens_nothing(access: Access, text: str) -> None:
    assert access.admit(text) is None
    assert access.held(text) is None


def test_one_tokens_id_with_anothers_secret_opens_nothing(access: Access) -> None:
    ann, _ = access.issue(READ, person="ann")
    bob, _ = access.issue(READ, person="bob")
    assert access.admit(ann._replace(secret=bob.secret).text) is None
    assert access.held(ann._replace(secret=bob.secret).text) is None


def test_a_token_expires(access: Access, clock: ManualClock) -> None:
    token, _ = access.issue(READ, lasts_s=60)
    clock.advance(59)
    assert access.admit(token.text) is not None
    clock.advance(1)
    assert access.held(token.text) is None
    assert access.admit(token.text) is None


def test_a_token_that_was_taken_back_is_void_at_once(access: Access) -> None:
    token, _ = access.issue(READ)
    assert access.revoke(token.id)
    assert access.held(token.text) is None
    assert access.admit(token.text) is None
    assert not access.revoke("0123456789abcdef")


def test_a_token_that_another_process_takes_back_is_void_within_two_seconds(
    access: Access, path: Path, clock: ManualClock
) -> None:
    token, _ = access.issue(READ)
    other = SqliteCabinet(path)
    Access(other.drawers, Audit(other.trail, b"key", clock), clock).revoke(token.id)
    other.close()
    clock.advance(2.1)
    assert access.held(token.text) is None
    assert access.admit(token.text) is None


def test_the_file_holds_no_secret_and_is_its_owners_alone(access: Access, path: Path) -> None:
    token, _ = access.issue(READ, person="ann")
    for file in path.parent.iterdir():
        assert token.secret.encode() not in file.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_forgotten_person_leaves_no_token_and_no_name(
    access: Access, cabinet: SqliteCabinet, path: Path
) -> None:
    token, _ = access.issue(READ, person="swordfish@example.com")
    kept, _ = access.issue(READ, person="bob")
    assert access.forget("swordfish@example.com") == 1
    assert access.held(token.text) is None
    assert access.admit(token.text) is None
    assert access.admit(kept.text) is not None
    cabinet.close()
    for file in path.parent.iterdir():
        assert b"swordfish" not in file.read_bytes()


def test_scopes_are_known_ones_and_admin_is_no_persons() -> None:
    assert scopes_of(["read", "forget"]) == {Scope.READ, Scope.FORGET}
    for names in ([], ["reed"], ["read", ""]):
        with pytest.raises(InputError, match="read, write, export, forget, admin"):
            scopes_of(names)


def test_a_person_gets_no_administration(access: Access) -> None:
    with pytest.raises(ConfigError, match="admin"):
        access.issue(frozenset(Scope), person="ann")


def test_what_a_token_is_made_for_is_checked(access: Access) -> None:
    for wish in (
        {"person": ""},
        {"person": "\0"},
        {"label": "x" * 101},
        {"label": "a\nb"},
        {"lasts_s": -1.0},
    ):
        with pytest.raises(InputError):
            access.issue(READ, **wish)


def test_making_and_taking_back_are_noted_without_names(access: Access, audit: Audit) -> None:
    token, _ = access.issue(READ, person="ann", by="boss")
    access.revoke(token.id, by="boss")
    access.revoke(token.id, by="boss")
    entries = [entry for _, entry in audit.entries()]
    assert [(e.act, e.by, e.about) for e in entries] == [
        (Act.ISSUED, "boss", token.id),
        (Act.REVOKED, "boss", token.id),
    ]
    assert {e.person for e in entries} == {audit.digest_of("ann")}
    assert audit.digest_of("ann") != audit.digest_of("bob")


def test_tokens_are_read_back_from_their_text() -> None:
    token = new_token()
    assert read_token(token.text) == token
    assert token.proves(token.digest)
    assert not token.proves(new_token().digest)


def test_a_file_that_is_no_cabinet_is_told_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "access.db"
    path.write_bytes(b"something else, and enough of it to be read as a page" * 100)
    with pytest.raises(StoreError, match=r"access\.db"):
        SqliteCabinet(path)


def test_one_asks_again_in_time_and_the_others_go_on_with_what_is_held(
    access: Access, clock: ManualClock
) -> None:
    token, made = access.issue(READ, person="ann")
    assert not access.ages(made.id)
    clock.advance(0.6 * FRESH_NS / SECOND_NS)
    assert access.held(token.text) == made
    assert access.ages(made.id)
    assert not access.ages(made.id)
    assert access.admit(token.text) == made
    assert not access.ages(made.id)
    assert access.held(token.text) == made
    clock.advance(1.1 * FRESH_NS / SECOND_NS)
    assert access.held(token.text) is None


def test_one_that_is_found_taken_back_is_held_no_longer(
    access: Access, cabinet: SqliteCabinet, audit: Audit, clock: ManualClock
) -> None:
    token, _ = access.issue(READ)
    Access(cabinet.drawers, audit, clock).revoke(token.id)
    clock.advance(0.6 * FRESH_NS / SECOND_NS)
    assert access.held(token.text) is not None
    assert access.admit(token.text) is None
    assert access.held(token.text) is None
