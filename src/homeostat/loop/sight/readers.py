"""The readers: whether anybody reads the knobs that are tried. Turning one that nobody reads does nothing."""

from collections.abc import Iterable, Mapping

from homeostat.core.plant import Plant, ReadingPlant
from homeostat.loop.rules.state import Running
from homeostat.prove.trials.trial import Progress

REQUESTS = 300
"""After so many requests of a trial its knobs should have been read."""


class Readers:
    """Looks, from the beginning of each trial, whether its knobs are read.

    Where one is not, after so many requests, the trial is useless, and the knob is left alone until it is
    read. A plant that cannot tell is taken to read all of its knobs.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant if isinstance(plant, ReadingPlant) else None
        self.missing: frozenset[str] = frozenset()
        """Knobs that were tried and that nobody has read since."""

    def begin(self, trials: Iterable[Running]) -> None:
        """Look at the knobs of trials from now on; call it before the application is steered."""
        if self._plant is not None:
            self._plant.watch_reading({name for trial in trials for name in trial.knobs})

    def useless(self, running: Iterable[Running], progress: Mapping[str, Progress]) -> dict[str, str]:
        """Return the trials of knobs that nobody reads, with the reason."""
        if self._plant is None:
            return {}
        self.missing = self._plant.unread(self.missing)
        found = {}
        for trial in running:
            seen = progress.get(trial.trial)
            requests = 0 if seen is None else seen.n_control + seen.n_treatment
            unread = self._plant.unread(trial.knobs) if requests >= REQUESTS else frozenset()
            if unread:
                self.missing |= unread
                found[trial.trial] = unread_words(sorted(unread), requests)
        return found


def unread_words(knobs: list[str], requests: int) -> str:
    """Return what is wrong with knobs that nobody reads.

    >>> unread_words(["workers"], 300)
    'nobody reads knob workers: its handle.get() was not called in 300 requests'
    """
    which, whose = ("knob", "its") if len(knobs) == 1 else ("knobs", "their")
    names = " and ".join(knobs)
    return f"nobody reads {which} {names}: {whose} handle.get() was not called in {requests:,} requests"
