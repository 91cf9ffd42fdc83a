"""The speakers: they send what the crowd says to a running companion, and remember what was promised."""

import asyncio
import math
from types import TracebackType
from typing import Self

import msgspec

from homeostat.companion.loadtest.crowd import Utterance
from homeostat.prove.load.arrivals import Arrival
from homeostat.prove.load.http_client import Failed, HttpClient
from homeostat.prove.load.replay_result import Distribution, Outcome, Quantiles

MINUTE_S = 60.0
TIMEOUT_S = 30.0


class Answer(msgspec.Struct):
    """What is read of the companion's answer to a message."""

    seq: int
    new: bool
    hits: list[msgspec.Raw]


def name_of(person: int) -> str:
    """Return the name of a person of the load test.

    >>> name_of(42)
    'load-00042'
    """
    return f"load-{person:05d}"


class Speakers:
    """A caller of a replay. Open it with `async with`.

    `promised` holds, by person, the ids and seqs of the messages that were answered, `minutes` the
    distribution of the time from due to answered of each minute, in ms.
    """

    def __init__(self, url: str, token: str, run: str, begin_us: int, k: int = 10) -> None:
        headers = {"content-type": "application/json", "authorization": f"Bearer {token}"}
        self._client = HttpClient(url, headers)
        self._run = run
        self._begin_us = begin_us
        self._k = k
        self.promised: dict[int, list[tuple[str, int]]] = {}
        self.without_hits = 0
        self._minutes: list[Distribution] = []
        self._begin_s = math.inf

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        """Send one message and read the answer."""
        assert isinstance(arrival, Utterance)
        now_s = asyncio.get_running_loop().time
        self._begin_s = min(self._begin_s, now_s() - arrival.time_s)
        id = f"{self._run}-{number}"
        body = msgspec.json.encode(
            {
                "id": id,
                "text": arrival.turn.text,
                "author": arrival.turn.author,
                "own": arrival.turn.own,
                "talk": f"{self._run}-{arrival.talk}",
                "at_us": self._begin_us + round(arrival.time_s * 1e6),
                "k": self._k,
            }
        )
        try:
            async with self._client.post(body, f"/people/{name_of(arrival.person)}/messages") as answer:
                content = b"".join([piece async for piece in answer.pieces()])
                status = answer.status
        except Failed as failure:
            return Outcome(failure.kind)
        if status != 201:
            return Outcome(f"http_{status}")
        found = msgspec.json.decode(content, type=Answer)
        if not found.hits:
            self.without_hits += 1
        self.promised.setdefault(arrival.person, []).append((id, found.seq))
        self._minute(arrival.time_s).add((now_s() - self._begin_s - arrival.time_s) * 1e3)
        return Outcome()

    def _minute(self, time_s: float) -> Distribution:
        minute = int(time_s // MINUTE_S)
        while len(self._minutes) <= minute:
            self._minutes.append(Distribution())
        return self._minutes[minute]

    @property
    def minutes(self) -> list[Quantiles]:
        """The distribution of each minute."""
        return [minute.quantiles() for minute in self._minutes]
