"""Claims about feature flags: sticky, gradual, and off at once."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from homeostat.companion.access.sqlite_cabinet import SqliteCabinet
from homeostat.companion.flags import Flags, Setting
from homeostat.core.errors import InputError
from homeostat.core.plant import Split, Steering
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

PEOPLE = [f"person {n}" for n in range(2_000)]


@pytest.fixture
def cabinet(tmp_path: Path) -> Iterator[SqliteCabinet]:
    cabinet = SqliteCabinet(tmp_path / "access.db")
    yield cabinet
    cabinet.close()


@pytest.fixture
def flags(host: BareHost, cabinet: SqliteCabinet) -> Flags:
    return Flags(host, cabinet.drawers, {"mirror": "the voice", "palace": "the rooms"})


def those(flags: Flags) -> set[str]:
    return {person for person in PEOPLE if flags.on("mirror", person)}


def test_a_larger_share_only_adds_people(flags: Flags) -> None:
    before: set[str] = set()
    for percent in (0, 5, 20, 50, 100):
        flags.set("mirror", Setting(percent=percent))
        now = those(flags)
        assert before <= now
        assert len(now) == pytest.approx(len(PEOPLE) * percent / 100, abs=4 * (len(PEOPLE) / 4) ** 0.5)
        before = now
    assert before == set(PEOPLE)


def test_flags_are_independent_of_each_other(flags: Flags) -> None:
    for name in ("mirror", "palace"):
        flags.set(name, Setting(percent=50))
    both = sum(flags.on("palace", person) for person in those(flags))
    assert both == pytest.approx(500, abs=100)


def test_lists_go_before_the_share_and_the_kill_before_all(flags: Flags) -> None:
    flags.set("mirror", Setting(percent=0, allow=frozenset(["ann"]), deny=frozenset(["bob"])))
    assert flags.on("mirror", "ann")
    flags.set("mirror", Setting(percent=100, allow=frozenset(["ann"]), deny=frozenset(["bob"])))
    assert not flags.on("mirror", "bob")
    flags.set("mirror", Setting(percent=100, allow=frozenset(["ann"]), killed=True))
    assert those(flags) == set()
    assert not flags.on("mirror", "ann")


def test_a_setting_is_kept_and_reaches_other_processes_within_two_seconds(
    flags: Flags, cabinet: SqliteCabinet, clock: ManualClock
) -> None:
    other = Flags(BareHost(clock), cabinet.drawers, {"mirror": "the voice"})
    assert other.on("mirror", "ann")
    flags.set("mirror", Setting(killed=True))
    clock.advance(2.0)
    assert not other.on("mirror", "ann")
    assert not Flags(BareHost(clock), cabinet.drawers, {"mirror": "the voice"}).on("mirror", "ann")


def test_a_flag_is_a_knob_that_a_trial_gives_to_some_people(host: BareHost, flags: Flags) -> None:
    flags.set("mirror", Setting(percent=None))
    host.knob_set.steer(Steering({"flag_mirror_percent": 0}))
    host.tracer.requests.govern()
    split = Split("trial", {"flag_mirror_percent": 100}, 0.5, sticky=True)
    host.knob_set.steer(Steering({"flag_mirror_percent": 0}, (split,)))

    def seen() -> set[str]:
        found = set()
        for person in PEOPLE[:400]:
            with host.tracer.request("companion.receive", user=person):
                if flags.on("mirror", person):
                    found.add(person)
        return found

    treated = seen()
    assert 140 < len(treated) < 260
    assert seen() == treated


def test_a_loop_takes_no_feature_away_unless_its_share_is_left_to_it(host: BareHost, flags: Flags) -> None:
    assert flags.on("mirror", "ann")
    assert host.knob_set.pinned == {"flag_mirror_percent": 100, "flag_palace_percent": 100}
    flags.set("mirror", Setting(percent=20))
    assert host.knob_set.pinned["flag_mirror_percent"] == 20
    assert flags.in_force("mirror") == 20
    flags.set("mirror", Setting(percent=None))
    assert "flag_mirror_percent" not in host.knob_set.pinned
    assert flags.in_force("mirror") == 100


def test_what_makes_no_sense_is_refused(flags: Flags) -> None:
    with pytest.raises(InputError, match="mirror, palace"):
        flags.set("miror", Setting())
    for setting in (
        Setting(percent=101),
        Setting(percent=-1),
        Setting(allow=frozenset(["a"]), deny=frozenset(["a"])),
        Setting(allow=frozenset(map(str, range(10_001)))),
    ):
        with pytest.raises(InputError):
            flags.set("mirror", setting)
    assert flags.on("no flag at all", "ann")


def test_a_forgotten_person_is_on_no_list(flags: Flags) -> None:
    flags.set("mirror", Setting(allow=frozenset(["ann", "bob"])))
    flags.forget("ann")
    assert flags.all()["mirror"].allow == {"bob"}


def test_two_who_change_a_flag_at_once_lose_nothing_of_each_other_and_nobody_forgotten_comes_back(
    flags: Flags, cabinet: SqliteCabinet, clock: ManualClock
) -> None:
    other = Flags(BareHost(clock), cabinet.drawers, {"mirror": "the voice", "palace": "the rooms"})
    flags.set("mirror", Setting(percent=50, allow=frozenset(["ann", "bob"])))
    assert other.all()["mirror"].percent == 50
    flags.forget("ann")
    other.set("mirror", Setting(percent=20, allow=frozenset(["ann", "bob", "cyd"])))
    assert flags.all()["mirror"] == Setting(percent=20, allow=frozenset(["bob", "cyd"]))


def test_settings_that_were_kept_before_they_had_versions_are_read(
    host: BareHost, cabinet: SqliteCabinet
) -> None:
    cabinet.put("flag", {"mirror": msgspec.msgpack.encode(Setting(percent=30, deny=frozenset(["ann"])))})
    flags = Flags(host, cabinet.drawers, {"mirror": "the voice"})
    assert not flags.on("mirror", "ann")
    flags.set("mirror", Setting(percent=40, deny=frozenset(["ann"])))
    assert flags.all()["mirror"] == Setting(percent=40, deny=frozenset(["ann"]))


def test_flags_are_read_on_while_their_cabinet_is_away(
    flags: Flags, cabinet: SqliteCabinet, clock: ManualClock
) -> None:
    flags.set("mirror", Setting(killed=True))
    cabinet.close()
    clock.advance(10.0)
    assert not flags.on("mirror", "ann")
