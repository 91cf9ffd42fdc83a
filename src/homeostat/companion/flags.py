"""Feature flags: which people get what is new, a part of them at first.

How many get it is a knob, `flag_<name>_percent`, which a setting pins: a loop that is to save time must not
do so by taking features away. A setting without a share leaves the knob to the loop, whose trials then give
it to some people and prove what it does. Who gets it is drawn from the name, and stays: a larger share only
adds people.
"""

from collections.abc import Mapping
from threading import Lock

import msgspec

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.companion.access.cabinet import Drawers
from homeostat.core.assignment import assign
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.runtime.host import Host

KIND = "flag"
FRESH_NS = 2 * SECOND_NS
"""For how long settings that were read are believed: another process may have changed them."""

LISTED_MAX = 10_000


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets a feature. `percent` None leaves the share to the loop; `killed` is off for everybody."""

    percent: int | None = 100
    allow: frozenset[str] = frozenset()
    deny: frozenset[str] = frozenset()
    killed: bool = False

    def checked(self) -> "Setting":
        """Return it, or raise InputError."""
        if self.percent is not None and not 0 <= self.percent <= 100:
            raise InputError(f"percent must be from 0 to 100, not {self.percent}")
        for name, listed in (("allow", self.allow), ("deny", self.deny)):
            if len(listed) > LISTED_MAX:
                raise InputError(f"{name} holds up to {LISTED_MAX} people, not {len(listed)}: use percent")
        both = self.allow & self.deny
        if both:
            raise InputError(f"{len(both)} people are in allow and in deny: leave them in one")
        return self


class Flags:
    """The flags of a companion, by name. Safe for threads."""

    def __init__(self, host: Host, drawers: Drawers, known: Mapping[str, str]) -> None:
        """Declare the knob of each flag in `known`, which says what it is for; all begin at 100."""
        self._drawers = drawers
        self._clock = host.clock
        self._lock = Lock()
        self._read_ns = -FRESH_NS
        self._settings: dict[str, Setting] = {}
        self._percent: dict[str, KnobHandle[int]] = {
            name: host.knob_set.declare(
                declared(f"flag_{name}_percent", 100, low=0, high=100, scope="request", help=help)
            )
            for name, help in known.items()
        }

    def on(self, name: str, person: str) -> bool:
        """Tell whether a person gets it; what has no flag everybody gets. Cost: 2 us."""
        percent = self._percent.get(name)
        if percent is None:
            return True
        setting = self._current()[name]
        if setting.killed or person in setting.deny:
            return False
        if person in setting.allow:
            return True
        share: int = percent.get()
        return share >= 100 or bool(assign(f"flag.{name}", person, share / 100))

    def all(self) -> dict[str, Setting]:
        """Return the setting of each flag."""
        return dict(self._current(FRESH_NS))

    def in_force(self, name: str) -> int:
        """Return the percentage in force, whoever set it."""
        self._known(name)
        return self._percent[name].base

    def set(self, name: str, setting: Setting) -> None:
        """Keep a setting, from now on; in other processes within two seconds. Raises InputError."""
        self._known(name)
        self._drawers.put(KIND, {name: msgspec.msgpack.encode(setting.checked())})
        self._current(FRESH_NS)

    def forget(self, person: str) -> None:
        """Take a person out of all lists."""
        for name, setting in self.all().items():
            if person in setting.allow | setting.deny:
                without = {"allow": setting.allow - {person}, "deny": setting.deny - {person}}
                self.set(name, msgspec.structs.replace(setting, **without))

    def _known(self, name: str) -> None:
        if name not in self._percent:
            raise InputError(f"there is no flag {name!r}; there are: {', '.join(sorted(self._percent))}")

    def _current(self, older_ns: int = 0) -> dict[str, Setting]:
        """Return the settings, read anew where they were read `FRESH_NS - older_ns` ago or longer."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._read_ns < FRESH_NS - older_ns:
            return self._settings
        with self._lock:
            if now_ns - self._read_ns < FRESH_NS - older_ns:
                return self._settings  # read by another thread while this one waited
            blobs = self._drawers.list(KIND, "", len(self._percent) + 100)
            read = {
                name: msgspec.msgpack.decode(blob, type=Setting)
                for name, blob in blobs.items()
                if name in self._percent
            }
            read = {name: read.get(name, Setting()) for name in self._percent}
            for name, percent in self._percent.items():
                before = self._settings[name].percent if name in self._settings else None
                wanted = read[name].percent
                if wanted is not None and wanted != before:
                    percent.pin(wanted)
                elif wanted is None and before is not None:
                    percent.unpin()
            self._settings = read
            self._read_ns = now_ns
        return read
