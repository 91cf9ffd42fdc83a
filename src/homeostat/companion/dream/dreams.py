"""The dreams: one a person, many people side by side within a budget; begun, steered, watched, stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext

from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.meter import MS_NS, Meter
from homeostat.companion.dream.pipeline import Integrate, Pipeline, Said
from homeostat.companion.dream.prose import Writer
from homeostat.companion.dream.scene import How, Steering
from homeostat.companion.dream.session import REQUEST, Outcome, Session, Steered
from homeostat.companion.dream.stages import NoConsent, Stages
from homeostat.companion.dream.throughput import Throughput
from homeostat.companion.dream.wishes import Wishes
from homeostat.companion.dream.wording import Wording
from homeostat.companion.dream.work import Rests, Runs, Stopped, Work, in_thread
from homeostat.companion.store.people import People
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import HomeostatError, InputError, QueueFull, UnknownPerson
from homeostat.core.guard import guarded
from homeostat.evaluate.emotion.dread import Dread
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.host import Host

PACE_S_MAX = 60.0
OVERSPENT_S_MAX = 30.0
"""Who is away waits while the budget of computing is spent; who asks has one apart, and waits for nothing
until it is so far overspent: then no more are taken."""

EVENTS_MAX = 1_000
LEAVES_NS = 300 * SECOND_NS
"""A dream that ended can be watched for so long; then only the diary has it."""


class Underway(HomeostatError):
    """The person dreams already."""


class NoDream(HomeostatError):
    """The person does not dream now."""


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
        away: set[str] | None = None,
    ) -> None:
        """`away` is told of those whose memory is held by a dream while they are away."""
        self.knobs = knobs
        self._clock = host.clock
        self._losses = host.losses
        self._request = host.tracer.request
        self._make_name = make_name
        self._meter = Meter(host)
        self._throughput = Throughput(host)
        work = Work(host, people, knobs, runs, rests, set() if away is None else away)
        self.cpu = work.cpu
        self._pipeline = Pipeline(
            host,
            stages,
            work,
            Wording(host, knobs, self._meter, writer),
            self._meter,
            guarding,
            dread=dread,
            integrate=integrate,
            said=said,
        )
        self._sessions: dict[str, Session] = {}
        self._beside: set[asyncio.Task[None]] = set()

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

    def run_beside(self, session: Session) -> None:
        """Dream a dream that was begun beside whoever asked for it."""

        async def run() -> None:
            with guarded(self._losses, "companion.dream", private=True):
                await self.run(session)

        task = asyncio.create_task(run())
        self._beside.add(task)
        task.add_done_callback(self._beside.discard)

    async def run(self, session: Session) -> None:
        """Dream it, to its end. Errors end it; they are told, and not raised."""
        how: Outcome = "failed"
        why = ""
        try:
            with self._request(REQUEST, user=session.person) as request:
                how = await self._pipeline.dreamt(session)
                request.outcome(scenes=float(len(session.scenes)))
        except Stopped:
            how = "stopped"
        except NoConsent as error:
            how, why = "refused", str(error)
        except UnknownPerson:
            how, why = "refused", "nothing is remembered of this person"
        except HomeostatError as error:
            why = str(error)
        finally:
            now_ns = self._clock.monotonic_ns()
            session.end(how, now_ns, why)
            self._meter.ended[how].add(1)
            if how == "whole":
                self._throughput.whole()
            if session.stop_ns:
                self._meter.stop.record((now_ns - session.stop_ns) / MS_NS)
            self._levels()

    async def settled(self) -> None:
        """Wait until all that run beside whoever asked have ended."""
        while self._beside:
            await asyncio.wait(self._beside)

    def dreaming(self, person: str) -> bool:
        """Tell whether a person dreams now."""
        session = self._sessions.get(person)
        return session is not None and session.ended is None

    def wanted(self, person: str, wishes: Wishes) -> bool:
        """Tell whether the person wishes for the dream that they have now, as far as they have one."""
        session = self._sessions.get(person)
        return session is None or wishes.allow(session.how)

    def of(self, person: str) -> Session:
        """Return the dream of a person that runs, or ended a moment ago. Raises NoDream."""
        self._forget_ended()
        session = self._sessions.get(person)
        if session is None:
            raise NoDream("this person does not dream now: the diary has what was dreamed")
        return session

    def watch(self, person: str, after: int = 0) -> AsyncIterator[object]:
        """Yield what is told of a person's dream. Raises NoDream."""
        return self.of(person).watch(after)

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
        self.of(person).stop(self._clock.monotonic_ns())

    def drop(self, person: str) -> None:
        """End the dream of a person at once, and let go of all that was told."""
        session = self._sessions.pop(person, None)
        if session is not None:
            session.stop(self._clock.monotonic_ns())

    def drop_all(self) -> None:
        """End all dreams at once."""
        for person in list(self._sessions):
            self.drop(person)

    def _levels(self) -> None:
        running = self.running
        self._throughput.runs(running)
        self._meter.running.set(float(running))
        self._meter.utilisation.set(min(running / max(int(self.knobs.at_once.get()), 1), 1.0))

    def _forget_ended(self) -> None:
        now_ns = self._clock.monotonic_ns()
        over = [
            p for p, s in self._sessions.items() if s.ended is not None and now_ns - s.ended_ns > LEAVES_NS
        ]
        for person in over:
            del self._sessions[person]
