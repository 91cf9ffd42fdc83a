"""Learning: the part of dreams that follows what a person says, so that a dream can begin at once."""

from collections.abc import Callable

from homeostat.companion.archaeology.learned import rhythm_of
from homeostat.companion.canary_names import is_canary
from homeostat.companion.dream import diary, features
from homeostat.companion.dream.features import Features
from homeostat.companion.dream.wishes import wishes_of
from homeostat.companion.store.people import Memory
from homeostat.core.clock import SECOND_NS, Clock

STRIDE = 64
"""Messages that may wait before they are learned; a dream reads those that wait."""

US_A_SECOND = 1_000_000
QUIET_USUAL_S = 3_600.0
QUIET_MIN_S = 600.0
QUIET_MAX_S = 12 * 3_600.0
PAUSES_MIN = 30
PAUSE_SHARE = 0.9

Quiet = Callable[[str, int], None]
"""Is told of who wants dreams when they will count as away, by the clock, in ns."""


class DreamPart:
    """Keeps features of messages, lets go of dreams whose sources changed, and says who may soon dream."""

    name = "dream"

    def __init__(self, clock: Clock, quiet: Quiet = lambda person, at_ns: None) -> None:
        self._clock = clock
        self._quiet = quiet

    def catch_up(self, memory: Memory, limit: int) -> bool:
        """Learn from up to `limit` messages that are new; start anew where the generation has changed."""
        extent = memory.extent()
        diary.prune(memory)
        head = features.head_of(memory.notes)
        if head is not None and head.generation != extent.generation:
            features.forget(memory.notes)
            head = None
        last = 0 if head is None else head.last
        done = True
        if extent.last - last >= STRIDE:
            learned = Features.of(memory.notes, extent.generation)
            messages = memory.reading.after(learned.last, limit)
            done = len(messages) < limit
            learned.learn(messages)
            if done:
                learned.last = extent.last
            learned.keep(memory.notes)
        if done and wishes_of(memory.notes).allow("away"):
            at_ns = self._clock.now_ns() + round(quiet_s(memory) * SECOND_NS)
            self._quiet(memory.person, at_ns)
        return done


def quiet_s(memory: Memory) -> float:
    """Return after how many seconds of silence a person counts as away.

    By their own rhythm, as the archaeology knows it: longer than nine of ten of their pauses were; an hour
    where that is not known. Canaries, who do not exist, are always away: what dreams do to finding shows
    with them.
    """
    if is_canary(memory.person):
        return 0.0
    lengths = rhythm_of(memory.notes).lengths
    if lengths.size < PAUSES_MIN:
        return QUIET_USUAL_S
    usual = sorted(lengths.tolist())[int(PAUSE_SHARE * (lengths.size - 1))] / US_A_SECOND
    return min(max(float(usual), QUIET_MIN_S), QUIET_MAX_S)
