"""The contract of a shelf, and of shared state on it, as tests for pytest: subclass and say what it is."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from homeostat.core.errors import NotAvailable
from homeostat.runtime.state import Conflict, SharedState, last_writer, merge_fields, reject
from homeostat.runtime.state.policy import Fields, Policy
from homeostat.runtime.state.shelf import Shelf
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock


class Broken:
    """A shelf that can be taken away."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.away = False

    def list(self, kind: str, after: str, limit: int) -> dict[str, bytes]:
        """Return blobs, unless it is away."""
        if self.away:
            raise NotAvailable("the shelf is away")
        return self._shelf.list(kind, after, limit)

    def swap(self, kind: str, name: str, before: bytes | None, after: bytes) -> bool:
        """Swap a blob, unless it is away."""
        if self.away:
            raise NotAvailable("the shelf is away")
        return self._shelf.swap(kind, name, before, after)


def two(shelf: Shelf, policy: Policy = merge_fields) -> tuple[BareHost, Sequence[SharedState]]:
    """Return a host and the state as two processes have it, on one clock."""
    host = BareHost(ManualClock())
    return host, [
        SharedState(host, shelf, "plan", policy=policy),
        SharedState(host, shelf, "plan", policy=policy),
    ]


def add(base: Fields, theirs: Fields, ours: Fields) -> Fields:
    """Add what each side added."""
    return {"n": theirs.get("n", 0) + ours["n"] - base.get("n", 0)}


class ShelfContract:
    """What holds for every shelf, and for shared state on it."""

    @pytest.fixture
    def shelf(self) -> Shelf:
        """Return an empty shelf."""
        raise NotImplementedError

    def test_a_blob_is_put_in_place_of_the_very_one_that_is_named(self, shelf: Shelf) -> None:
        assert shelf.swap("a", "x", None, b"1")
        assert not shelf.swap("a", "x", None, b"2")
        assert not shelf.swap("a", "x", b"2", b"3")
        assert shelf.swap("a", "x", b"1", b"2")
        assert not shelf.swap("a", "y", b"1", b"2")
        assert shelf.swap("a", "y", None, b"9")
        assert shelf.swap("b", "x", None, b"other")
        assert shelf.list("a", "", 10) == {"x": b"2", "y": b"9"}
        assert shelf.list("a", "x", 10) == {"y": b"9"}
        assert shelf.list("a", "", 1) == {"x": b"2"}

    def test_of_many_who_swap_at_once_one_wins_each_time(self, shelf: Shelf) -> None:
        host, _ = two(shelf)
        states = [SharedState(host, shelf, "plan", policy=add) for _ in range(4)]

        def count(state: SharedState) -> None:
            for _ in range(10):
                base = state.get("sum")
                state.put("sum", {"n": (base.value["n"] if base else 0) + 1}, base)

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(count, states))
        document = states[0].put("sum", {"n": 0}, states[0].get("sum"))
        assert document.version == 41
        total = host.total("state.conflicts", state="plan", outcome="found")
        assert total == host.total("state.conflicts", state="plan", outcome="resolved")

    def test_a_copy_is_believed_for_two_seconds_and_read_at_once_where_somebody_tells(
        self, shelf: Shelf
    ) -> None:
        host, (one, other) = two(shelf)
        assert other.get("x") is None
        one.put("x", {"a": 1})
        assert other.get("x") is None
        other.synchronise()
        found = other.get("x")
        assert found is not None
        assert (found.version, found.value) == (1, {"a": 1})
        one.put("x", {"a": 2}, one.get("x"))
        assert isinstance(host.clock, ManualClock)
        host.clock.advance(2.0)
        newer = other.get("x")
        assert newer is not None
        assert newer.value == {"a": 2}
        assert host.snapshot("state.sync", state="plan").count == 1
        assert host.snapshot("state.accuracy", state="plan").mean == 0.0
        assert host.snapshot("state.staleness", state="plan").maximum == 2000.0

    @pytest.mark.parametrize(
        ("policy", "kept"),
        [(last_writer, {"a": 1, "b": 9}), (merge_fields, {"a": 5, "b": 9}), (reject, {"a": 5, "b": 1})],
    )
    def test_a_conflict_is_found_and_resolved_as_the_policy_says(
        self, shelf: Shelf, policy: Policy, kept: Fields
    ) -> None:
        host, (one, other) = two(shelf, policy)
        base = one.put("x", {"a": 1, "b": 1})
        one.put("x", {"a": 5, "b": 1}, base)
        if policy is reject:
            with pytest.raises(
                Conflict, match="'x' of 'plan' is at version 2 by now, not 1: look at it again"
            ):
                other.put("x", {"a": 1, "b": 9}, base)
        else:
            assert other.put("x", {"a": 1, "b": 9}, base).version == 3
        found = other.get("x")
        assert found is not None
        assert found.value == kept
        ended = "refused" if policy is reject else "resolved"
        assert [host.total("state.conflicts", state="plan", outcome=o) for o in ("found", ended)] == [1, 1]

    def test_while_the_shelf_is_away_the_last_copy_is_read_and_nothing_is_changed(self, shelf: Shelf) -> None:
        broken = Broken(shelf)
        host, (one, new) = two(broken)
        document = one.put("x", {"a": 1})
        broken.away = True
        assert isinstance(host.clock, ManualClock)
        host.clock.advance(5.0)
        assert one.get("x") == document
        assert host.snapshot("state.accuracy", state="plan").count == 0  # there is nothing to compare it with
        with pytest.raises(NotAvailable):
            one.put("x", {"a": 2}, document)
        with pytest.raises(NotAvailable):
            new.get("x")
        broken.away = False
        host.clock.advance(5.0)
        assert one.put("x", {"a": 2}, document).version == 2
        host.clock.advance(5.0)
        one.get("x")
        assert host.snapshot("part.recovery", part="plan_state").count >= 1
        assert host.snapshot("part.fallbacks", part="plan_state").maximum == 1.0

    def test_a_change_waits_for_no_breaker_once_the_shelf_is_back(self, shelf: Shelf) -> None:
        broken = Broken(shelf)
        host, (one, other) = two(broken)
        base = one.put("x", {"a": 1, "b": 1})
        broken.away = True
        assert isinstance(host.clock, ManualClock)
        for _ in range(5):
            host.clock.advance(2.0)
            assert one.get("x") == base
        broken.away = False
        other.put("x", {"a": 5, "b": 1}, base)
        assert one.put("x", {"a": 1, "b": 9}, base).value == {"a": 5, "b": 9}
        found = one.get("x")
        assert found is not None
        assert (found.version, found.value) == (3, {"a": 5, "b": 9})

    def test_nobody_waited_for_what_was_there_before_them(self, shelf: Shelf) -> None:
        host, (one, other) = two(shelf)
        document = one.put("x", {"a": 1})
        assert isinstance(host.clock, ManualClock)
        host.clock.advance(86_400.0)
        other.synchronise()
        assert other.get("x") == document
        assert host.snapshot("state.sync", state="plan").count == 0
