"""Requests: what each of them comes to, given its parameters and what it shares with all others."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homeostat.testing.simulated_application.draws import Draws, Floats
from homeostat.testing.simulated_application.parameters import Parameters

_REJECTED_MS = 5.0


@dataclass(frozen=True, slots=True)
class Shared:
    """What all requests of a moment share.

    `hits` is the share found in the cache; `wait_s` is the mean wait of the share `waits` that waits, and
    `overload` from 0 to 1 says how alike the waits are; the share `rejected` is turned away. `pace`
    multiplies the time of the model, `cpu_pace` that of the processor. `load_per_s` shares the fixed cost.
    """

    hits: float
    waits: float
    wait_s: float
    overload: float
    rejected: float
    pace: float
    cpu_pace: float
    fill_s: float
    load_per_s: float


@dataclass(frozen=True, slots=True)
class Requests:
    """What requests came to, as columns.

    `quality` is NaN where nobody rates. `tries` is the number of attempts, `entered` of those that were not
    turned away, and `work` the time of workers, relative to one undisturbed call.
    """

    duration_ms: Floats
    cost_usd: Floats
    tokens: Floats
    errors: Floats
    quality: Floats
    tries: Floats
    entered: Floats
    work: Floats


@dataclass(slots=True)
class _Calls:
    duration_s: Floats
    failed: NDArray[np.bool_]
    calls: Floats
    tries: Floats
    entered: Floats
    work: Floats


def nominal_s(parameters: Parameters, pace: float, cpu_pace: float) -> float:
    """Return the mean time of a call that waits for nothing."""
    p = parameters
    output = min(p.output_tokens, p.output_tokens_max)
    model = p.input_tokens / 1e3 * p.prefill_ms_per_ktoken + output * p.decode_ms_per_token
    stall = 1.0 + p.stall_share * (p.stall_shape / (p.stall_shape - 1.0) - 1.0)
    return p.cpu_s * cpu_pace + model * p.slowness * pace / 1e3 * stall


def handle(parameters: Parameters, shared: Shared, draws: Draws, users: Floats | None = None) -> Requests:
    """Handle one request for each draw; `users` multiplies the tokens of each."""
    p = parameters
    sizes = np.exp(p.size_spread * draws.normal("input") - 0.5 * p.size_spread**2)
    lengths = np.exp(p.size_spread * draws.normal("output") - 0.5 * p.size_spread**2)
    if users is not None:
        sizes, lengths = sizes * users, lengths * users
    inputs, wanted = p.input_tokens * sizes, p.output_tokens * lengths
    outputs = np.minimum(wanted, p.output_tokens_max)
    model_s = (inputs / 1e3 * p.prefill_ms_per_ktoken + outputs * p.decode_ms_per_token) / 1e3
    alone_s = p.cpu_s * shared.cpu_pace + model_s * p.slowness * shared.pace
    found = draws.uniform("hit") < shared.hits
    done = _attempts(p, shared, draws, alone_s)
    hit_s = p.cache_hit_ms / 1e3 * shared.cpu_pace * np.exp(p.time_spread * draws.normal("lookup"))
    duration_ms = 1e3 * np.where(found, hit_s, hit_s + done.duration_s)
    calls = np.where(found, 0.0, done.calls)
    failed = done.failed & ~found
    per_call = (inputs * p.input_usd_per_mtoken + outputs * p.output_usd_per_mtoken) / 1e6
    fixed = p.workers * p.worker_usd_per_h / 3600.0 / max(shared.load_per_s, 1e-9)
    quality = p.quality - p.loss_truncated * np.where(found, 0.0, 1.0 - outputs / wanted)
    if p.stale_loss_per_h > 0.0:
        quality -= found * p.stale_loss_per_h * min(p.cache_ttl_min, 1e4) / 60.0 / 2.0
    quality = (quality + p.quality_spread * draws.normal("quality")).clip(0.0, 1.0)
    unrated = failed | (draws.uniform("rated") >= p.rated_share)
    return Requests(
        duration_ms=duration_ms,
        cost_usd=calls * per_call + fixed,
        tokens=calls * (inputs + outputs),
        errors=failed.astype(np.float64),
        quality=np.where(unrated, np.nan, quality),
        tries=np.where(found, 0.0, done.tries),
        entered=np.where(found, 0.0, done.entered),
        work=np.where(found, 0.0, done.work),
    )


def _attempts(p: Parameters, shared: Shared, draws: Draws, alone_s: Floats) -> _Calls:
    """Try until an attempt succeeds or none is left; a retry waits again."""
    done = _attempt(p, shared, draws, alone_s, "first")
    for retry in range(round(p.retries)):
        again = _attempt(p, shared, draws, alone_s, f"retry {retry}")
        failed = done.failed
        done.duration_s = done.duration_s + failed * (p.backoff_ms / 1e3 * 2.0**retry + again.duration_s)
        done.calls = done.calls + failed * again.calls
        done.tries = done.tries + failed
        done.entered = done.entered + failed * again.entered
        done.work = done.work + failed * again.work
        done.failed = failed & again.failed
    return done


def _attempt(p: Parameters, shared: Shared, draws: Draws, alone_s: Floats, name: str) -> _Calls:
    waits = draws.uniform(f"{name} waits") < shared.waits
    spread = -np.log1p(-draws.uniform(f"{name} wait"))
    alike = 0.8 * shared.overload
    wait_s = waits * shared.wait_s * ((1.0 - alike) * spread + alike)
    wait_s += shared.fill_s * draws.uniform(f"{name} fill")
    call_s = _call(p, draws, alone_s, name)
    calls, work_s = np.ones(draws.size), call_s
    if p.hedge_after_s < p.timeout_s:
        second_s = p.hedge_after_s + _call(p, draws, alone_s, f"{name} hedge")
        hedged = call_s > p.hedge_after_s
        ended_s = np.minimum(call_s, second_s)
        work_s = np.where(hedged, 2.0 * ended_s - p.hedge_after_s, call_s)
        call_s = np.where(hedged, ended_s, call_s)
        calls = calls + hedged
    failed = draws.uniform(f"{name} error") < p.error_rate
    call_s = np.where(failed, call_s * draws.uniform(f"{name} when"), call_s)
    late = wait_s + call_s > p.timeout_s
    served_s = np.minimum(work_s, (p.timeout_s - wait_s).clip(0.0))
    rejected = draws.uniform(f"{name} rejected") < shared.rejected
    duration_s = np.where(rejected, _REJECTED_MS / 1e3, np.minimum(wait_s + call_s, p.timeout_s))
    nominal = nominal_s(p, shared.pace, shared.cpu_pace)
    begun = ~rejected & (wait_s < p.timeout_s)
    return _Calls(
        duration_s=duration_s,
        failed=failed | late | rejected,
        calls=calls * begun,
        tries=np.ones(draws.size),
        entered=(~rejected).astype(np.float64),
        work=served_s * begun / nominal,
    )


def _call(p: Parameters, draws: Draws, alone_s: Floats, name: str) -> Floats:
    call_s = alone_s * np.exp(p.time_spread * draws.normal(f"{name} time") - 0.5 * p.time_spread**2)
    if p.stall_share > 0.0:
        stalled = draws.uniform(f"{name} stall") < p.stall_share
        factor = (1.0 - draws.uniform(f"{name} stall size")) ** (-1.0 / p.stall_shape)
        call_s = call_s * np.where(stalled, factor, 1.0)
    return call_s
