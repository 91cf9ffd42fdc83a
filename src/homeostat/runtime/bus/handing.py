"""Handing over: one event to a subscriber's handler, again and again until it is over."""

import asyncio
from types import TracebackType

from homeostat.core.log import event
from homeostat.runtime.bus.kind import Invalid, NotTransformed
from homeostat.runtime.bus.meter import SubscriberMeter
from homeostat.runtime.bus.record import Kept, Letter, letter_id
from homeostat.runtime.bus.subscription import Subscription
from homeostat.runtime.host import Host


class Handing:
    """Hands events of a subscriber over, and measures it."""

    def __init__(self, host: Host, subscription: Subscription, meter: SubscriberMeter) -> None:
        self._now_ns = host.clock.now_ns
        self._subscription = subscription
        self._meter = meter

    def wants(self, kept: Kept) -> bool:
        """Whether the subscriber has a handler for an event."""
        return kept.name in self._subscription.handlings

    def computes(self, kept: Kept) -> bool:
        """Whether its handler only computes: it can be tried here and now."""
        return not self._subscription.handlings[kept.name].awaits

    def at_once(self, kept: Kept) -> Exception | None:
        """Try an event whose handler only computes; return what it raised."""
        self._delivered(kept)
        handling = self._subscription.handlings[kept.name]
        tried = Tried()
        with tried:
            handling.handler(handling.kind.decode(kept))
        if tried.error is None:
            self._meter.taken()
        return tried.error

    async def to_the_end(self, kept: Kept, error: Exception | None = None) -> Letter | None:
        """Try an event until it is taken; return its letter where that does not come to be.

        `error` is what the first try raised, where there was one.
        """
        if error is None:
            self._delivered(kept)
            error = await self._tried(kept)
        failures = 0
        while error is not None:
            failures += 1
            if self._hopeless(error) or failures >= self._subscription.patience.failures_max:
                return self._dead(kept, failures, error)
            self._meter.failed()
            await asyncio.sleep(self._subscription.patience.wait_s(failures))
            error = await self._tried(kept)
        self._meter.taken()
        return None

    def _delivered(self, kept: Kept) -> None:
        if not kept.letter:
            self._meter.delivered(kept.at_ns)

    async def _tried(self, kept: Kept) -> Exception | None:
        handling = self._subscription.handlings[kept.name]
        tried = Tried()
        with tried:
            async with asyncio.timeout(self._subscription.patience.timeout_s):
                answer = handling.handler(handling.kind.decode(kept))
                if answer is not None:
                    await answer
        return tried.error

    def _hopeless(self, error: Exception) -> bool:
        """Count what is wrong with the event itself, and tell whether it is that."""
        if isinstance(error, Invalid):
            self._meter.invalid()
        elif isinstance(error, NotTransformed):
            self._meter.untransformed()
        return isinstance(error, Invalid | NotTransformed)

    def _dead(self, kept: Kept, failures: int, error: Exception) -> Letter:
        self._meter.dead()
        name, reason = self._subscription.name, described(error)
        event("bus.dead_letter", subscriber=name, event=kept.name, position=kept.position, reason=reason)
        return Letter(
            id=kept.letter or letter_id(name, kept.position),
            subscriber=name,
            position=kept.position,
            name=kept.name,
            version=kept.version,
            key=kept.key,
            at_ns=kept.at_ns,
            body=kept.body,
            failures=failures,
            error=reason,
            dead_ns=self._now_ns(),
        )


class Tried:
    """A context that keeps whatever a handler raises, except for what ends the task or the process."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception):
            self.error = error
            return True
        return False


def described(error: Exception) -> str:
    """Return what an error may say of itself: its type; the words of our own of events, which quote none."""
    if isinstance(error, Invalid | NotTransformed):
        return f"{type(error).__name__}: {error}"
    return type(error).__name__
