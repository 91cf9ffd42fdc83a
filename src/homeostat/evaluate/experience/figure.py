"""The figure: a number about people with its interval, how many it rests on, and how many were asked."""

import msgspec

PEOPLE_MIN = 5
"""Below this nothing is told: it would say more of single people than of the application."""

PEOPLE_SMALL = 30
"""Below this a figure is told to rest on few."""


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """A number about people, or why there is none (`why`).

    `n` is how many answers, tries or visits it rests on, and `people` of how many different people they are;
    `asked` is how many people were asked, None where nobody is asked because it is seen, and `answered` how
    many of those answered: others may have, unasked. None is as many as `people`.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    people: int
    asked: int | None = None
    why: str = ""
    answered: int | None = None

    @property
    def response_rate(self) -> float | None:
        """The share of those asked who answered; None where nobody is asked."""
        if not self.asked:
            return None
        return (self.people if self.answered is None else self.answered) / self.asked

    @property
    def few(self) -> bool:
        """Whether it rests on so few people that it is to be read with care."""
        return self.value is not None and self.people < PEOPLE_SMALL


def too_few(n: int, people: int, asked: int | None = None, what: str = "people") -> Figure:
    """Return the figure that says how many more are needed."""
    missing = PEOPLE_MIN - people
    why = f"needs {missing} more {what}: it is told from {PEOPLE_MIN} on"
    return Figure(value=None, low=None, high=None, n=n, people=people, asked=asked, why=why)
