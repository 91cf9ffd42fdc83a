"""The parts of jobs that need no queue: retries, signatures, group commit, addresses, options."""

import asyncio
import random
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError, HomeostatError, InputError
from homeostat.runtime.jobs import Jobs, Retry
from homeostat.runtime.jobs.grouped import Grouped
from homeostat.runtime.jobs.opening import file_of
from homeostat.runtime.jobs.settings import Settings
from homeostat.runtime.jobs.signature import ARGUMENTS_BYTES_MAX, Signature
from homeostat.testing.bare_host import BareHost


@given(
    st.builds(
        Retry,
        first_s=st.floats(0.01, 10),
        factor=st.floats(1, 10),
        max_s=st.floats(10, 1000),
        jitter=st.floats(0, 0.9),
    ),
    st.integers(1, 10_000),
    st.randoms(use_true_random=False),
)
def test_a_wait_stays_within_its_jitter_and_its_maximum(
    retry: Retry, failures: int, rng: random.Random
) -> None:
    plain = min(retry.max_s, retry.first_s * retry.factor ** min(failures - 1, 64))
    wait_s = retry.wait_s(failures, rng)
    assert plain * (1 - retry.jitter) * 0.999 <= wait_s <= plain * (1 + retry.jitter) * 1.001


def test_a_retry_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ConfigError, match="0 < first_s <= max_s"):
        Retry(first_s=10, max_s=1)


def written(n: int, when: datetime, names: Sequence[str] = ()) -> dict[str, int]:
    return {}


@given(st.integers(-(2**53), 2**53), st.datetimes(), st.lists(st.text(max_size=5), max_size=3))
def test_arguments_come_back_as_they_were(n: int, when: datetime, names: list[str]) -> None:
    signature = Signature("written", written)
    decoded = signature.decode(signature.encode((n, when), {"names": names}))
    assert {**decoded, "names": list(decoded["names"])} == {"n": n, "when": when, "names": names}


def test_arguments_that_are_too_large_are_refused_with_a_way_out() -> None:
    signature = Signature("f", lambda text: None)
    with pytest.raises(InputError, match="store them elsewhere"):
        signature.encode(("x" * ARGUMENTS_BYTES_MAX,), {})


def test_no_argument_is_named_in_the_error_of_one_that_does_not_fit() -> None:
    with pytest.raises(InputError) as caught:
        Signature("written", written).encode(("Zanzibar", datetime(2026, 1, 1)), {})
    assert "Zanzibar" not in str(caught.value)


def test_a_function_whose_parameters_have_no_names_is_no_job() -> None:
    def variadic(*values: int) -> None: ...

    with pytest.raises(ConfigError, match=r"takes \*values"):
        Signature("variadic", variadic)


def test_what_comes_while_a_commit_is_under_way_shares_the_next_one() -> None:
    async def run() -> None:
        batches: list[list[int]] = []

        async def commit(items: Sequence[int]) -> Sequence[int]:
            batches.append(list(items))
            await asyncio.sleep(0)
            return [item * 2 for item in items]

        grouped: Grouped[int, int] = Grouped(commit)
        assert await asyncio.gather(*(grouped.put(n) for n in range(5))) == [0, 2, 4, 6, 8]
        assert len(batches) <= 2

    asyncio.run(run())


def test_an_error_of_a_commit_reaches_all_its_callers_and_not_the_next() -> None:
    async def run() -> None:
        broken = True

        async def commit(items: Sequence[int]) -> Sequence[int]:
            if broken:
                raise InputError("no")
            return items

        grouped: Grouped[int, int] = Grouped(commit)
        found = await asyncio.gather(*(grouped.put(n) for n in range(3)), return_exceptions=True)
        assert [type(error) for error in found] == [InputError] * 3
        broken = False
        assert await grouped.put(7) == 7

    asyncio.run(run())


def test_a_cancelled_caller_leaves_the_others_their_answers() -> None:
    async def run() -> None:
        going = asyncio.Event()

        async def commit(items: Sequence[int]) -> Sequence[int]:
            await going.wait()
            return items

        grouped: Grouped[int, int] = Grouped(commit)
        first, second = (asyncio.create_task(grouped.put(n)) for n in (1, 2))
        await asyncio.sleep(0)
        first.cancel()
        going.set()
        assert await second == 2

    asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "settings", "said"),
    [
        ("ftp://host/x", {}, "no engine for 'ftp'"),
        (":memory:", {}, "path of a file"),
        ("sqlite:///", {}, "names no file"),
        ("amqp://host//", {}, "give records='redis://…'"),
        ("redis://host", {"records": "redis://other"}, "for RabbitMQ only"),
        ("x.db", {"lease_s": 0.0}, "lease_s"),
        ("x.db", {"name": "two words"}, "'two words'"),
    ],
)
def test_an_address_or_setting_that_cannot_be_used_says_why(
    address: str, settings: dict[str, Any], said: str
) -> None:
    async def run() -> None:
        await Jobs(BareHost(), address, **settings).depth()

    with pytest.raises(ConfigError, match=said):
        asyncio.run(run())


