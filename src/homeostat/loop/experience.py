"""The beginning of an application's experience: where it is kept, and under which key."""

from homeostat.core.errors import ConfigError
from homeostat.core.query import Store
from homeostat.loop.kept_here import Keeper, KeptHere
from homeostat.runtime.experience.declaration import KEPT_DAYS, UNASKED, Declaration
from homeostat.runtime.experience.elsewhere import Elsewhere
from homeostat.runtime.experience.experience import Experience


def begin(hs: Keeper, store: Store | None, track: tuple[str, ...], keep_days: int) -> Experience:
    """Begin to keep what is declared, in an open store or in that of this machine.

    So it is where metrics go to an endpoint, too, as the ledger of a loop is.
    """
    if not hs.settings.keep:
        raise ConfigError("experience needs a store: leave out keep=False")
    kept = KeptHere(hs, store)
    declaration = Declaration(
        service=hs.settings.service, track=track or UNASKED, keep_days=keep_days or KEPT_DAYS
    )
    made = Experience(hs, declaration, kept.offer, kept, kept.names(), kept.close)
    made.declare()
    return made


def hearing(hs: Keeper, store: Store | None) -> Elsewhere:
    """Return what finds answers that other processes took about requests of this one."""
    return Elsewhere(hs.tracer.requests, hs.settings.service, KeptHere(hs, store).names, hs.clock)
