"""Claims about the figures: they outlive a restart, and no kept one keeps a server from starting."""

from pathlib import Path

from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.companion.security.figures import KIND, NAMES, Figures
from homeostat.testing.bare_host import BareHost


def test_what_was_found_is_known_after_a_restart_and_what_cannot_be_read_is_not(tmp_path: Path) -> None:
    cabinet = SqliteCabinet(tmp_path / "access.db")
    Figures(BareHost(), cabinet).found("access", 3, 4, ["one was let in"])
    cabinet.put(KIND, {"privacy": b'{"share": "all"}', "audit": b"\xff"})
    found = Figures(BareHost(), cabinet).all()
    cabinet.close()
    assert set(found) == set(NAMES)
    assert (found["access"].share, found["access"].faults) == (0.75, ("one was let in",))
    assert found["privacy"].share is found["audit"].share is None
