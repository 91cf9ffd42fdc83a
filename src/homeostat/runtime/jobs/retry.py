"""The retry policy: whether and when a job that failed runs again."""

import random
from dataclasses import dataclass

from homeostat.core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Retry:
    """Exponential back-off with jitter, up to `times` further runs after the first.

    The n-th wait is `first_s * factor ** (n - 1)`, at most `max_s`, taken up or down by a share drawn evenly
    from `-jitter` to `jitter`, so that jobs that failed together do not come back together. Only errors of
    the types in `on` are retried; any other makes the job dead at once.

    >>> Retry(first_s=2, jitter=0).wait_s(3, random.Random(1))
    8.0
    """

    times: int = 3
    first_s: float = 1.0
    factor: float = 2.0
    max_s: float = 300.0
    jitter: float = 0.25
    on: tuple[type[Exception], ...] = (Exception,)

    def __post_init__(self) -> None:
        if self.times < 0:
            raise ConfigError(f"a job is retried 0 or more times, not {self.times!r}")
        if not (0 < self.first_s <= self.max_s and self.factor >= 1 and 0 <= self.jitter < 1):
            raise ConfigError(
                "a retry needs 0 < first_s <= max_s, factor >= 1 and 0 <= jitter < 1, not "
                f"{self.first_s!r}, {self.max_s!r}, {self.factor!r} and {self.jitter!r}"
            )

    def again(self, failures: int, error: Exception) -> bool:
        """Tell whether a job runs again after this error, its `failures`-th."""
        return failures <= self.times and isinstance(error, self.on)

    def wait_s(self, failures: int, rng: random.Random) -> float:
        """Return how long to wait after the `failures`-th failure."""
        exponent = min(failures - 1, 64)
        plain = min(self.max_s, self.first_s * self.factor**exponent)
        return plain * (1.0 + self.jitter * rng.uniform(-1.0, 1.0))
