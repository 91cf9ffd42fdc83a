"""The experience desk: works out the figures that only many events make, so that targets can look at them."""

import threading

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses
from homeostat.runtime.experience.experiences import Experiences

INTERVAL_S = 300.0


class ExperienceDesk:
    """Has the figures of each application recorded every five minutes, the first time at once."""

    def __init__(self, experiences: Experiences, losses: Losses, interval_s: float = INTERVAL_S) -> None:
        self._experiences = experiences
        self._losses = losses
        self._interval_s = interval_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="homeostat-experience", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def look(self) -> None:
        """Record the figures of all applications now; where one's fail, the others' are recorded still."""
        for service in self._experiences.declared():
            with guarded(self._losses, "experience"):
                self._experiences.of(service).figures()

    def close(self) -> None:
        """End."""
        self._ended.set()
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._ended.is_set():
            with guarded(self._losses, "experience"):
                self.look()
            self._ended.wait(self._interval_s)
