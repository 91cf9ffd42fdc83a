"""The parameters of the simulated application: all that its knobs and its faults can set."""

import math
from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Parameters:
    """An application that answers requests with a language model behind a cache, a queue and workers.

    A request looks into the cache; without a hit it waits for one of `workers` (or is turned away where
    `queue_max` wait already), collects context, and calls the model. Whole numbers may be fractions while a
    lagging knob moves.
    """

    load_per_s: float = 10.0
    load_daily: float = 0.0
    """How far the load swings around its mean over `load_period_h`: 0.5 is from half to one and a half."""
    load_period_h: float = 24.0

    workers: float = 16.0
    queue_max: float = 400.0
    contention: float = 0.01
    """Sigma of the Universal Scalability Law: how much each further active request slows all of them."""
    coherency: float = 0.0
    """Kappa of the Universal Scalability Law: the same for each pair of active requests."""
    batch: float = 1.0
    batch_wait_ms: float = 0.0
    batch_marginal: float = 0.2
    """What a further request in a batch adds to its time, relative to a lone one."""
    worker_usd_per_h: float = 0.0

    overhead_ms: float = 30.0
    cpu_steal: float = 0.0
    """The share of the processor that others take."""
    chunks: float = 4.0
    retrieve_ms: float = 8.0
    """The time that each chunk of context takes to find."""

    prompt_tokens: float = 600.0
    layers: float = 3.0
    layer_tokens: float = 150.0
    chunk_tokens: float = 200.0
    turns: float = 4.0
    turn_tokens: float = 120.0
    prompt_kept: float = 1.0
    """The share of the prompt's tokens that compression leaves; below 1 it costs `compress_ms`."""
    compress_ms: float = 0.0
    output_tokens: float = 200.0
    output_tokens_max: float = 4_096.0
    prefill_ms_per_ktoken: float = 60.0
    decode_ms_per_token: float = 5.0
    slowness: float = 1.0
    """By how much the model takes longer than it should."""
    input_usd_per_mtoken: float = 0.5
    output_usd_per_mtoken: float = 1.5

    cache_entries: float = 0.0
    cache_ttl_min: float = 1e9
    catalogue: float = 20_000.0
    """How many different requests there are; the n-th is asked with weight n ** -popularity."""
    popularity: float = 0.9
    cache_hit_ms: float = 10.0
    stale_loss_per_h: float = 0.0

    memory_mb: float = 8_192.0
    memory_base_mb: float = 1_000.0
    worker_mb: float = 50.0
    entry_mb: float = 0.02
    leak_mb_per_h: float = 0.0
    recycle_min: float = 0.0
    """How often workers are replaced, which gives leaked memory back; 0 is never."""
    restart_s: float = 20.0

    error_rate: float = 0.003
    timeout_s: float = 60.0
    retries: float = 0.0
    backoff_ms: float = 200.0
    hedge_after_s: float = math.inf
    """When a second call is sent after a first that has not answered; the first answer counts."""
    stall_share: float = 0.0
    """The share of calls that stall: their time is multiplied by a Pareto variable of `stall_shape`."""
    stall_shape: float = 1.5

    quality_best: float = 0.92
    loss_model: float = 0.0
    loss_layers: float = 0.06
    layers_scale: float = 1.5
    loss_chunks: float = 0.10
    chunks_scale: float = 2.0
    chunks_enough: float = 8.0
    loss_per_chunk_beyond: float = 0.004
    loss_turns: float = 0.04
    turns_scale: float = 2.0
    loss_truncated: float = 0.5
    loss_other: float = 0.0
    quality_spread: float = 0.08
    rated_share: float = 1.0
    rating_delay_s: float = 0.0

    size_spread: float = 0.35
    """Standard deviation of the logarithm of a request's tokens."""
    time_spread: float = 0.25
    """Standard deviation of the logarithm of a call's time, beyond that of its tokens."""
    user_spread: float = 0.0
    """Standard deviation of the logarithm of a user's mean tokens."""
    drift_spread: float = 0.05
    """Standard deviation of the logarithm of the pace that all requests share: AR(1) in time."""
    drift_s: float = 300.0
    """The time in which that noise forgets by a factor of e."""
    load_spread: float = 0.05

    @property
    def input_tokens(self) -> float:
        """The mean tokens of a prompt as it is sent."""
        context = self.chunks * self.chunk_tokens + self.turns * self.turn_tokens
        return (self.prompt_tokens + self.layers * self.layer_tokens + context) * self.prompt_kept

    @property
    def cpu_s(self) -> float:
        """The mean time of a request before the model is called, on an idle processor."""
        compress = self.compress_ms if self.prompt_kept < 1.0 else 0.0
        return (self.overhead_ms + self.chunks * self.retrieve_ms + compress) / 1e3

    @property
    def quality(self) -> float:
        """The mean quality of an answer that is neither cut short nor stale."""
        return (
            self.quality_best
            - self.loss_model
            - self.loss_other
            - self.loss_layers * math.exp(-self.layers / self.layers_scale)
            - self.loss_chunks * math.exp(-self.chunks / self.chunks_scale)
            - self.loss_per_chunk_beyond * max(0.0, self.chunks - self.chunks_enough)
            - self.loss_turns * math.exp(-self.turns / self.turns_scale)
        )


NAMES = frozenset(field.name for field in fields(Parameters))
"""What a scenario may set."""