@pytest.mark.long
@pytest.mark.parametrize("address", ["redis://127.0.0.1:1", "postgresql://127.0.0.1:1/x"])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_server_that_is_not_there_is_said_to_be_so(address: str) -> None:
    async def run() -> None:
        await Jobs(BareHost(), address).depth()

    with pytest.raises(HomeostatError, match=r"answer|let us in"):
        asyncio.run(run())


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://u:ge@heim@host/db",
        "postgresql://u:ge/heim@host/db",
        "redis://u:ge/heim@host:12/0",
        "redis://u:heim@host:geheim/0",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_and_not_shown(address: str) -> None:
    with pytest.raises(ConfigError, match="%40") as refused:
        Jobs(BareHost(), address)
    assert "heim" not in str(refused.value)
    assert "heim" not in repr(Settings("jobs", "redis://u:geheim@host/0", "", 10.0, 10, 10))


def test_a_wrong_password_is_said_at_once_and_not_shown(postgres_url: str) -> None:
    address = "postgresql://nobody:geheim@" + postgres_url.rpartition("@")[2]
    with pytest.raises(HomeostatError, match=r"does not let us in.*nobody") as refused:
        asyncio.run(Jobs(BareHost(), address).depth())
    assert "geheim" not in str(refused.value)


def test_jobs_go_on_in_the_next_event_loop_and_not_in_two_at_once(tmp_path: Path) -> None:
    jobs = Jobs(BareHost(), tmp_path / "jobs.db")

    @jobs.job()
    async def work() -> None: ...

    async def enqueue() -> int:
        await jobs.enqueue(work.call())
        return (await jobs.depth()).ready

    assert [asyncio.run(enqueue()), asyncio.run(enqueue())] == [1, 2]
    with asyncio.Runner() as one, asyncio.Runner() as other:
        one.run(enqueue())
        with pytest.raises(ConfigError, match="another event loop"):
            other.run(enqueue())
        one.run(jobs.close())


def test_relative_and_absolute_paths() -> None:
    assert file_of("sqlite:///a/b.db") == Path("a/b.db")
    assert file_of("sqlite:////a/b.db") == Path("/a/b.db")


def test_options_and_declarations_that_make_no_sense_are_refused() -> None:
    jobs = Jobs(BareHost(), "x.db")

    @jobs.job()
    async def known(n: int = 0) -> None: ...

    for options in ({"delay_s": -1}, {"priority": 10}, {"key": "k" * 501}, {"at": datetime(2026, 1, 1)}):
        with pytest.raises(InputError):
            known.call().options(**options)
    with pytest.raises(ConfigError, match="already"):
        jobs.job("known")(lambda: None)
    with pytest.raises(ConfigError, match="default"):
        jobs.job("ticking", cron="@daily")(lambda n: None)
    with pytest.raises(ConfigError, match="no job runs here"):
        _ = jobs.running
    with pytest.raises(ConfigError, match="brackets"):
        jobs.job(lambda: None)  # type: ignore[arg-type]


@pytest.mark.parametrize("key", ["a\0b", "half of a smile: \ud83d"])
def test_a_key_that_cannot_be_kept_is_refused(key: str, tmp_path: Path) -> None:
    jobs = Jobs(BareHost(), tmp_path / "jobs.db")

    @jobs.job()
    async def page() -> None: ...

    with pytest.raises(InputError, match="take a digest"):
        page.call().options(key=key)


def test_what_is_enqueued_without_its_call_is_refused_with_what_to_write(tmp_path: Path) -> None:
    jobs = Jobs(BareHost(), tmp_path / "jobs.db")

    @jobs.job()
    async def page() -> None: ...

    with pytest.raises(InputError, match=r"such as summarise\.call\(17\), not a Definition"):
        asyncio.run(jobs.enqueue(page))  # type: ignore[arg-type]


def test_a_worker_that_can_beat_no_more_ends_with_the_reason(tmp_path: Path) -> None:
    async def main() -> None:
        jobs = Jobs(BareHost(), tmp_path / "jobs.db", lease_s=0.5)

        @jobs.job()
        async def page() -> None: ...

        worker = await jobs.worker()
        running = asyncio.create_task(worker.run())
        await asyncio.sleep(0)

        async def defect(worker: str, reports: object) -> None:
            raise ZeroDivisionError

        backend = await jobs.backend()
        object.__setattr__(backend, "leases", _Instead(backend.leases, beat=defect))
        with pytest.raises(ZeroDivisionError):
            await asyncio.wait_for(running, 60)
        await jobs.close()

    asyncio.run(main())


class _Instead:
    """Something of which one method is another one."""

    def __init__(self, of: object, **others: object) -> None:
        self._of = of
        self.__dict__.update(others)

    def __getattr__(self, name: str) -> object:
        return getattr(self._of, name)
