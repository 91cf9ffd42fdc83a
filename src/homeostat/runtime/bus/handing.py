"""Handing over: one event to a subscriber's handler, again and again until it is over, one way or the other."""

import asyncio
from types import TracebackType

from homeostat.core.log import event
from homeostat.runtime.bus.kind import Invalid, NotTransformed
from homeostat.runtime.bus.meter import SubscriberMeter
from homeostat.runtime.bus.record import Kept, Letter, letter_id
from homeostat.runtime.bus.subscription import Handling, Subscription
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

    def at_once(self, kept: Kept) -> bool:
        """Try an event here and now, where its handler only computes; whether it was taken."""
        handling = self._subscription.handlings[kept.name]
        if handling.awaits:
            return False
        tried = Tried()
        with tried:
            content = handling.kind.decode(kept)
            if not kept.letter:
                self._meter.delivered(kept.at_ns)
            handling.handler(content)
        if tried.error is None:
            self._meter.taken()
        return tried.error is None

    async def to_the_end(self, kept: Kept, *, tried_before: bool = False) -> Letter | None:
        """Try an event until it is taken; return its letter where that does not come to be."""
        handling = self._subscription.handlings[kept.name]
        patience = self._subscription.patience
        failures = 0
        if not tried_before and not kept.letter:
            self._meter.delivered(kept.at_ns)
        while True:
            tried = Tried()
            with tried:
                async with asyncio.timeout(patience.timeout_s):
                    await self._called(handling, kept)
            if tried.error is None:
                self._meter.taken()
                return None
            failures += 1
            if isinstance(tried.error, Invalid):
                self._meter.invalid()
            elif isinstance(tried.error, NotTransformed):
                self._meter.untransformed()
            elif failures < patience.failures_max:
                self._meter.failed()
                await asyncio.sleep(patience.wait_s(failures))
                continue
            return self._dead(kept, failures, tried.error)

    async def _called(self, handling: Handling, kept: Kept) -> None:
        answer = handling.handler(handling.kind.decode(kept))
        if answer is not None:
            await answer

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
