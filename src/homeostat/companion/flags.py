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
from homeostat.core.assignment import assign
from homeostat.core.errors import InputError
from homeostat.runtime.host import Host
from homeostat.runtime.state.document import Document
from homeostat.runtime.state.policy import Fields, merge_fields
from homeostat.runtime.state.shared_state import Changed, SharedState
from homeostat.runtime.state.shelf import Shelf

KIND = "flag"
FRESH_S = 2.0
"""For how long settings that were read are believed where nobody tells of a change."""

LISTED_MAX = 10_000
LISTS = ("allow", "deny")


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


def merged(base: Fields, theirs: Fields, ours: Fields) -> Fields:
    """Return a setting that was changed twice at once: of each list what both sides added and took out.

    >>> merged({"allow": ["ann", "bob"]}, {"allow": ["ann", "bob", "cyd"]}, {"allow": ["bob"]})
    {'allow': ['bob', 'cyd']}
    """
    found = dict(merge_fields(base, theirs, ours))
    for name in LISTS:
        before, one, other = (set(fields.get(name, ())) for fields in (base, theirs, ours))
        if one or other:
            found[name] = sorted(one - (before - other) | (other - before))
    if "allow" in found and "deny" in found:
        found["allow"] = sorted(set(found["allow"]) - set(found["deny"]))
    return found


class Flags:
    """The flags of a companion, by name. Safe for threads.

    `changed` tells other processes of a change, which then `state.synchronise()`.
    """

    def __init__(
        self,
        host: Host,
        shelf: Shelf,
        known: Mapping[str, str],
        changed: Changed = lambda state, key: None,
    ) -> None:
        """Declare the knob of each flag in `known`, which says what it is for; all begin at 100."""
        self.state = SharedState(host, shelf, KIND, policy=merged, stale_s=FRESH_S, changed=changed)
        self._lock = Lock()
        self._revision = 0
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
        """Return the setting of each flag, as it is now."""
        self.state.synchronise()
        return dict(self._current())

    def in_force(self, name: str) -> int:
        """Return the percentage in force, whoever set it."""
        self._known(name)
        return self._percent[name].base

    def set(self, name: str, setting: Setting) -> None:
        """Keep a setting, from now on; in other processes within two seconds at most. Raises InputError."""
        self._known(name)
        self._put(name, setting.checked(), self.state.get(name))
        self._current()

    def forget(self, person: str) -> None:
        """Take a person out of all lists."""
        self.state.synchronise()
        for name, document in self.state.view().documents.items():
            setting = msgspec.convert(document.value, Setting)
            if person in setting.allow | setting.deny:
                without = {"allow": setting.allow - {person}, "deny": setting.deny - {person}}
                self._put(name, msgspec.structs.replace(setting, **without), document)
        self._current()

    def _put(self, name: str, setting: Setting, base: Document | None) -> None:
        self.state.put(name, msgspec.to_builtins(setting, order="deterministic"), base)

    def _known(self, name: str) -> None:
        if name not in self._percent:
            raise InputError(f"there is no flag {name!r}; there are: {', '.join(sorted(self._percent))}")

    def _current(self) -> dict[str, Setting]:
        """Return the settings; the knobs follow where they have changed."""
        view = self.state.view()
        if view.revision == self._revision:
            return self._settings
        with self._lock:
            if view.revision <= self._revision:
                return self._settings  # taken in by another thread while this one waited
            read = {name: Setting() for name in self._percent}
            for name, document in view.documents.items():
                if name in read:
                    read[name] = msgspec.convert(document.value, Setting)
            for name, percent in self._percent.items():
                before = self._settings[name].percent if name in self._settings else None
                wanted = read[name].percent
                if wanted is not None and wanted != before:
                    percent.pin(wanted)
                elif wanted is None and before is not None:
                    percent.unpin()
            self._settings = read
            self._revision = view.revision
        return read
