"""The runner: one run of a job's function, from its claim to its outcome. It raises nothing."""

import asyncio
import random
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar, copy_context
from functools import partial
from types import TracebackType
from typing import Any

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError
from homeostat.core.losses import Losses
from homeostat.observe.tracer import Tracer
from homeostat.runtime.jobs.definition import Definition
from homeostat.runtime.jobs.knobs import CONCURRENCY_MAX
from homeostat.runtime.jobs.meter import Meter
from homeostat.runtime.jobs.record import ERROR_CHARS_MAX, KEEP_DEAD_NS, Claim, Outcome, State, storable
from homeostat.runtime.jobs.running import Running, Why

FRAMES_MAX = 5
"""Innermost frames of the traceback that a dead job keeps: file, line and name, no values."""


class Runner:
    """Runs claims. Functions that are no coroutines run in threads.

    A thread cannot be stopped: one whose run was cancelled or took too long goes on, and is counted.
    """

    def __init__(
        self,
        definitions: Mapping[str, Definition[Any, Any]],
        tracer: Tracer,
        meter: Meter,
        current: "ContextVar[Running | None]",
        rng: random.Random,
        losses: Losses,
    ) -> None:
        self._definitions = definitions
        self._tracer = tracer
        self._meter = meter
        self._current = current
        self._rng = rng
        self._losses = losses
        self._threads = ThreadPoolExecutor(CONCURRENCY_MAX, "homeostat-job")

    async def run(self, claim: Claim, running: Running) -> Outcome:
        """Run a job and say what became of it."""
        definition = self._definitions[claim.name]
        self._meter.started(claim)
        self._current.set(running)
        attempt = Attempt()
        result = ""
        with attempt:
            arguments = definition.signature.decode(claim.arguments)
            with self._tracer.operation(f"job.{claim.name}"):
                async with asyncio.timeout(definition.limits.timeout_s) as attempt.limit:
                    value = await self._called(definition, arguments)
            result = definition.signature.encode_result(value)
        if attempt.error is None:
            self._meter.ended(claim.name, "done", running.attempt)
            return Outcome(claim.id, claim.token, State.DONE, 0, 0, claim.keep_ns, result)
        return self._failed(claim, running, definition, attempt)

    def close(self) -> None:
        """Start nothing further; threads that still run are left to themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _called(self, definition: Definition[Any, Any], arguments: dict[str, Any]) -> Any:
        if definition.awaits:
            return await definition.function(**arguments)
        call: Callable[[], Any] = partial(copy_context().run, partial(definition.function, **arguments))
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except asyncio.CancelledError:
            self._losses.add("jobs.thread_left_running")
            raise

    def _failed(
        self, claim: Claim, running: Running, definition: Definition[Any, Any], attempt: "Attempt"
    ) -> Outcome:
        error = attempt.error
        if isinstance(error, asyncio.CancelledError) and running.stopped is not None:
            return self._stopped(claim, running.stopped)
        failures = claim.failures + 1
        text = error_text(attempt.described(definition.limits.timeout_s))
        plain = error if isinstance(error, Exception) else RuntimeError(type(error).__name__)
        if isinstance(error, InputError) or not definition.retry.again(failures, plain):
            self._meter.ended(claim.name, "dead", running.attempt)
            return Outcome(claim.id, claim.token, State.DEAD, 1, 0, KEEP_DEAD_NS, "", text)
        self._meter.ended(claim.name, "timed_out" if attempt.timed_out else "failed")
        delay_ns = round(definition.retry.wait_s(failures, self._rng) * SECOND_NS)
        return Outcome(claim.id, claim.token, State.SCHEDULED, 1, delay_ns, 0, "", text)

    def _stopped(self, claim: Claim, why: Why) -> Outcome:
        if why is Why.ORDERED:
            self._meter.ended(claim.name, "cancelled")
            return Outcome(claim.id, claim.token, State.CANCELLED, 0, 0, claim.keep_ns)
        self._meter.ended(claim.name, "lost" if why is Why.LOST else "given_back")
        return Outcome(claim.id, claim.token, State.READY)


class Attempt:
    """A context that keeps whatever a job's function raises, except for an interrupt."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.limit: asyncio.Timeout | None = None

    @property
    def timed_out(self) -> bool:
        """Whether the time limit ended the run, rather than a time-out within."""
        return isinstance(self.error, TimeoutError) and self.limit is not None and self.limit.expired()

    def described(self, timeout_s: float) -> BaseException:
        """Return the error, as one that says what the limit was where that was it."""
        assert self.error is not None
        return (
            TimeoutError(f"took longer than its limit of {timeout_s:g} s") if self.timed_out else self.error
        )

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        self.error = error
        return not isinstance(error, KeyboardInterrupt | GeneratorExit)


def error_text(error: BaseException) -> str:
    """Return an error with its innermost frames, bounded."""
    lines = traceback.format_exception(
        type(error), error, error.__traceback__, limit=-FRAMES_MAX, chain=False
    )
    head = "".join(traceback.format_exception_only(type(error), error)).strip()[: ERROR_CHARS_MAX // 2]
    text = f"{head}\n{''.join(lines[1:-1])}".strip()
    return storable(text)[:ERROR_CHARS_MAX]
