"""Stamping: whether a value with tags still holds, by the stamps that its tags have now."""

from collections.abc import Callable, Mapping, Sequence

from homeostat.observe.recorder import Counter
from homeostat.runtime.cache.entry import Stamps
from homeostat.runtime.cache.io import Io
from homeostat.runtime.cache.tag_book import TagBook
from homeostat.runtime.cache.tiers.shared import SharedTiers

SYNC_S = 1.0
"""How long a stamp is believed before it is asked for again: so late other processes see an invalidation."""


class Stamping:
    """The stamps of tags, from the shared tiers where there are any; else memory alone forgets tags."""

    def __init__(
        self, tiers: SharedTiers | None, monotonic_ns: Callable[[], int], unverified: Counter
    ) -> None:
        self._tiers = tiers
        self._unverified = unverified
        self._monotonic_ns = monotonic_ns
        self._book = TagBook(monotonic_ns, SYNC_S)

    async def stamps(self, tags: Sequence[str], io: Io) -> Stamps | None:
        """Return the stamps of tags; the last ones known where no tier answers, None where there are none."""
        if not tags:
            return ()
        if self._tiers is None:
            return tuple((tag, "") for tag in tags)
        asked_ns = self._monotonic_ns()
        unknown = self._book.unknown(tags)
        if unknown:
            stamps: Mapping[str, str] | None = await io.run(self._tiers.stamps(unknown))
            if stamps is None:
                self._unverified.add(1)
            else:
                self._book.learn(stamps, asked_ns)
        return self._book.stamps(tags)

    async def hold(self, stamps: Stamps, io: Io) -> bool:
        """Tell whether no tag was given another stamp since; where nobody knows, yes."""
        now = await self.stamps([tag for tag, _ in stamps], io)
        return now is None or now == stamps

    def renew(self, tags: Sequence[str]) -> Mapping[str, str]:
        """Return new stamps for tags, which hold in this process at once."""
        return self._book.renew(tags)
