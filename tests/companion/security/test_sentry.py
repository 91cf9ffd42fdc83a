"""Claims about the sentry: intruders are blocked for a time, nobody else is, and the books are bounded."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.cabinet import Drawers
from homeostat.companion.access.grant import PERSONS, Grant, Scope
from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.companion.security.block import Blocked, Kind
from homeostat.companion.security.books import PAGES_MAX, Book
from homeostat.companion.security.sentry import Sentry, Watch, blocks_in
from homeostat.core.errors import StoreBusy
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

HOME, AWAY, OFFICE = "192.0.2.1", "198.51.100.7", "203.0.113.9"
ANN = Grant(id="a" * 16, digest=b"", label="", person="ann", scopes=PERSONS, made_us=0)
SERVICE = Grant(id="5" * 16, digest=b"", label="", person=None, scopes=frozenset(Scope), made_us=0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def host(clock: ManualClock) -> BareHost:
    return BareHost(clock)


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[SqliteCabinet]:
    cabinet = SqliteCabinet(tmp_path / "access.db")
    yield cabinet
    cabinet.close()


@pytest.fixture
def audit(cabinet: SqliteCabinet, clock: ManualClock) -> Audit:
    return Audit(cabinet.trail, b"key", clock)


@pytest.fixture
def sentry(host: BareHost, cabinet: SqliteCabinet, audit: Audit) -> Sentry:
    return Sentry(host, cabinet, audit, b"addresses")


def guess(sentry: Sentry, address: str, count: int) -> None:
    for number in range(count):
        sentry.refused(address, f"hsc_{number}", 0)


def test_who_guesses_is_blocked_for_a_time_and_others_are_not(
    sentry: Sentry, clock: ManualClock, host: BareHost
) -> None:
    away, office = sentry.address_of(AWAY), sentry.address_of(OFFICE)
    guess(sentry, away, sentry.watch.guesses - 1)
    sentry.stranger(away)
    clock.advance(0.002)
    sentry.refused(away, "one more", clock.monotonic_ns() - 1_000_000)
    with pytest.raises(Blocked, match="guessing"):
        sentry.stranger(away)
    sentry.stranger(office)
    assert host.total("security.intrusions", kind=Kind.GUESSING) == 1
    assert host.snapshot("security.response").total == 1.0
    clock.advance(sentry.watch.lasts_s + 1)
    sentry.stranger(away)
    assert sentry.blocks() == []


def test_one_expired_token_again_and_again_is_no_guess_nor_is_none_at_all(sentry: Sentry) -> None:
    away = sentry.address_of(AWAY)
    for _ in range(1_000):
        sentry.refused(away, "hsc_the_same", 0)
        sentry.refused(away, "", 0)
    sentry.stranger(away)


def test_guesses_that_come_slowly_are_left_to_their_length(sentry: Sentry, clock: ManualClock) -> None:
    away = sentry.address_of(AWAY)
    for number in range(100):
        sentry.refused(away, f"hsc_{number}", 0)
        clock.advance(10)
    sentry.stranger(away)


def test_whoever_was_let_in_at_an_address_before_it_was_blocked_still_is(sentry: Sentry) -> None:
    away = sentry.address_of(AWAY)
    sentry.entered(ANN, away, 0)
    guess(sentry, away, sentry.watch.guesses)
    sentry.holder(ANN, away)
    sentry.entered(SERVICE, away, 0)
    with pytest.raises(Blocked):
        sentry.holder(SERVICE, away)


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1", None, ""])
def test_this_machine_and_its_services_are_never_blocked(sentry: Sentry, client: str | None) -> None:
    here = sentry.address_of(client)
    assert here == ""
    guess(sentry, here, 10_000)
    for number in range(10_000):
        sentry.asked_for(SERVICE, f"person {number}", here, 0)
        sentry.entered(SERVICE, here, 0)
    sentry.stranger(here)
    sentry.holder(SERVICE, here)
    assert sentry.blocks() == []


def test_a_token_that_asks_for_many_people_who_are_not_its_own_is_blocked(sentry: Sentry) -> None:
    for _ in range(100):
        sentry.asked_for(ANN, "bob", "", 0)
    sentry.holder(ANN, "")
    for number in range(sentry.watch.strangers):
        sentry.asked_for(ANN, f"person {number}", "", 0)
    with pytest.raises(Blocked, match=r"enumeration.*unblock token\.a{16}"):
        sentry.holder(ANN, "")


def test_a_service_of_elsewhere_may_name_new_people_but_not_try_names_by_the_thousand(sentry: Sentry) -> None:
    away = sentry.address_of(AWAY)
    for number in range(sentry.watch.unknown - 1):
        sentry.asked_for(SERVICE, f"person {number}", away, 0)
    sentry.holder(SERVICE, away)
    sentry.asked_for(SERVICE, "one more", away, 0)
    with pytest.raises(Blocked):
        sentry.holder(SERVICE, away)


def to_and_fro(
    sentry: Sentry, clock: ManualClock, grant: Grant, places: tuple[str, ...], gap_s: float
) -> None:
    for place in places:
        sentry.entered(grant, sentry.address_of(place), clock.monotonic_ns())
        clock.advance(gap_s)


def test_one_persons_token_in_two_places_within_seconds_is_blocked(
    sentry: Sentry, clock: ManualClock
) -> None:
    to_and_fro(sentry, clock, ANN, (HOME, AWAY) * 3, 1.0)
    with pytest.raises(Blocked, match="two_places"):
        sentry.holder(ANN, "")


@pytest.mark.parametrize(
    ("places", "gap_s"),
    [
        ((HOME, AWAY), 0.1),
        ((HOME, AWAY) * 20, 30.0),
        ((HOME,) * 50, 0.1),
        (("2001:db8:1:2::1", "2001:db8:1:2:ffff::9") * 10, 0.1),
    ],
    ids=["another network once", "slowly", "one place", "addresses of one network"],
)
def test_who_only_moves_is_not_in_two_places(
    sentry: Sentry, clock: ManualClock, places: tuple[str, ...], gap_s: float
) -> None:
    to_and_fro(sentry, clock, ANN, places, gap_s)
    sentry.holder(ANN, "")


def test_two_places_are_nothing_to_mind_for_services_and_where_it_is_off(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit, sentry: Sentry, clock: ManualClock
) -> None:
    to_and_fro(sentry, clock, SERVICE, (HOME, AWAY) * 10, 0.1)
    sentry.holder(SERVICE, "")
    off = Sentry(host, cabinet, audit, b"addresses", Watch(moves=0))
    to_and_fro(off, clock, ANN, (HOME, AWAY) * 10, 0.1)
    off.holder(ANN, "")


def test_addresses_are_kept_as_keyed_digests_and_blocks_are_noted(
    sentry: Sentry, host: BareHost, cabinet: SqliteCabinet, audit: Audit, tmp_path: Path
) -> None:
    away = sentry.address_of(AWAY)
    other = Sentry(host, cabinet, audit, b"another key").address_of(AWAY)
    assert len({away, other, AWAY}) == 3
    guess(sentry, away, sentry.watch.guesses)
    assert sentry.untold
    sentry.keep()
    ((_, entry),) = audit.entries()
    assert (entry.act, entry.about) == (Act.BLOCKED, f"guessing address.{away}")
    assert AWAY.encode() not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_a_block_is_that_of_all_servers_and_of_the_next_start_until_it_is_lifted(
    sentry: Sentry, host: BareHost, cabinet: SqliteCabinet, audit: Audit
) -> None:
    away = sentry.address_of(AWAY)
    guess(sentry, away, sentry.watch.guesses)
    sentry.follow()
    other = Sentry(host, cabinet, audit, b"addresses")
    other.follow()
    with pytest.raises(Blocked):
        other.stranger(away)
    assert other.lift(f"address.{away}", "admin")
    assert not other.lift(f"address.{away}", "admin")
    sentry.follow()
    for one in (sentry, other):
        one.stranger(away)
    assert [entry.act for _, entry in audit.entries()] == [Act.BLOCKED, Act.UNBLOCKED]


def test_a_block_that_is_over_is_kept_no_longer(
    sentry: Sentry, cabinet: SqliteCabinet, clock: ManualClock
) -> None:
    guess(sentry, sentry.address_of(AWAY), sentry.watch.guesses)
    sentry.follow()
    assert cabinet.list("block", "", 10)
    clock.advance(sentry.watch.lasts_s)
    sentry.follow()
    assert not cabinet.list("block", "", 10)
    assert not sentry._blocks


def test_books_are_bounded_and_say_what_they_dropped(host: BareHost) -> None:
    book = Book(host.losses, 10**9, 3, pages_max=100)
    for number in range(1_000):
        assert not book.reached(str(number), "x", 0)
    assert len(book) == 100
    assert host.losses.totals()["companion.security.book_full"] == 900
    assert PAGES_MAX <= 10_000


class Away:
    """Drawers that cannot be written for a while."""

    def __init__(self, drawers: Drawers) -> None:
        self._drawers = drawers
        self.away = True

    def get(self, kind: str, name: str) -> bytes | None:
        """Return what was put."""
        return self._drawers.get(kind, name)

    def put(self, kind: str, blobs: Mapping[str, bytes | None]) -> None:
        """Put where it can be."""
        if self.away:
            raise StoreBusy("another process writes")
        self._drawers.put(kind, blobs)

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return what was put."""
        return self._drawers.list(kind, after, limit)


def test_a_block_that_could_not_be_kept_is_kept_later(
    host: BareHost, cabinet: SqliteCabinet, audit: Audit
) -> None:
    drawers = Away(cabinet)
    sentry = Sentry(host, drawers, audit, b"addresses")
    away = sentry.address_of(AWAY)
    guess(sentry, away, sentry.watch.guesses)
    with pytest.raises(StoreBusy):
        sentry.keep()
    with pytest.raises(Blocked):
        sentry.stranger(away)
    assert blocks_in(cabinet) == {}
    drawers.away = False
    sentry.follow()
    assert not sentry.untold
    (block,) = blocks_in(cabinet).values()
    assert block.whom == f"address.{away}"
    assert [entry.act for _, entry in audit.newest(5)] == [Act.BLOCKED]
