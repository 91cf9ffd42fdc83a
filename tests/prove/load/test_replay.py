"""The replay: counts add up, and a slow answer delays nobody."""

import asyncio
import os
from collections import deque
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

import httpx2
import pytest

from homeostat import Homeostat
from homeostat.core.errors import ConfigError, InputError
from homeostat.prove.load.application import Application
from homeostat.prove.load.arrival_file import ArrivalFile
from homeostat.prove.load.arrivals import Arrival, poisson
from homeostat.prove.load.load_meter import LoadMeter
from homeostat.prove.load.model_endpoint import ModelEndpoint, events
from homeostat.prove.load.replay import CONCURRENCY, replay
from homeostat.prove.load.replay_result import Outcome, ReplayProgress
from homeostat.testing.child import Child
from homeostat.testing.virtual_time import run_virtual

TRACES = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data")) / "traces"
SIMULATED = "homeostat.testing.simulated_model"
FAST = (
    "--overhead-ms",
    "1",
    "--prefill-rate",
    "1e7",
    "--decode-rate",
    "1e5",
    "--slots",
    "64",
    "--queue",
    "999",
    "--cache-tokens-min",
    "128",
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with Child(SIMULATED, FAST) as child:
        yield child.url


def evenly(count: int, gap_s: float) -> list[Arrival]:
    return [Arrival(i * gap_s, 10, 10) for i in range(count)]


class Slow:
    """Answers each request after a time of its own."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.open = self.open_max = 0

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        self.open += 1
        self.open_max = max(self.open_max, self.open)
        await asyncio.sleep(self.seconds)
        self.open -= 1
        return Outcome("odd" if number % 2 else "", input_tokens=10, output_tokens=2, cached_tokens=4)


class Held:
    """Answers nobody before `gate` opens, which it does by itself once `enough` requests are open at once."""

    def __init__(self, enough: int) -> None:
        self.enough = enough
        self.gate = asyncio.Event()
        self.open = self.open_max = 0

    async def call(self, arrival: Arrival, number: int) -> Outcome:
        self.open += 1
        self.open_max = max(self.open_max, self.open)
        if self.open >= self.enough:
            self.gate.set()
        async with asyncio.timeout(60):
            await self.gate.wait()
        self.open -= 1
        return Outcome("")

    def opening_at_the_end(self, arrivals: list[Arrival]) -> Iterator[Arrival]:
        yield from arrivals
        self.gate.set()


def test_it_does_not_wait_for_answers_before_it_sends_the_next() -> None:
    caller = Held(enough=40)
    result = run_virtual(replay(evenly(40, 0.005), caller))
    assert caller.open_max == 40
    assert (result.sent, result.completed) == (40, 40)


def test_what_exceeds_the_concurrency_is_dropped_and_counted() -> None:
    caller = Held(enough=1_000)
    result = run_virtual(replay(caller.opening_at_the_end(evenly(30, 0.002)), caller, concurrency=8))
    assert caller.open_max == 8
    assert (result.sent, result.completed, result.dropped) == (8, 8, 22)


def test_latency_is_that_of_the_answers() -> None:
    result = run_virtual(replay(evenly(20, 0.001), Slow(0.1)))
    assert result.latency_ms.p50 >= 99
    assert result.latency_ms.count == 10


def test_counts_add_up() -> None:
    seen: list[ReplayProgress] = []
    result = run_virtual(replay(evenly(31, 0.001), Slow(0.0), speed=2.0, progress=seen.append))
    assert (result.sent, result.completed, result.failed) == (31, 16, {"odd": 15})
    assert (result.input_tokens, result.output_tokens, result.cached_tokens) == (310, 62, 124)
    assert result.latency_ms.count == 16
    assert result.lateness_ms.count == 31
    assert (seen[-1].sent, seen[-1].completed, seen[-1].failed, seen[-1].in_flight) == (31, 16, 15, 0)


def test_speed_compresses_time_and_count_and_duration_end_it() -> None:
    fast = run_virtual(replay(evenly(50, 0.1), Slow(0.0), speed=50))
    assert fast.speed == pytest.approx(50, rel=0.01)
    assert run_virtual(replay(evenly(50, 0.0), Slow(0.0), count=7)).sent == 7
    assert run_virtual(replay(evenly(50, 0.05), Slow(0.0), duration_s=0.22)).sent == 5


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_speed_that_makes_no_sense_is_refused(speed: float) -> None:
    with pytest.raises(ConfigError, match="speed"):
        run_virtual(replay([], Slow(0.0), speed=speed))


def test_what_the_arrivals_raise_ends_the_replay_and_is_raised_as_it_is() -> None:
    def broken() -> Iterator[Arrival]:
        yield Arrival(0.0, 1, 1)
        raise InputError("line 2: no arrival")

    with pytest.raises(InputError, match="line 2"):
        run_virtual(replay(broken(), Slow(5.0)))


class Meter:
    """Instruments that keep what they are given."""

    def __init__(self) -> None:
        self.values: dict[str, list[float]] = {}
        self.histogram = self.counter = self.gauge = self._handle

    def _handle(self, metric: str, unit: str = "", **attributes: object) -> SimpleNamespace:
        values = self.values.setdefault(" ".join((metric, *map(str, attributes.values()))), [])
        return SimpleNamespace(record=values.append, add=values.append, set=values.append)


def test_what_the_load_experiences_is_metered() -> None:
    meter = Meter()
    run_virtual(replay(evenly(4, 0.01), Slow(0.05), meter=LoadMeter(meter)))
    assert sum(meter.values["load.requests"]) == 4
    assert sum(meter.values["load.errors odd"]) == 2
    assert len(meter.values["load.lateness"]) == 4
    assert min(meter.values["load.duration"]) >= 50
    assert max(meter.values["load.in_flight"]) == 4
    assert meter.values["load.in_flight"][-1] == 0


def test_an_empty_trace_gives_an_empty_result() -> None:
    result = run_virtual(replay([], Slow(0.0)))
    assert (result.sent, result.latency_ms.count) == (0, 0)


async def _replayed(
    url: str, arrivals: Iterator[Arrival], speed: float, concurrency: int = CONCURRENCY
) -> tuple[int, int, dict[str, int]]:
    async with ModelEndpoint(f"{url}/v1", model="gpt-4o-mini", exact=True) as endpoint:
        result = await replay(arrivals, endpoint, speed=speed, concurrency=concurrency)
    return result.sent, result.output_tokens, result.failed


def test_200_arrivals_against_the_simulated_model_add_up(address: str) -> None:
    arrivals = list(islice(poisson(10, 60, seed=2), 200))
    sent, output_tokens, failed = asyncio.run(_replayed(address, iter(arrivals), 50))
    assert (sent, failed) == (200, {})
    assert output_tokens == sum(a.output_tokens for a in arrivals)


def test_failures_are_counted_by_type(address: str) -> None:
    before = httpx2.get(f"{address}/simulated/faults").json()
    httpx2.patch(f"{address}/simulated/faults", json={"error_rate": 0.3, "limit_rate": 0.3})
    sent, _, failed = asyncio.run(_replayed(address, islice(poisson(10, 60), 100), 100))
    httpx2.patch(f"{address}/simulated/faults", json=before)
    assert sent == 100
    assert set(failed) == {"http_500", "http_429"}


def test_an_endpoint_that_is_not_there_is_a_failure_and_no_exception() -> None:
    sent, _, failed = asyncio.run(_replayed("http://127.0.0.1:9", iter(evenly(3, 0.0)), 1))
    assert (sent, failed) == (3, {"connect_error": 3})


def test_any_url_can_be_driven(address: str) -> None:
    async def run() -> dict[str, int]:
        body = '{"model": "m", "messages": [{"content": "{prompt}"}]}'
        async with Application(f"{address}/v1/chat/completions", body=body, texts=['"quoted"?']) as app:
            result = await replay(evenly(5, 0.0), app)
        async with Application(f"{address}/nowhere", body=None) as app:
            return result.failed | (await replay(evenly(5, 0.0), app)).failed

    assert asyncio.run(run()) == {"http_404": 5}


@pytest.mark.parametrize(("url", "body"), [("nowhere", "{}"), ("http://x/", "{")])
def test_an_application_that_cannot_be_called_is_refused(url: str, body: str) -> None:
    with pytest.raises(ConfigError):
        Application(url, body=body)


def test_events_are_found_wherever_the_stream_is_cut() -> None:
    stream = b'data: {"a": 1}\n\n: comment\n\ndata: x\ndata: y\n\nevent: e\ndata: [DONE]\n\ndata: lost'

    async def pieces(size: int) -> list[bytes]:
        queue = deque(stream[i : i + size] for i in range(0, len(stream), size))

        async def feed():  # type: ignore[no-untyped-def]
            while queue:
                yield queue.popleft()

        return [event async for event in events(feed())]

    for size in (1, 2, 3, 7, 100):
        assert asyncio.run(pieces(size)) == [b'{"a": 1}', b"x\ny", b"[DONE]"]


@pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not here")
def test_the_shared_prefixes_of_mooncake_are_found_by_the_prefix_cache(address: str) -> None:
    arrivals = list(islice(ArrivalFile(TRACES / "mooncake_conversation.jsonl"), 60))

    async def run() -> tuple[int, int]:
        async with ModelEndpoint(f"{address}/v1", model="m") as endpoint:
            result = await replay(arrivals, endpoint, speed=60)
            return result.cached_tokens, result.input_tokens

    cached, total = asyncio.run(run())
    assert total == pytest.approx(sum(a.input_tokens for a in arrivals), rel=0.001)
    assert 59 * 512 * 0.8 < cached < total


def test_calls_are_recorded_through_the_homeostat_handed_in(address: str) -> None:
    async def run(hs: Homeostat) -> None:
        async with ModelEndpoint(f"{address}/v1", model="gpt-4o-mini", recorder=hs) as endpoint:
            await replay(evenly(5, 0.0), endpoint)
        async with Application(f"{address}/nowhere", recorder=hs) as application:
            await replay(evenly(3, 0.0), application)

    with Homeostat("load", keep=False, collect=False) as hs:
        asyncio.run(run(hs))
        assert hs.snapshot("llm.duration", model="gpt-4o-mini").count == 5
        assert hs.snapshot("llm.time_to_first_token").count == 5
        assert hs.snapshot("llm.cost").total > 0
        assert hs.snapshot("operation.errors", operation="replay.request", error="http_404").total == 3


@pytest.mark.long
@pytest.mark.skipif(not TRACES.is_dir(), reason="the real traces are not here")
@pytest.mark.parametrize(
    ("name", "count"), [("azure_llm_code_2023.csv", 8_819), ("mooncake_conversation.jsonl", 12_031)]
)
def test_the_real_traces_replay_whole(address: str, name: str, count: int) -> None:
    arrivals = list(ArrivalFile(TRACES / name))
    however_slow_the_machine = 10_000
    sent, output_tokens, failed = asyncio.run(
        _replayed(address, iter(arrivals), 60, concurrency=however_slow_the_machine)
    )
    assert (sent, failed) == (count, {})
    assert output_tokens == sum(max(a.output_tokens, 1) for a in arrivals)
