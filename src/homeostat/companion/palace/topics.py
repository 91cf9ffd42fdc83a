"""The topics: what a message is about, as a direction in the space of its embedder or of its words."""

import math
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.message import Message
from homeostat.companion.palace.tiers import SILENCE_US

CARRIED = 0.9
"""How much of what was said just before counts with a message: a memory's topic is that of its talk."""

MEAN_OF = 256
"""The mean of the vectors is that of so many messages, the first ones, so that it stands still."""

MEAN_DOUBT = 8.0
TALKS_MAX = 8


class Topics:
    """Finds topics message by message. `mean_of` vectors are in the `mean`; `talks` are the last ones, each
    with when it was last heard and what it was about."""

    def __init__(
        self,
        mean: NDArray[np.float32],
        mean_of: int = 0,
        talks: Iterable[tuple[str, tuple[int, NDArray[np.float32]]]] = (),
    ) -> None:
        self.mean = mean
        self.mean_of = mean_of
        self.talks = OrderedDict(talks)

    def centred(self, row: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what sets a vector apart from the person's first ones, as a unit vector.

        Vectors of embedders all point into one half of space: without their mean, angles tell more.
        """
        if not row.any():
            return row
        if self.mean_of < MEAN_OF:
            self.mean_of += 1
            self.mean += (row - self.mean) / np.float32(self.mean_of)
        sure = np.float32(self.mean_of / (self.mean_of + MEAN_DOUBT))
        centred: NDArray[np.float32] = row - sure * self.mean
        centred /= np.float32(max(math.sqrt(float(centred @ centred)), 1e-9))
        return centred

    def in_talk(self, message: Message, own: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what a message is about in its talk, from what it is about by itself."""
        before = self.talks.pop(message.talk, None)
        topic = own
        if before is not None and abs(message.at_us - before[0]) < SILENCE_US:
            topic = own + np.float32(CARRIED) * before[1]
            length = math.sqrt(float(topic @ topic))
            if length > 0:
                topic = topic / np.float32(length)
        self.talks[message.talk] = (message.at_us, topic)
        if len(self.talks) > TALKS_MAX:
            self.talks.popitem(last=False)
        return topic

    def settle(self) -> None:
        """Round what is kept in 16 bits."""
        for talk, (at, row) in self.talks.items():
            self.talks[talk] = (at, row.astype(np.float16).astype(np.float32))

    @property
    def size_bytes(self) -> int:
        """About what they take in memory."""
        return self.mean.nbytes + sum(row.nbytes for _, row in self.talks.values())
