"""Claims about the guarding that an application holds: hs.guarding."""

from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError
from homeostat.loop.homeostat import Homeostat
from homeostat.testing.forked import forked

CARD = "My card is 4111 1111 1111 1111."


def test_what_one_run_held_waits_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with Homeostat("shop", store=path, collect=False) as hs:
        assert hs.guarding().check(CARD, person="ann").text == "My card is [card]."
        assert hs.guarding() is hs.guarding()
    with Homeostat("shop", store=path, collect=False) as hs:
        reviews = hs.guarding().reviews
        assert reviews is not None
        assert reviews.counts() == (1, 0)


def test_without_a_store_there_is_a_guard_and_no_reviews() -> None:
    with Homeostat(keep=False, collect=False) as hs:
        guarding = hs.guarding("child")
        assert not guarding.check("What the fuck is this?").allowed
        assert guarding.reviews is None
        assert hs.snapshot("safety.checks").total == 1


def test_a_forked_child_holds_as_its_parent_does_and_both_are_reviewed(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with Homeostat("shop", store=path, collect=False) as hs:
        guarding = hs.guarding()
        guarding.check(CARD)

        def child() -> None:
            guarding.check(CARD)
            hs.close()

        assert forked(child) == 0
    with Homeostat("shop", store=path, collect=False) as hs:
        assert hs.guarding().reviews.counts() == (2, 0)  # type: ignore[union-attr]


def test_it_is_begun_once() -> None:
    with Homeostat(keep=False, collect=False) as hs:
        hs.guarding("child")
        with pytest.raises(ConfigError, match="begun already"):
            hs.guarding("adult")
    with Homeostat(keep=False, collect=False) as hs, pytest.raises(ConfigError, match="no audience"):
        hs.guarding("cats")
