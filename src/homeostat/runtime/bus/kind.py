"""The kind of an event: its struct, its name and version, and how older versions become the newest."""

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import msgspec

from homeostat.core.errors import ConfigError, HomeostatError, InputError
from homeostat.runtime.bus.record import BODY_BYTES_MAX, KEY_CHARS_MAX, Kept, Record

E = TypeVar("E", bound=msgspec.Struct)

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes the fields of one version those of the next."""


class Invalid(HomeostatError):
    """What was kept does not fit the event's struct."""


class NotTransformed(HomeostatError):
    """What was kept is of a version that cannot be made the newest."""


class Kind(Generic[E]):
    """Events of one struct. `key` tells what an event is about: events of one key keep their order.

    `upgrades` has, by the version that it begins at, how fields become those of the next version.

    >>> class Moved(msgspec.Struct, frozen=True):
    ...     person: str
    ...     room: str
    >>> moved = Kind(Moved, "moved", 2, key=lambda e: e.person, upgrades={1: lambda old: {**old, "room": ""}})
    >>> moved.decode(Kept(1, "moved", 1, "ann", 0, '{"person": "ann"}'))
    Moved(person='ann', room='')
    """

    def __init__(
        self,
        struct: type[E],
        name: str,
        version: int,
        key: Callable[[E], str],
        upgrades: Mapping[int, Upgrade] | None = None,
    ) -> None:
        if not name or not name.replace(".", "_").isidentifier() or len(name) > 100:
            raise ConfigError(f"an event's name has letters, digits, '_' and '.', up to 100, not {name!r}")
        if version < 1:
            raise ConfigError(f"versions of event {name!r} begin at 1, not {version!r}")
        upgrades = dict(upgrades or {})
        if set(upgrades) - set(range(1, version)):
            raise ConfigError(f"upgrades of event {name!r} begin at versions below {version}")
        self.struct = struct
        self.name = name
        self.version = version
        self._key = key
        self._upgrades = upgrades
        self._encode = msgspec.json.Encoder().encode
        try:
            self._decoder = msgspec.json.Decoder(struct)
        except TypeError as error:
            raise ConfigError(f"event {name!r} has a type that cannot be written down: {error}") from None

    def encode(self, event: E, at_ns: int) -> Record:
        """Return an event as it is kept. Raises InputError where it does not fit its own struct."""
        try:
            body = self._encode(event)
            self._decoder.decode(body)
        except (TypeError, msgspec.MsgspecError, OverflowError, UnicodeEncodeError):
            raise InputError(
                f"event {self.name!r} has a field that does not fit {self.struct.__name__}"
            ) from None
        key = self._key(event)
        if not isinstance(key, str) or len(key) > KEY_CHARS_MAX:
            raise InputError(f"the key of event {self.name!r} is a text of up to {KEY_CHARS_MAX} characters")
        if len(body) > BODY_BYTES_MAX:
            raise InputError(
                f"event {self.name!r} takes {len(body)} bytes, and {BODY_BYTES_MAX} is all that is taken: "
                "store it elsewhere and tell where"
            )
        return Record(self.name, self.version, key, at_ns, body.decode())

    def decode(self, kept: Kept) -> E:
        """Return the event in its newest version. Raises Invalid, NotTransformed."""
        if kept.version == self.version:
            try:
                return self._decoder.decode(kept.body)
            except msgspec.MsgspecError:
                raise Invalid(f"an event {self.name!r} does not fit {self.struct.__name__}") from None
        fields = self._upgraded(kept)
        try:
            return msgspec.convert(fields, self.struct)
        except msgspec.MsgspecError:
            raise NotTransformed(
                f"an event {self.name!r} of version {kept.version} does not fit version {self.version}"
            ) from None

    def _upgraded(self, kept: Kept) -> dict[str, Any]:
        try:
            fields = msgspec.json.decode(kept.body, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise Invalid(f"an event {self.name!r} is no object of JSON") from None
        for version in range(kept.version, self.version):
            upgrade = self._upgrades.get(version)
            if upgrade is None:
                break
            try:
                fields = upgrade(fields)
            except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
                raise NotTransformed(
                    f"the upgrade of event {self.name!r} from version {version} raised {type(error).__name__}"
                ) from None
        else:
            if kept.version < self.version:
                return fields
        raise NotTransformed(f"event {self.name!r} of version {kept.version} has no way to {self.version}")
