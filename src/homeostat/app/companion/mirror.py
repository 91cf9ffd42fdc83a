"""The mirror's part of the API: what is held of a person's voice, and what is foretold of them."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homeostat.app.companion.bodies import body_of, moment_of, understood
from homeostat.app.companion.door import Door
from homeostat.app.companion.problems import Off
from homeostat.app.companion.threads import Threads
from homeostat.app.web.errors import json_answer
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.grant import Scope
from homeostat.companion.flags import Flags
from homeostat.companion.mirror.mirror import K, Mirror
from homeostat.companion.mirror.replies.features import Turn
from homeostat.companion.store.people import Memory, People
from homeostat.core.clock import Clock
from homeostat.core.errors import InputError

BODY_BYTES_MAX = 1 << 20
TEXTS_MAX = 2_000
TURNS_MAX = 100

T = TypeVar("T")


class Correction(msgspec.Struct, forbid_unknown_fields=True):
    """The person's own word in the place of what was learned; null takes it back."""

    aspect: str
    value: str | None = None


class Switch(msgspec.Struct, forbid_unknown_fields=True):
    """On, or off: then all that was learned is forgotten."""

    on: bool


class Said(msgspec.Struct, forbid_unknown_fields=True):
    """A turn of the talk; `own` where the person said it."""

    text: str
    own: bool = False


class Replies(msgspec.Struct, forbid_unknown_fields=True):
    """What likely replies are asked for."""

    turns: list[Said]
    candidates: list[str] | None = None
    k: int = K


class Texts(msgspec.Struct, forbid_unknown_fields=True):
    """Texts of which the author is in doubt."""

    texts: list[str]


class Situation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A context in which a choice is made, now if `at` does not say when; `choice` is the one that was."""

    context: dict[str, str | float | bool]
    choice: str | None = None
    at: datetime | None = None


class MirrorApi:
    """Answers /people/{person}/mirror…"""

    def __init__(
        self,
        people: People,
        mirror: Mirror,
        flags: Flags,
        door: Door,
        audit: Audit,
        threads: Threads,
        clock: Clock,
    ) -> None:
        self._people = people
        self._mirror = mirror
        self._flags = flags
        self._door = door
        self._audit = audit
        self._threads = threads
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes."""
        mirror = "/people/{person}/mirror"
        return [
            Route(mirror, self.shown),
            Route(mirror, self.switch, methods=["PUT"]),
            Route(mirror + "/corrections", self.correct, methods=["POST"]),
            Route(mirror + "/replies", self.replies, methods=["POST"]),
            Route(mirror + "/reply", self.reply, methods=["POST"]),
            Route(mirror + "/same-author", self.same_author, methods=["POST"]),
            Route(mirror + "/decisions", self.decided, methods=["POST"]),
            Route(mirror + "/foretold", self.foretold, methods=["POST"]),
        ]

    async def shown(self, http: Request) -> Response:
        """Answer all that the mirror holds of a person, in words and numbers; also while it is off."""
        _, person = await self._door.person(http, Scope.READ)
        return await self._answered(person, self._mirror.shown)

    async def switch(self, http: Request) -> Response:
        """Turn the mirror on, or off, which forgets what it learned."""
        grant, person = await self._door.person(http, Scope.WRITE)
        wanted = understood(await body_of(http, BODY_BYTES_MAX), Switch).on

        def switched(memory: Memory) -> object:
            (self._mirror.on if wanted else self._mirror.off)(memory)
            self._audit.note(Act.CORRECTED, grant.id, person=person, about="on" if wanted else "off")
            return self._mirror.shown(memory)

        return await self._answered(person, switched)

    async def correct(self, http: Request) -> Response:
        """Put the person's own word in the place of what was learned."""
        grant, person = await self._door.person(http, Scope.WRITE)
        wanted = understood(await body_of(http, BODY_BYTES_MAX), Correction)

        def corrected(memory: Memory) -> object:
            self._mirror.correct(memory, wanted.aspect, wanted.value)
            self._audit.note(Act.CORRECTED, grant.id, person=person, about=wanted.aspect)
            return self._mirror.shown(memory)

        return await self._answered(person, corrected, on=True)

    async def replies(self, http: Request) -> Response:
        """Rank what the person would likely reply: the candidates, or what they said before."""
        _, person = await self._door.person(http, Scope.READ)
        asked = understood(await body_of(http, BODY_BYTES_MAX), Replies)
        turns = [Turn(said.text, said.own) for said in asked.turns[-TURNS_MAX:]]
        return await self._answered(
            person, lambda memory: self._mirror.likely(memory, turns, asked.candidates, asked.k), on=True
        )

    async def reply(self, http: Request) -> Response:
        """Give one reply, and say who wrote it: the person, or the model that is set, in their voice."""
        _, person = await self._door.person(http, Scope.READ)
        asked = understood(await body_of(http, BODY_BYTES_MAX), Replies)
        turns = [Turn(said.text, said.own) for said in asked.turns[-TURNS_MAX:]]
        return await self._answered(
            person, lambda memory: {"reply": self._mirror.reply(memory, turns)}, on=True, model=True
        )

    async def same_author(self, http: Request) -> Response:
        """Tell how likely it is that the person wrote some texts."""
        _, person = await self._door.person(http, Scope.READ)
        texts = understood(await body_of(http, BODY_BYTES_MAX), Texts).texts
        if not 0 < len(texts) <= TEXTS_MAX:
            raise InputError(f"1 to {TEXTS_MAX} texts are compared, not {len(texts)}")
        return await self._answered(person, lambda memory: self._mirror.same_author(memory, texts), on=True)

    async def decided(self, http: Request) -> Response:
        """Learn a choice that the person made."""
        _, person = await self._door.person(http, Scope.WRITE)
        made = understood(await body_of(http, BODY_BYTES_MAX), Situation)
        choice = made.choice
        if choice is None:
            raise InputError("a decision has a choice: say which was made")
        at_us, offset_min = self._moment(made)
        return await self._answered(
            person,
            lambda memory: {"learned": self._mirror.decided(memory, made.context, choice, at_us, offset_min)},
            on=True,
        )

    async def foretold(self, http: Request) -> Response:
        """Tell what the person would likely choose; null where that is not known."""
        _, person = await self._door.person(http, Scope.READ)
        asked = understood(await body_of(http, BODY_BYTES_MAX), Situation)
        at_us, offset_min = self._moment(asked)
        return await self._answered(
            person, lambda memory: self._mirror.foretell(memory, asked.context, at_us, offset_min), on=True
        )

    def _moment(self, situation: Situation) -> tuple[int, int]:
        if situation.at is None:
            return self._clock.now_ns() // 1_000, 0
        return moment_of(situation.at)

    async def _answered(
        self, person: str, look: Callable[[Memory], T], *, on: bool = False, model: bool = False
    ) -> Response:
        """Answer what a look says; `on` where the mirror must be, `model` where it may ask one elsewhere."""

        def looked() -> T:
            if not self._flags.on(self._mirror.name, person):
                raise Off("the mirror is off for this person by its flag")
            with self._people.open(person) as memory:
                if on and self._mirror.is_off(memory):
                    raise Off("the person has turned the mirror off")
                return look(memory)

        runs = self._threads.model_for if model else self._threads.run_for
        return json_answer(await runs(person, looked))
