"""The contract of leases: what holds wherever they are had."""

from collections.abc import Callable

import pytest

from homeostat.core.lease import Leases


class LeaseContract:
    """Subclass it with a fixture `open_place` that opens the same place anew, as another process would."""

    @pytest.fixture
    def open_place(self) -> Callable[[], Leases]:
        """Return a function that opens the place."""
        raise NotImplementedError

    def test_one_at_a_time_has_it(self, open_place: Callable[[], Leases]) -> None:
        """The second one has it only once the first one lets it go."""
        one, other = open_place().lease("duties"), open_place().lease("duties")
        assert one.held()
        assert not other.held()
        assert one.held()
        one.release()
        assert other.held()
        assert not one.held()
        one.release()
        other.release()

    def test_names_do_not_disturb_one_another(self, open_place: Callable[[], Leases]) -> None:
        """Two names are two leases, however odd the names are."""
        one, other = open_place().lease("loop.shop/a b"), open_place().lease("loop.shop")
        assert one.held()
        assert other.held()
        one.release()
        other.release()

    def test_it_can_be_had_again(self, open_place: Callable[[], Leases]) -> None:
        """Letting it go twice does no harm."""
        lease = open_place().lease("duties")
        for _ in range(3):
            assert lease.held()
            lease.release()
            lease.release()
