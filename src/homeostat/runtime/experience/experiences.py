"""The experiences of a server: of each application whose events lie in its store."""

from collections.abc import Callable
from threading import Lock

import msgspec

from homeostat.core.errors import InputError
from homeostat.core.query import RecordsQuery
from homeostat.runtime.experience.book import Offered, Reading
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import DECLARED, NAME_MAX, SERVICES_MAX, Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.host import Host


class Experiences:
    """Opens the experience of an application by its name, as that one declared it. Safe for threads.

    `key` is asked for when the first is opened.
    """

    def __init__(self, host: Host, offer: Offered, store: Reading, key: Callable[[], bytes]) -> None:
        self.host = host
        self._offer = offer
        self._store = store
        self._key = key
        self._lock = Lock()
        self._open: dict[str, Experience] = {}

    def declared(self) -> dict[str, Declaration]:
        """Return what each application declared, by its name."""
        records = self._store.read(RecordsQuery(DECLARED, limit=SERVICES_MAX))
        found = {r.key: msgspec.json.decode(r.body, type=Declaration) for r in records}
        return dict(sorted(found.items()))

    def of(self, service: str = "") -> Experience:
        """Return the experience of an application; without a name, that of the only one there is.

        Raises InputError where that is not clear. One that declared nothing is kept feedback of, and nothing
        else.
        """
        declared = self.declared()
        if not service:
            if len(declared) != 1:
                named = ", ".join([*declared][:5]) or "none declared any yet"
                raise InputError(f"say in `service` whose experience it is: {named}")
            (service,) = declared
        wanted = declared.get(service)
        if wanted is None and (len(service) > NAME_MAX or not service.isprintable()):
            raise InputError(f"a service is named in 1 to {NAME_MAX} printable characters")
        if wanted is None and len(declared) >= SERVICES_MAX:
            raise InputError(f"there are {SERVICES_MAX} services already: is {service!r} made up?")
        with self._lock:
            found = self._open.get(service)
            if found is None or (wanted is not None and found.declaration != wanted):
                made = wanted or Declaration(service=service, track=("feedback",))
                names = Pseudonyms(self._key(), service)
                found = self._open[service] = Experience(self.host, made, self._offer, self._store, names)
                if wanted is None:
                    found.declare()
            return found
