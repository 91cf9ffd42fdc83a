"""Rotation: a key file gets a new master key, and all data keys are wrapped under it."""

from pathlib import Path

from homeostat.companion.store.keys import MasterKey, read_key, write_key
from homeostat.companion.store.opening import people_at
from homeostat.core.errors import ConfigError
from homeostat.store.address import StoreAddress


def rotate_key_file(address: Path | str | StoreAddress, path: Path) -> MasterKey:
    """Put a new master key in place of the one in a key file; return it.

    To do it again finishes what was interrupted: the new key is in a file beside the old one's before it is
    used, and takes its place afterwards. Raises ConfigError where neither is the key of what is at the
    address, StoreBusy where another process uses that.
    """
    draft = path.with_name(path.name + ".next")
    old = read_key(path)
    if not draft.exists():
        write_key(MasterKey.made(), draft)
    new = read_key(draft)
    try:
        people = people_at(address, old)
    except ConfigError:
        people = people_at(address, new)
    try:
        people.rewrap(new)
    finally:
        people.close()
    draft.replace(path)
    return new
