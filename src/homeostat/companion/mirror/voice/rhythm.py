"""Rhythm: when a person writes, and how long they take to answer."""

from collections.abc import Sequence

import msgspec

from homeostat.companion.message import Message

WAIT_CLASSES = 18
"""The classes of waiting: up to 1 s, 2 s, 4 s and so on; the last is for all that is longer (36 hours)."""

TALKS_MAX = 32
"""The last turn of so many talks is kept."""

_SECOND_US = 1_000_000
_HOUR_US = 3_600 * _SECOND_US


class Rhythm(msgspec.Struct, array_like=True):
    """Counts of own messages by hour of the person's day and by weekday (Monday first), and of waits."""

    hours: list[int] = msgspec.field(default_factory=lambda: [0] * 24)
    weekdays: list[int] = msgspec.field(default_factory=lambda: [0] * 7)
    waits: list[int] = msgspec.field(default_factory=lambda: [0] * WAIT_CLASSES)
    asked_us: dict[str, int] = {}
    """By talk: when another spoke last without having been answered."""

    def learn(self, messages: Sequence[Message]) -> None:
        """Count messages of all authors, in their order; a clock that went back makes no answer."""
        for message in messages:
            if not message.own:
                self.asked_us.pop(message.talk, None)
                self.asked_us[message.talk] = message.at_us
                if len(self.asked_us) > TALKS_MAX:
                    del self.asked_us[next(iter(self.asked_us))]
                continue
            local_h = (message.at_us + message.offset_min * 60 * _SECOND_US) // _HOUR_US
            self.hours[local_h % 24] += 1
            self.weekdays[(local_h // 24 + 3) % 7] += 1  # the epoch began on a Thursday
            asked_us = self.asked_us.pop(message.talk, None)
            if asked_us is not None and message.at_us >= asked_us:
                seconds = (message.at_us - asked_us) // _SECOND_US
                self.waits[min(max(seconds - 1, 0).bit_length(), WAIT_CLASSES - 1)] += 1

    @property
    def usual_wait_s(self) -> int | None:
        """The upper end of the class that holds the median wait, None without answers."""
        total, passed = sum(self.waits), 0
        for at, count in enumerate(self.waits):
            passed += count
            if total and 2 * passed >= total:
                return 1 << at
        return None
