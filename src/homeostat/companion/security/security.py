"""Security: its checks in rounds, a step at a time, in the background."""

from collections.abc import Callable, Generator

from homeostat.companion.courtesy import Courtesy
from homeostat.companion.security.encryption import Encryption
from homeostat.companion.security.figures import Figures
from homeostat.companion.security.integrity import Integrity
from homeostat.companion.security.life import Found, Life
from homeostat.core.guard import guarded
from homeostat.core.losses import Losses

Steps = Callable[[], Generator[None, None, None]]


class Security:
    """Takes the checks' steps in turn. One thread steps at a time."""

    def __init__(
        self,
        figures: Figures,
        losses: Losses,
        courtesy: Courtesy,
        encryption: Encryption,
        integrity: Integrity,
        life: Life,
    ) -> None:
        self.figures = figures
        self.encryption = encryption
        self._losses = losses
        self._courtesy = courtesy
        self._life = life
        self._checks: dict[str, Steps] = {
            "encryption": encryption.steps,
            "integrity": integrity.steps,
            "life": self._live,
        }
        self._going: dict[str, Generator[None, None, None]] = {}

    def step(self) -> None:
        """Take the next step of each check; one that ended, or failed, begins anew the next time."""
        for check, steps in self._checks.items():
            self._step(check, steps)

    def round(self) -> None:
        """Go through every check once, from the beginning to the end."""
        self._going.clear()
        for check, steps in self._checks.items():
            while self._step(check, steps):
                pass

    def close(self) -> None:
        """End what is under way: a canary that lives is forgotten."""
        for check, going in self._going.items():
            with guarded(self._losses, f"companion.security.{check}", private=True):
                going.close()
        self._going.clear()

    def _step(self, check: str, steps: Steps) -> bool:
        """Take one step; whether there are more."""
        going = self._going.pop(check, None) or steps()
        more = False
        with guarded(self._losses, f"companion.security.{check}", private=True), self._courtesy.step():
            more = next(going, _ENDED) is not _ENDED
        if more:
            self._going[check] = going
        return more

    def _live(self) -> Generator[None, None, None]:
        found = Found()
        yield from self._life.steps(found)
        for check, tried in found.tried.items():
            self.figures.found(check, found.right[check], tried, found.faults.get(check, ()))


_ENDED = object()
