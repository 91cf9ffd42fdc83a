"""The dreams: the five stages of each, one after the other, many people side by side within a budget."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from time import thread_time
from typing import Any, Protocol, TypeVar

from homeostat.companion.dream import stages
from homeostat.companion.dream.budget import Budget
from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.meter import Meter
from homeostat.companion.dream.prose import Writer
from homeostat.companion.dream.scene import Dream, How, Scene, Steering
from homeostat.companion.dream.screen import Screen
from homeostat.companion.dream.session import Chose, Outcome, Session, Stage, Staged, Steered
from homeostat.companion.dream.stages import Begun, NoConsent, Prepared, Stages
from homeostat.companion.dream.throughput import Throughput
from homeostat.companion.dream.tracing import untraced
from homeostat.companion.dream.wording import Wording
from homeostat.companion.store.people import Memory, People
from homeostat.companion.unspoken import Unspoken
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import HomeostatError, InputError, QueueFull, UnknownPerson
from homeostat.core.guard import guarded
from homeostat.evaluate.emotion.dread import Dread
from homeostat.evaluate.passage import Context, Segment
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.host import Host

T = TypeVar("T")

REQUEST = "companion.dream"
PACE_S_MAX = 60.0
CPU_BURST_S = 8.0
OVERSPENT_S_MAX = 30.0
"""Who is away waits while the budget of computing is spent; who asks has one apart, and waits for nothing
until it is so far overspent: then no more are taken."""

HOWS: tuple[How, ...] = ("request", "away")
EVENTS_MAX = 1_000
LEAVES_NS = 300 * SECOND_NS
"""A dream that ended can be watched for so long; then only the diary has it."""

MS_NS = 1_000_000

Integrate = Callable[[Memory, int], bool]
"""Works up to so many messages into what is known (links, facts, compression); whether all are."""

INTEGRATE_S: dict[How, float] = {"request": 0.05, "away": 20.0}
INTEGRATE_STEP: dict[How, int] = {"request": 16, "away": 64}
"""For how long steps are begun, and of how many messages: who asked for a dream waits for its end."""

Said = Callable[[tuple[Segment, ...], Callable[[], Context]], None]
"""Takes what a dream told, and what it may rest on, to be judged."""

Rests = Callable[[], AbstractContextManager[None]]
"""A context for work that makes room for what people wait for."""


class Underway(HomeostatError):
    """The person dreams already."""


class NoDream(HomeostatError):
    """The person does not dream now."""


class Runs(Protocol):
    """Runs a function that takes its time beside the event loop, one after the other for each person."""

    def __call__(self, person: str, work: Callable[[], T], /) -> Awaitable[T]: ...


async def in_thread(person: str, work: Callable[[], T]) -> T:
    """Run a function in a thread of asyncio's own."""
    return await asyncio.to_thread(work)


class _Stopped(Exception):
    """The dream was stopped."""


