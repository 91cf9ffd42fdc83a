"""A host is what parts of the runtime are given: a Homeostat is one, and so is the bare one of tests."""

from homeostat import Homeostat
from homeostat.act.knobs.declaration import declared
from homeostat.runtime.host import Host
from homeostat.testing.bare_host import BareHost


def _declare(host: Host) -> object:
    host.counter("cache.hits", cache="profiles").add(1)
    return host.knob_set.declare(declared("profiles_entries", 100, low=1, high=1_000)).get()


def test_a_homeostat_is_a_host_and_its_knobs_are_those_of_the_application() -> None:
    with Homeostat(keep=False) as hs:
        assert _declare(hs) == 100
        assert "profiles_entries" in hs.knobs.set.knobs
        assert hs.snapshot("cache.hits").total == 1


def test_the_bare_host_counts_what_a_part_records() -> None:
    host = BareHost()
    _declare(host)
    assert host.total("cache.hits", cache="profiles") == 1
    assert host.total("cache.hits", cache="others") == 0
