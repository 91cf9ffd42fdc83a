"""The audit's key: made once, kept wrapped under the master key, and so as safe as that."""

import secrets

from homeostat.companion.access.cabinet import Drawers
from homeostat.companion.store.keys import KEY_BYTES, MasterKey
from homeostat.core.errors import StoreCorrupt

KIND = "key"
NOW, NEXT = "audit", "audit.next"
USE = "homeostat.audit"


def audit_key(drawers: Drawers, master: MasterKey) -> bytes:
    """Return the key of the audit, made at the first call.

    Raises StoreCorrupt where what is kept opens with another master key.
    """
    found = _opened(drawers, master)
    if found is not None:
        return found
    key = secrets.token_bytes(KEY_BYTES)
    drawers.put(KIND, {NOW: master.wrap(key, USE)})
    return key


def rewrap_audit_key(drawers: Drawers, old: MasterKey, new: MasterKey) -> None:
    """Keep the key under another master key as well, so that it opens whichever of both is there next."""
    key = audit_key(drawers, old)
    drawers.put(KIND, {NOW: old.wrap(key, USE), NEXT: new.wrap(key, USE)})


def _opened(drawers: Drawers, master: MasterKey) -> bytes | None:
    """Return the key, None where none was made."""
    fault: StoreCorrupt | None = None
    for name in (NOW, NEXT):
        wrapped = drawers.get(KIND, name)
        if wrapped is None:
            continue
        try:
            return master.unwrap(wrapped, USE)
        except StoreCorrupt as error:
            fault = error
    if fault is not None:
        raise fault
    return None