class Dreams:
    """The dreams under way, one a person. Lives on one event loop.

    A dream begins where its person wants dreams, tells its scenes one by one, can be steered between them,
    and stops at once when it is told to: what still computes then is thrown away. What was told goes into the
    diary. Without a `writer` it is told by the grammar; with one by a model, and by the grammar where that
    stalls, fails or says what does not rest on its sources.
    """

    def __init__(
        self,
        host: Host,
        people: People,
        stages: Stages,
        knobs: DreamKnobs,
        guarding: Guarding,
        make_name: Callable[[], str],
        *,
        dread: Dread | None = None,
        writer: Writer | None = None,
        integrate: Integrate | None = None,
        said: Said | None = None,
        runs: Runs = in_thread,
        rests: Rests = nullcontext,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.knobs = knobs
        self._clock = host.clock
        self._losses = host.losses
        self._request = host.tracer.request
        self._operation = host.tracer.operation
        self._people = people
        self._stages = stages
        self._guarding = guarding
        self._dread = dread
        self._make_name = make_name
        self._integrate = integrate
        self._said = said
        self._runs = runs
        self._rests = rests
        self._sleep = sleep
        self._meter = Meter(host)
        self._throughput = Throughput(host)
        self._wording = Wording(host, knobs, self._meter, writer)
        self._sessions: dict[str, Session] = {}
        self._claims = [0, 0]
        self.cpu = {how: Budget(host.clock, self._cpu_share, CPU_BURST_S) for how in HOWS}
        self._left_over: set[asyncio.Future[Any]] = set()

    def _cpu_share(self) -> float:
        return float(self.knobs.cpu_share.get())

    @property
    def running(self) -> int:
        """How many run now."""
        return sum(session.ended is None for session in self._sessions.values())

    @property
    def room(self) -> int:
        """How many more may be begun now."""
        return max(int(self.knobs.at_once.get()) - self.running, 0)

    def begin(
        self, person: str, how: How = "request", steering: Steering | None = None, pace_s: float = 0.0
    ) -> Session:
        """Take a dream in, which `run` then dreams.

        Raises Underway where the person dreams already, QueueFull where there is no room or no budget,
        InputError for what it cannot be steered by.
        """
        self._forget_ended()
        if not 0.0 <= pace_s <= PACE_S_MAX:
            raise InputError(f"pace_s is a number of seconds from 0 to {PACE_S_MAX:g}, not {pace_s!r}")
        steering = (steering or Steering()).checked()
        if self.dreaming(person):
            raise Underway("this person dreams already: watch that dream, or stop it first")
        if self.room == 0:
            raise QueueFull(f"{self.running} people dream already, and no more may at once: try again later")
        if how == "request" and self.cpu[how].wait_s > OVERSPENT_S_MAX:
            raise QueueFull("dreams have computed for longer than they may: try again later")
        session = Session(
            self._make_name(),
            person,
            how,
            steering,
            self._clock.now_ns() // 1_000,
            self._clock.monotonic_ns(),
            pace_s,
        )
        self._sessions[person] = session
        self._levels()
        return session

    def dreaming(self, person: str) -> bool:
        """Tell whether a person dreams now."""
        session = self._sessions.get(person)
        return session is not None and session.ended is None

    def of(self, person: str) -> Session:
        """Return the dream of a person that runs, or ended a moment ago. Raises NoDream."""
        self._forget_ended()
        session = self._sessions.get(person)
        if session is None:
            raise NoDream("this person does not dream now: the diary has what was dreamed")
        return session

    def steer(self, person: str, steering: Steering) -> Steering:
        """Have a dream go on in another way from its next scene; return what holds then."""
        session = self.of(person)
        if session.ended is not None:
            raise NoDream("the dream has ended: begin another")
        if len(session.events) >= EVENTS_MAX:
            raise InputError(f"a dream is steered fewer than {EVENTS_MAX} times: begin another")
        session.steering = steering.checked().over(session.steering)
        session.tell(Steered(session.steering))
        return session.steering

    def stop(self, person: str) -> None:
        """End a dream at once: nothing of it is told from here on. Raises NoDream."""
        session = self.of(person)
        if session.ended is None:
            session.stop_ns = self._clock.monotonic_ns()
            session.end("stopped")
            session.stopping.set()

    def drop(self, person: str) -> None:
        """Let go of a person who was forgotten."""
        session = self._sessions.pop(person, None)
        if session is not None and session.ended is None:
            session.end("stopped")
            session.stopping.set()

    def drop_all(self) -> None:
        """End all dreams at once."""
        for person in list(self._sessions):
            self.drop(person)

    def watch(self, person: str, after: int = 0) -> AsyncIterator[object]:
        """Yield what is told of a person's dream. Raises NoDream."""
        return self.of(person).watch(after)

    async def run(self, session: Session) -> None:
        """Dream it, to its end. Errors end it; they are told, and not raised."""
        how: Outcome = "failed"
        why = ""
        try:
            with self._request(REQUEST, user=session.person) as request:
                how = await self._dreamt(session)
                request.outcome(scenes=float(len(session.scenes)))
        except _Stopped:
            how = "stopped"
        except NoConsent as error:
            how, why = "refused", str(error)
        except UnknownPerson:
            how, why = "refused", "nothing is remembered of this person"
        except HomeostatError as error:
            why = str(error)
        finally:
            session.end(how, why)
            self._meter.ended[how].add(1)
            if how == "whole":
                self._throughput.whole()
            if session.stop_ns:
                self._meter.stop.record((self._clock.monotonic_ns() - session.stop_ns) / MS_NS)
            self._levels()

    async def _dreamt(self, session: Session) -> Outcome:
        try:
            with self._stage(session, "initialise"):
                begun = await self._held(session, self._stages.initialise)
                if session.steering.shape is None:
                    session.steering = Steering(shape=begun.wishes.shape).over(session.steering)
            with self._stage(session, "prepare"):
                prepared = await self._held(
                    session, lambda memory: self._stages.prepare(memory, begun, session.steering)
                )
                session.tell(Chose(stages.replayed(prepared)))
            with self._stage(session, "generate"):
                await self._scenes(session, begun, prepared)
            if self._integrate is not None:
                with self._stage(session, "integrate"):
                    await self._integrated(session, self._integrate)
        except _Stopped:
            if session.scenes:
                await self._kept(session, prepared, whole=False)
            raise
        with self._stage(session, "deliver"):
            if session.scenes:
                await self._kept(session, prepared, whole=True)
        self._meter.whole.record((self._clock.monotonic_ns() - session.began_ns) / MS_NS)
        return "whole" if session.scenes else "empty"

    async def _integrated(self, session: Session, integrate: Integrate) -> None:
        until_ns = self._clock.monotonic_ns() + round(INTEGRATE_S[session.how] * SECOND_NS)
        limit = INTEGRATE_STEP[session.how]
        while not await self._held(session, lambda memory: integrate(memory, limit)):
            if self._clock.monotonic_ns() >= until_ns:
                return

    async def _scenes(self, session: Session, begun: Begun, prepared: Prepared) -> None:
        screen = Screen(prepared.triggers, self._guarding, self._dread, session.person)
        followed = session.steering.follow
        before_ns = session.began_ns
        refused: frozenset[int] = frozenset()
        while True:
            steering = session.steering
            if steering.follow and steering.follow != followed:
                call = partial(self._stages.call_up, prepared=prepared, themes=steering.follow)
                await self._held(session, call)
            followed = steering.follow
            made = await self._computed(session, partial(self._made, prepared, screen, steering, refused))
            if made is None:
                return
            scene, refused, dropped = made
            session.dropped += dropped
            if scene is None:
                continue
            asking = self._wording.asking(scene, prepared.messages, screen)
            if asking is not None:
                scene = await self._unless_stopped(session, asking)
            screen.tell(scene)
            session.tell(scene)
            now_ns = self._clock.monotonic_ns()
            (self._meter.next if len(session.scenes) > 1 else self._meter.first).record(
                (now_ns - before_ns) / MS_NS
            )
            self._meter.scenes.add(1)
            if session.pace_s and len(session.scenes) < prepared.telling.length:
                await self._unless_stopped(session, self._sleep(session.pace_s))
            before_ns = self._clock.monotonic_ns()

    def _made(
        self, prepared: Prepared, screen: Screen, steering: Steering, refused: frozenset[int]
    ) -> tuple[Scene | None, frozenset[int], int] | None:
        """Return the next scene that may be told (None in place of one that may not); None at the end."""
        scene = prepared.telling.next(steering, refused)
        if scene is None:
            return None
        missing = untraced(scene, prepared.messages)
        self._claims[0] += len(scene.claims) - len(missing)
        self._claims[1] += len(scene.claims)
        self._meter.traced.set(self._claims[0] / self._claims[1])
        if missing:
            self._meter.dropped["untraced"].add(1)
            prepared.telling.take_back()
            return None, refused | frozenset(scene.sources), 1
        bad = screen.refused(scene)
        if bad is None:
            return scene, refused, 0
        refused |= bad.seqs
        softer = screen.softened(scene, bad)
        if softer is not None:
            self._meter.softened.add(1)
            return softer, refused, 0
        self._meter.dropped[bad.why].add(1)
        prepared.telling.take_back()
        return None, refused, 1

    async def _kept(self, session: Session, prepared: Prepared, *, whole: bool) -> None:
        """Put what was told into the diary, also where the dream was stopped."""
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

        if self._said is not None:
            self._said(stages.told(dream), lambda: stages.known(prepared.messages))

        def keep() -> int | None:
            alike = stages.resonance(dream, prepared.messages)
            if alike is not None:
                self._meter.resonance.record(alike)
            try:
                with self._people.open(session.person) as memory, Unspoken("a dream's diary"):
                    return self._stages.keep(memory, dream, prepared.messages)
            except UnknownPerson:
                return None

        with guarded(self._losses, "companion.dream.diary"):
            dropped = await self._runs(session.person, keep)
            self._meter.forgotten.add(dropped or 0)

    async def _held(self, session: Session, look: Callable[[Memory], T]) -> T:
        """Return what a function says of the person's memory, which it holds meanwhile.

        For who is away it takes turns with all else that can wait, in a thread that nobody waits for.
        """
        away = session.how == "away"

        def looked() -> tuple[T, float]:
            began = thread_time()
            with (
                self._rests() if away else nullcontext(),
                self._people.open(session.person) as memory,
                Unspoken("a dream"),
            ):
                return look(memory), thread_time() - began

        runs = in_thread if away else self._runs
        found, spent_s = await self._unless_stopped(session, runs(session.person, looked))
        self.cpu[session.how].spend(spent_s)
        return found

    async def _computed(self, session: Session, work: Callable[[], T]) -> T:
        def timed() -> tuple[T, float]:
            began = thread_time()
            with Unspoken("a dream"):
                return work(), thread_time() - began

        found, spent_s = await self._unless_stopped(session, asyncio.to_thread(timed))
        self.cpu[session.how].spend(spent_s)
        return found

    async def _unless_stopped(self, session: Session, work: Awaitable[T]) -> T:
        """Return what work returns; raise `_Stopped` as soon as the dream is stopped, and leave it behind."""
        doing: asyncio.Future[T] = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(session.stopping.wait())
        both: tuple[asyncio.Future[Any], ...] = (doing, stopping)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            if not doing.done():
                doing.cancel()
                self._left_over.add(doing)
            doing.add_done_callback(self._left)
        if session.stopping.is_set():
            raise _Stopped
        return doing.result()

    def _left(self, doing: asyncio.Future[Any]) -> None:
        """Look at what became of work that was left behind: nobody else does."""
        self._left_over.discard(doing)
        if not doing.cancelled():
            doing.exception()

    @contextmanager
    def _stage(self, session: Session, stage: Stage) -> Iterator[None]:
        session.tell(Staged(stage))
        began_ns = self._clock.monotonic_ns()
        with self._operation(f"{REQUEST}.{stage}"):
            yield
        self._meter.stage[stage].record((self._clock.monotonic_ns() - began_ns) / MS_NS)

    def _levels(self) -> None:
        running = self.running
        self._throughput.runs(running)
        self._meter.running.set(float(running))
        self._meter.utilisation.set(min(running / max(int(self.knobs.at_once.get()), 1), 1.0))

    def _forget_ended(self) -> None:
        now_ns = self._clock.monotonic_ns()
        for person in [
            p
            for p, s in self._sessions.items()
            if s.ended is not None and now_ns - s.began_ns > LEAVES_NS + round(PACE_S_MAX * SECOND_NS)
        ]:
            del self._sessions[person]
