"""The companion's entrance of feedback: a person's token speaks for them, a service's for whom it names."""

from starlette.requests import Request

from homeostat.app.companion.door import ME, Door
from homeostat.app.companion.pages.gate import SESSION
from homeostat.app.companion.problems import Refusal
from homeostat.companion.access.grant import Scope
from homeostat.companion.store.accepted import checked_person
from homeostat.core.errors import InputError
from homeostat.runtime.experience.experience import Experience

TRACK = ("feedback", "sessions", "features")
"""What the companion keeps of people's experience: tasks and the like are those of applications."""


class DoorEntrance:
    """Lets in who comes through the door with the scope to write."""

    def __init__(self, door: Door, experience: Experience) -> None:
        self._door = door
        self._experience = experience

    async def enter(self, http: Request, user: str, service: str) -> tuple[str, Experience]:
        """Return the person and the companion's experience. Raises Refusal, RateExceeded, InputError."""
        grant = await self._door.enter(http, Scope.WRITE)
        own = self._experience.declaration.service
        if service not in ("", own):
            raise InputError(f"this is the experience of {own!r}: leave `service` out")
        if grant.person is not None:
            if user not in ("", ME, grant.person):
                raise Refusal(403, "this token gives its own person's feedback", "leave `user` out")
            return grant.person, self._experience
        session = http.scope.get(SESSION)
        named = user or ("" if session is None else session.person)
        return checked_person(named) if named else "", self._experience
