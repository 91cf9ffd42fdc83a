"""The crisis desk: who may be in danger is heard at once; what follows waits for nobody, and is noted.

To hear somebody takes some microseconds, no lock, no thread, no embedder. Whoever serves people asks first,
before their limits, queues and breakers.
"""

from collections.abc import Callable, Iterable

import msgspec

from homeostat.companion.access.audit import Act
from homeostat.core.guard import guarded
from homeostat.evaluate.safety.crisis import Crisis, Kind, help_texts
from homeostat.runtime.host import Host

MS_NS = 1_000_000

Stop = Callable[[str], None]
"""Ends what runs for a person: a dream, a walk. Called on the event loop on which that runs."""

Note = Callable[[Act, str, str], None]
"""Notes an act, of a person, about something, in the audit."""


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody may be in danger of, and what they are shown. `at_us` is when, in us since 1970."""

    kind: Kind
    help: str
    at_us: int


Hook = Callable[[str, Heard], None]
"""Is told of a person who may be in danger. Raises what it likes: then it has failed, which is noted."""


class CrisisDesk:
    """Hears people, and sees to what follows. Safe for threads, `stop` aside."""

    def __init__(
        self,
        host: Host,
        note: Note,
        stops: Iterable[Stop] = (),
        hook: Hook | None = None,
        *,
        audience: str = "adult",
        language: str = "en",
    ) -> None:
        self._clock = host.clock
        self._losses = host.losses
        self._note = note
        self._stops = tuple(stops)
        self._hook = hook
        self._crisis = Crisis()
        self._help = help_texts().text(audience, language)
        self._heard = {kind: host.counter("companion.crisis.heard", "1", kind=kind) for kind in Kind}
        self._answered_ms = host.histogram("companion.crisis.duration", "ms")
        self._hooks = {
            told: host.counter("companion.crisis.hooks", "1", told=told) for told in ("yes", "failed")
        }

    def heard(self, text: str) -> Heard | None:
        """Return what somebody who wrote this may be in danger of, None where nothing says so."""
        kind = self._crisis.found(text)
        if kind is None:
            return None
        self._heard[kind].add(1)
        return Heard(kind=kind, help=self._help, at_us=self._clock.now_ns() // 1_000)

    def answered(self, since_ns: int) -> None:
        """Record how long somebody waited for help, from a moment of the monotonic clock on."""
        self._answered_ms.record((self._clock.monotonic_ns() - since_ns) / MS_NS)

    def stop(self, person: str) -> None:
        """End what runs for the person, each whatever became of the others; on the event loop, at once."""
        for stop in self._stops:
            with guarded(self._losses, "companion.crisis.stop"):
                stop(person)

    def note(self, person: str, heard: Heard) -> None:
        """Note in the audit that somebody was heard."""
        with guarded(self._losses, "companion.crisis.note"):
            self._note(Act.CRISIS, person, heard.kind)

    def tell(self, person: str, heard: Heard) -> None:
        """Tell the hook where there is one, and note whether it was told. It takes its time."""
        if self._hook is None:
            return
        told = "failed"
        with guarded(self._losses, "companion.crisis.hook"):
            self._hook(person, heard)
            told = "yes"
        self._hooks[told].add(1)
        with guarded(self._losses, "companion.crisis.note"):
            self._note(Act.CRISIS_TOLD, person, told)
