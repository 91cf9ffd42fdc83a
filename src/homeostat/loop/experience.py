"""The beginning of an application's experience: where it is kept, and under which key."""

import os

from homeostat.core.batch import Batch
from homeostat.core.errors import ConfigError
from homeostat.core.query import Store
from homeostat.loop.kept_here import Keeper, KeptHere, key_file
from homeostat.runtime.experience.declaration import KEPT_DAYS, UNASKED, Declaration
from homeostat.runtime.experience.elsewhere import Elsewhere
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms, key_at


def begin(hs: Keeper, store: Store | None, track: tuple[str, ...], keep_days: int) -> Experience:
    """Begin to keep what is declared, in an open store or in that of this machine.

    So it is where metrics go to an endpoint, too, as the ledger of a loop is.
    """
    if not hs.settings.keep:
        raise ConfigError("experience needs a store: leave out keep=False")
    address = hs.settings.store_path()
    key = key_at(key_file(address if store is None else store), os.environ)
    declaration = Declaration(
        service=hs.settings.service, track=track or UNASKED, keep_days=keep_days or KEPT_DAYS
    )

    def offer(batch: Batch) -> bool:
        return hs.writer is not None and hs.writer.offer(batch)

    pseudonyms = Pseudonyms(key, declaration.service)
    if store is not None:
        made = Experience(hs, declaration, offer, store, pseudonyms)
    else:
        kept = KeptHere(address, hs.losses, offer if hs.settings.endpoint is None else None)
        made = Experience(hs, declaration, kept.offer, kept, pseudonyms, kept.close)
    made.declare()
    return made


def hearing(hs: Keeper, store: Store | None) -> Elsewhere:
    """Return what finds answers that other processes took about requests of this one."""
    address = hs.settings.store_path()

    def names() -> Pseudonyms:
        key = key_at(key_file(address if store is None else store), os.environ)
        return Pseudonyms(key, hs.settings.service)

    return Elsewhere(hs.tracer.requests, hs.settings.service, names, hs.clock)
