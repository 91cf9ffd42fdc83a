"""HTTP's pool: requests wait for a slot, hold it until the answer was read, and none is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.core.clock import SystemClock
from homeostat.core.errors import ConfigError
from homeostat.runtime.limits.deadline import within
from homeostat.runtime.limits.refused import DeadlinePassed, Overloaded
from homeostat.runtime.pools.health import Health
from homeostat.runtime.pools.http_pool import HttpPool
from homeostat.runtime.pools.unreachable import Unreachable
from homeostat.testing.bare_host import BareHost
from homeostat.testing.virtual_time import VirtualLoop, run_virtual

URL = "http://models.test/"


class Body(httpx2.AsyncByteStream):
    """Two parts, a time between them; remembers how many are open."""

    def __init__(self, backend: "Backend", seconds: float) -> None:
        self._backend = backend
        self._seconds = seconds

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"o"
        await asyncio.sleep(self._seconds)
        yield b"k"

    async def aclose(self) -> None:
        try:
            await asyncio.sleep(0.01)
        finally:
            self._backend.open -= 1


class Backend(httpx2.AsyncBaseTransport):
    """Answers after the time that the path says, and takes as long again for the body."""

    def __init__(self) -> None:
        self.open = self.highest = 0
        self.status = 200
        self.closed = False

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.open += 1
        self.highest = max(self.highest, self.open)
        try:
            seconds = float(request.url.path.strip("/") or 0.0)
            await asyncio.sleep(seconds)
        except BaseException:
            self.open -= 1
            raise
        return httpx2.Response(self.status, stream=Body(self, seconds))

    async def aclose(self) -> None:
        self.closed = True


def played(main: Callable[[BareHost], Awaitable[None]]) -> BareHost:
    loop = VirtualLoop()
    host = BareHost(loop)

    async def run() -> None:
        await main(host)

    run_virtual(run(), loop)
    return host


CALLS = st.lists(
    st.tuples(
        st.floats(0.0, 5.0),  # when it comes
        st.floats(0.0, 1.0),  # how long it takes
        st.one_of(st.none(), st.floats(0.0, 2.0)),  # when its caller goes away
        st.booleans(),  # whether it is read, or only begun
    ),
    max_size=20,
)


@settings(max_examples=100)
@given(CALLS, st.lists(st.integers(1, 4), max_size=4))
def test_no_slot_is_lost_whatever_is_cancelled_and_when(
    calls: list[tuple[float, float, float | None, bool]], sizes: list[int]
) -> None:
    async def storm(host: BareHost) -> None:
        backend = Backend()
        pool = HttpPool(host, "models", 2, size_max=4, queue_max=5, transport=backend)

        async def caller(
            client: httpx2.AsyncClient, at: float, takes: float, leaves: float | None, reads: bool
        ) -> None:
            await asyncio.sleep(at)
            try:
                async with asyncio.timeout(leaves), client.stream("GET", f"{URL}{takes:.6f}") as response:
                    if reads:
                        assert await response.aread() == b"ok"
            except (TimeoutError, Overloaded):
                return

        async with httpx2.AsyncClient(transport=pool) as client:
            tasks = [asyncio.create_task(caller(client, *each)) for each in calls]
            for size in sizes:
                await asyncio.sleep(1.0)
                host.knob_set.pin("models_size", size)
            await asyncio.gather(*tasks)
            assert backend.highest <= max([2, *sizes])
            assert (pool.in_use, pool.waiting, backend.open) == (0, 0, 0)
        assert backend.closed

    played(storm)


def test_a_slot_is_held_until_the_answer_was_read() -> None:
    async def main(host: BareHost) -> None:
        pool = HttpPool(host, "models", 1, queue_max=0, transport=Backend())
        async with httpx2.AsyncClient(transport=pool) as client:
            async with client.stream("GET", f"{URL}1") as response:
                assert (response.status_code, pool.in_use) == (200, 1)
                with pytest.raises(Overloaded) as refused:
                    await client.get(URL)
                assert refused.value.retry_after_s >= 0.0
                await response.aread()
                assert pool.in_use == 0
            assert (await client.get(URL)).content == b"ok"

    host = played(main)
    assert host.snapshot("pool.wait", pool="models").count == 2
    assert host.total("limit.calls", limit="models", outcome="full") == 1.0


def test_past_its_deadline_no_request_is_sent() -> None:
    async def main(host: BareHost) -> None:
        backend = Backend()
        async with httpx2.AsyncClient(transport=HttpPool(host, "models", transport=backend)) as client:
            with within(host, 1.0):
                await asyncio.sleep(2.0)
                with pytest.raises(DeadlinePassed):
                    await client.get(URL)
            assert backend.highest == 0

    played(main)


def test_closing_waits_for_requests_in_flight_and_refuses_new_ones() -> None:
    async def main(host: BareHost) -> None:
        backend = Backend()
        pool = HttpPool(host, "models", transport=backend)
        client = httpx2.AsyncClient(transport=pool)
        call = asyncio.create_task(client.get(f"{URL}1"))
        await asyncio.sleep(0.1)
        closing = asyncio.create_task(pool.aclose())
        await asyncio.sleep(0.1)
        assert not backend.closed
        with pytest.raises(ConfigError, match="pool 'models' is closed"):
            await client.get(URL)
        assert (await call).content == b"ok"
        await closing
        assert backend.closed

    played(main)


def test_health_asks_the_url_past_those_that_wait() -> None:
    async def main(host: BareHost) -> None:
        backend = Backend()
        pool = HttpPool(host, "models", 1, queue_max=0, check_url=URL, transport=backend)
        health = Health(host, [pool])
        async with httpx2.AsyncClient(transport=pool) as client:
            call = asyncio.create_task(client.get(f"{URL}1"))
            await asyncio.sleep(0.1)
            assert (await health.check()).ready
            backend.status = 503
            assert (await health.check()).pools["models"].error == "Unreachable"
            with pytest.raises(Unreachable, match="answered 503"):
                await pool.check()
            await call
            assert backend.open == 0

    played(main)


def test_a_pool_without_an_url_to_ask_says_so() -> None:
    async def main(host: BareHost) -> None:
        with pytest.raises(ConfigError, match="check_url"):
            await HttpPool(host, "models", transport=Backend()).check()

    played(main)


@asynccontextmanager
async def web_server(writers: list[asyncio.StreamWriter]) -> AsyncIterator[str]:
    """A server of HTTP/1.1 that keeps connections and remembers them."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                await writer.drain()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for writer in writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


def test_connections_are_kept_and_no_more_are_made_than_the_size_says() -> None:
    connections: list[asyncio.StreamWriter] = []

    async def main() -> None:
        async with web_server(connections) as url:
            pool = HttpPool(BareHost(SystemClock()), "models", 3, wait_max_s=60.0, check_url=url)
            async with httpx2.AsyncClient(transport=pool, trust_env=False) as client:
                answers = await asyncio.gather(*(client.get(url) for _ in range(50)))
                assert {answer.content for answer in answers} == {b"ok"}
                assert len(connections) <= 3
                await pool.check()
                assert pool.in_use == 0

    asyncio.run(main())
