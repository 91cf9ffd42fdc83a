"""The pipeline: the five stages of a dream, one after the other, each an operation with its targets."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from homeostat.companion.dream import stages
from homeostat.companion.dream.meter import MS_NS, Meter
from homeostat.companion.dream.scene import Dream, How, Scene
from homeostat.companion.dream.scenes import Made, Scenes
from homeostat.companion.dream.screen import Screen
from homeostat.companion.dream.session import REQUEST, Chose, Outcome, Session, Stage, Staged
from homeostat.companion.dream.stages import Prepared, Stages
from homeostat.companion.dream.wording import Wording
from homeostat.companion.dream.work import Stopped, Work
from homeostat.companion.store.people import Memory
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import UnknownPerson
from homeostat.core.guard import guarded
from homeostat.evaluate.emotion.dread import Dread
from homeostat.evaluate.passage import Context, Segment
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.host import Host

Integrate = Callable[[Memory, int], bool]
"""Works up to so many messages into what is known (links, facts, compression); whether all are."""

INTEGRATE_S: dict[How, float] = {"request": 0.05, "away": 20.0}
INTEGRATE_STEP: dict[How, int] = {"request": 16, "away": 64}
"""For how long steps are begun, and of how many messages: who asked for a dream waits for its end."""

Said = Callable[[tuple[Segment, ...], Callable[[], Context]], None]
"""Takes what a dream told, and what it may rest on, to be judged."""


class Pipeline:
    """Dreams one dream after the other, and many side by side. Lives on one event loop."""

    def __init__(
        self,
        host: Host,
        stages: Stages,
        work: Work,
        wording: Wording,
        meter: Meter,
        guarding: Guarding,
        *,
        dread: Dread | None = None,
        integrate: Integrate | None = None,
        said: Said | None = None,
    ) -> None:
        self._clock = host.clock
        self._losses = host.losses
        self._operation = host.tracer.operation
        self._stages = stages
        self._work = work
        self._wording = wording
        self._meter = meter
        self._guarding = guarding
        self._dread = dread
        self._integrate = integrate
        self._said = said
        self._claims = 0
        self._traced = 0

    async def dreamt(self, session: Session) -> Outcome:
        """Dream to the end; return how it ended. Raises Stopped, once what was told is in the diary."""
        held = self._work.held
        try:
            with self._stage(session, "initialise"):
                begun = await held(session, lambda memory: self._stages.initialise(memory, session.how))
                session.prefer(begun.wishes.shape)
            with self._stage(session, "prepare"):
                asked = session.steering
                prepared = await held(session, lambda memory: self._stages.prepare(memory, begun, asked))
                session.tell(Chose(stages.replayed(prepared)))
            with self._stage(session, "generate"):
                await self._scenes(session, prepared, asked.follow)
            if self._integrate is not None:
                with self._stage(session, "integrate"):
                    await self._integrated(session, self._integrate)
        except Stopped:
            if session.scenes:
                await self._kept(session, prepared, whole=False)
            raise
        with self._stage(session, "deliver"):
            if session.scenes:
                await self._kept(session, prepared, whole=True)
        self._meter.whole.record((self._clock.monotonic_ns() - session.began_ns) / MS_NS)
        return "whole" if session.scenes else "empty"

    async def _scenes(self, session: Session, prepared: Prepared, followed: tuple[str, ...] | None) -> None:
        """Tell scene after scene; `followed` are the themes whose memories were called up already."""
        screen = Screen(prepared.triggers, self._guarding, self._dread, session.person)
        scenes = Scenes(prepared, screen)
        told: Scene | None = None
        before_ns = session.began_ns
        while True:
            steering = session.steering
            if steering.follow and steering.follow != followed:
                call = partial(self._stages.call_up, prepared=prepared, themes=steering.follow)
                await self._work.held(session, call)
            followed = steering.follow
            made = await self._work.computed(session, partial(scenes.next, steering, told))
            if made is None:
                return
            self._count(made)
            told = made.scene
            if told is None:
                session.dropped += 1
                continue
            asking = self._wording.asking(told, prepared.messages, screen)
            if asking is not None:
                told = await self._work.unless_stopped(session, asking)
            session.tell(told)
            self._meter.told(len(session.scenes), self._clock.monotonic_ns() - before_ns)
            if session.pace_s and len(session.scenes) < prepared.telling.length:
                await self._work.unless_stopped(session, asyncio.sleep(session.pace_s))
            before_ns = self._clock.monotonic_ns()

    def _count(self, made: Made) -> None:
        self._claims += made.claims
        self._traced += made.traced
        self._meter.traced.set(self._traced / self._claims)
        if made.scene is None:
            self._meter.dropped[made.dropped].add(1)
        elif made.scene.softened:
            self._meter.softened.add(1)

    async def _integrated(self, session: Session, integrate: Integrate) -> None:
        until_ns = self._clock.monotonic_ns() + round(INTEGRATE_S[session.how] * SECOND_NS)
        limit = INTEGRATE_STEP[session.how]
        while not await self._work.held(session, lambda memory: integrate(memory, limit)):
            if self._clock.monotonic_ns() >= until_ns:
                return

    async def _kept(self, session: Session, prepared: Prepared, *, whole: bool) -> None:
        """Put what was told into the diary, also where the dream was stopped, and have it judged."""
        dream = Dream(
            name=session.name,
            began_us=session.began_us,
            how=session.how,
            shape=session.shape,
            scenes=tuple(session.scenes),
            replayed=stages.replayed(prepared),
            whole=whole,
            dropped=session.dropped,
        )
        messages = dict(prepared.messages)  # what was left behind may call up more
        steering = session.steering

        def keep(memory: Memory) -> int | None:
            alike = stages.resonance(dream, messages)
            if alike is not None:
                self._meter.resonance.record(alike)
            return self._stages.keep(memory, dream, messages)

        with guarded(self._losses, "companion.dream.diary"):
            try:
                dropped = await self._work.in_turn(session, keep)
            except UnknownPerson:
                return
            if dropped is None:
                return
            self._meter.forgotten.add(dropped)
            if self._said is not None:
                self._said(stages.told(dream), lambda: stages.known(messages, steering))

    @contextmanager
    def _stage(self, session: Session, stage: Stage) -> Iterator[None]:
        session.tell(Staged(stage))
        began_ns = self._clock.monotonic_ns()
        with self._operation(f"{REQUEST}.{stage}"):
            yield
        self._meter.stage[stage].record((self._clock.monotonic_ns() - began_ns) / MS_NS)
