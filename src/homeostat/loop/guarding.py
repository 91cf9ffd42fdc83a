"""The beginning of an application's guarding: its guard, where reviews are kept, who tries canaries."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

from homeostat.core.embedder import Embedder
from homeostat.core.query import Store
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import Policy, policy
from homeostat.loop.kept_here import Keeper, KeptHere
from homeostat.runtime.embed.opening import embedder_at
from homeostat.runtime.guarding.guarding import SAMPLE, Guarding
from homeostat.runtime.guarding.prober import Prober
from homeostat.runtime.guarding.reviews import Reviews


@dataclass(frozen=True, slots=True)
class Begun:
    """An application's guarding, with what has to be ended."""

    guarding: Guarding
    prober: Prober
    kept: KeptHere | None

    def after_fork(self) -> None:
        """Try canaries in a forked child, too."""
        self.guarding.after_fork()
        self.prober.start()

    def close(self) -> None:
        """End the canaries, and let go of the store."""
        self.prober.close()
        if self.kept is not None:
            self.kept.close()


def begin(
    hs: Keeper,
    store: Store | None,
    audience: str | Policy,
    embedder: Embedder | str,
    triggers: Sequence[str],
    sample: float | None,
    keep_texts: bool,
) -> Begun:
    """Begin to guard. Reviews are kept as experience is; without a store, there are none."""
    found = embedder_at(hs, embedder, os.environ) if isinstance(embedder, str) else embedder
    rules = policy(audience) if isinstance(audience, str) else audience
    guard = Guard(rules, found, triggers)
    reviews, kept = None, None
    if hs.settings.keep:
        kept = KeptHere(hs, store)
        reviews = Reviews(
            hs.settings.service, kept.offer, kept, hs.clock, hs.losses, kept.names(), texts=keep_texts
        )
    guarding = Guarding(
        hs,
        guard,
        reviews=reviews,
        sample=SAMPLE if sample is None else sample,
        by_meaning=found is not None,
    )
    prober = Prober(guarding, hs.losses)
    prober.start()
    return Begun(guarding, prober, kept)
