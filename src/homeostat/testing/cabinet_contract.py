"""The contract of the cabinet: what holds wherever grants, flags and the audit are kept."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from homeostat.companion.access.access import Access
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.cabinet import START, Cabinet, Link
from homeostat.companion.access.grant import Scope
from homeostat.testing.clock import ManualClock
from homeostat.testing.eventually import WITHIN_S


class CabinetContract:
    """Subclass it with a fixture `cabinets`: two openings of one that is empty, as of two processes."""

    @pytest.fixture
    def cabinets(self) -> tuple[Cabinet, Cabinet]:
        """Return them."""
        raise NotImplementedError

    def test_blobs_are_kept_replaced_and_removed(self, cabinets: tuple[Cabinet, Cabinet]) -> None:
        one, other = (cabinet.drawers for cabinet in cabinets)
        one.put("grant", {"a": b"1", "b": b"\0\xff", "c": b""})
        one.put("flag", {"a": b"flag"})
        other.put("grant", {"a": b"2", "c": None, "none": None})
        assert one.get("grant", "a") == b"2"
        assert one.get("grant", "b") == b"\0\xff"
        assert one.get("grant", "c") is None
        assert other.get("flag", "a") == b"flag"

    def test_blobs_are_listed_by_pages_in_the_order_of_bytes(self, cabinets: tuple[Cabinet, Cabinet]) -> None:
        drawers = cabinets[0].drawers
        names = ["", "A", "a", "a%", "b", "é", "\U0001f600"]
        drawers.put("grant", {name: name.encode() for name in reversed(names)})
        assert list(drawers.list("grant", "", 100)) == names[1:]
        assert drawers.list("grant", "A", 2) == {"a": b"a", "a%": b"a%"}
        assert drawers.list("none", "", 100) == {}

    def test_two_processes_add_to_one_chain(self, cabinets: tuple[Cabinet, Cabinet]) -> None:
        audits = [Audit(cabinet.trail, b"key", ManualClock()) for cabinet in cabinets]
        with ThreadPoolExecutor(4) as threads:
            numbers = list(threads.map(lambda n: audits[n % 2].note(Act.EXPORTED, "t"), range(60)))
        assert sorted(numbers) == list(range(1, 61))
        assert audits[0].verify().number == 60
        assert [number for number, _ in audits[1].newest(3)] == [58, 59, 60]

    def test_the_oldest_links_go_and_leave_an_anchor(self, cabinets: tuple[Cabinet, Cabinet]) -> None:
        assert cabinets[0].trail.ends() == (START, START)
        audit = Audit(cabinets[0].trail, b"key", ManualClock(), kept_max=5)
        for _ in range(12):
            audit.note(Act.EXPORTED, "t")
        anchor, last = cabinets[1].trail.ends()
        assert (anchor.number, last.number) == (7, 12)
        assert [number for number, _ in audit.entries()] == [8, 9, 10, 11, 12]
        assert audit.verify() == last

    def test_who_reads_waits_for_nobody_who_writes(self, cabinets: tuple[Cabinet, Cabinet]) -> None:
        cabinet = cabinets[0]
        cabinet.drawers.put("grant", {"a": b"1"})
        found: list[object] = []

        def following(last: Link) -> Link:
            found.append(threads.submit(cabinet.drawers.get, "grant", "a").result(WITHIN_S))
            found.append(threads.submit(cabinet.trail.ends).result(WITHIN_S))
            return Link(last.number + 1, b"", b"")

        with ThreadPoolExecutor(1) as threads:
            cabinet.trail.append(following, 10)
        assert found == [b"1", (START, START)]

    def test_what_one_process_takes_back_is_void_in_another(self, cabinets: tuple[Cabinet, Cabinet]) -> None:
        clock = ManualClock()
        one, other = (
            Access(cabinet.drawers, Audit(cabinet.trail, b"key", clock), clock) for cabinet in cabinets
        )
        token, _ = one.issue(frozenset((Scope.READ,)), person="ann")
        assert other.admit(token.text) is not None
        assert other.revoke(token.id)
        assert one.admit(token.text) is None
