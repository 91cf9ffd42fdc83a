"""A sound: how loud it is, how much of it is clipped, and how much noise lies under it."""

import io
import math
import wave
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import InputError, NotAvailable, TooLarge
from homeostat.evaluate.evaluator import Score, Validation
from homeostat.evaluate.passage import Context
from homeostat.evaluate.senses.beside import Beside

NAME = "senses.sound"
BYTES_MAX = 20_000_000
SECONDS_MIN = 0.4
"""What ITU-R BS.1770 needs for one block."""

RATES_HZ = (8_000, 192_000)

_LOUDNESS_LUFS = (-24.0, -12.0)
"""Where speech and music are usually set; 20 LU beyond either end nothing is left of the score."""

_LOUDNESS_REACH_LU = 20.0
_CLIPPED_MAX = 0.02
_RUN_MIN = 3
_AT_PEAK = 0.001
_NEAR_PEAK = 0.02
"""Shares below the peak of its channel: of a smooth wave, a parabola at its top, 4.5 times as many samples
are near the peak as at it; of one that is cut off, hardly more."""

_STEPS_NEAR = 8
"""Steps of the converter that are near as well; a peak of twice as many cannot be told to be cut off."""

_FRAME = 1_024
_FRAMES_MAX = 4_000
_SNR_DB = (0.0, 35.0)
_FLOOR_LEAST = 1e-12
"""The floor of a sound is no lower, as a share of its power: 120 dB."""


Floats = NDArray[np.float64]


class Recording(NamedTuple):
    """Samples, shape (n, channels), from -1 to 1; `step` is by how much two levels differ at least."""

    samples: Floats
    rate_hz: int
    step: float


class Sound:
    """How well `context.sound`, a WAV file of PCM, is recorded; None without one. See `judged_sound`."""

    name = NAME
    validation = Validation(
        on="generated sounds: as they are, against clipped, noisy, too quiet and too loud",
        measure="area under the ROC curve",
        figure=0.99,
        baseline=0.75,
        baseline_is="distance of the root mean square from -20 dBFS",
        of=300,
    )

    def begin(self, context: Context) -> Beside:
        """Return what will judge the sound."""
        return Beside(judged_sound, context.sound)


def judged_sound(data: bytes) -> Score:
    """Return the score of a WAV file (PCM of 8 to 32 bits), by its parts, each 0 to 1.

    `loudness`: 1 from -24 to -12 LUFS, integrated (ITU-R BS.1770-4); `clipping`: samples where the wave is
    cut off at the peak, three in a row or more, in the worst channel: 0 from 2% on; `noise`: what lies under
    all frequencies at all times, as hiss does: 35 dB below the sound or more is 1, as loud as it is 0. `lufs`
    and `snr_db`, 120 dB at most, are the figures themselves. A sound is as good as the worst of the three.
    Clipping and noise do not depend on the volume. Silence, below -70 LUFS, is 0 and has no figures. Cost:
    some 3 ms a second of sound at 48 kHz; 20 MB of 8 bits take 2 s and 700 MB.

    Raises TooLarge beyond 20 MB, InputError for what is no such file or shorter than 0.4 s, NotAvailable
    without pyloudnorm.
    """
    recording = recording_of(data)
    lufs = loudness_lufs(recording)
    if math.isinf(lufs):
        return Score(evaluator=NAME, value=0.0, parts={"loudness": 0.0, "clipping": 1.0, "noise": 1.0})
    low, high = _LOUDNESS_LUFS
    off = max(low - lufs, lufs - high, 0.0)
    snr_db = _snr_db(recording.samples)
    parts = {
        "loudness": max(0.0, 1.0 - off / _LOUDNESS_REACH_LU),
        "clipping": max(0.0, 1.0 - _clipped(recording) / _CLIPPED_MAX),
        "noise": min(max((snr_db - _SNR_DB[0]) / (_SNR_DB[1] - _SNR_DB[0]), 0.0), 1.0),
    }
    return Score(evaluator=NAME, value=min(parts.values()), parts=parts | {"lufs": lufs, "snr_db": snr_db})


def recording_of(data: bytes) -> Recording:
    """Return what a WAV file holds. Raises as `judged_sound`."""
    if len(data) > BYTES_MAX:
        raise TooLarge(f"a sound may have at most {BYTES_MAX:,} bytes, not {len(data):,}: send a part of it")
    try:
        with wave.open(io.BytesIO(data)) as opened:
            channels, width, rate_hz = opened.getnchannels(), opened.getsampwidth(), opened.getframerate()
            raw = opened.readframes(opened.getnframes())
    except (wave.Error, EOFError, RuntimeError, ValueError) as error:
        raise InputError(
            f"{len(data):,} bytes are no WAV file of PCM ({error}): "
            "ffmpeg -i FILE -c:a pcm_s16le OUT.wav makes one"
        ) from error
    if not (RATES_HZ[0] <= rate_hz <= RATES_HZ[1] and 1 <= channels <= 5 and 1 <= width <= 4):
        raise InputError(
            f"a sound of {rate_hz} Hz, {channels} channels and {8 * width} bits cannot be judged: "
            "ffmpeg -i FILE -ar 48000 -ac 2 -c:a pcm_s16le OUT.wav makes one that can"
        )
    values = _integers(raw[: len(raw) // (width * channels) * width * channels], width)
    samples = values.reshape(-1, channels)
    if len(samples) < SECONDS_MIN * rate_hz:
        raise InputError(f"a sound of {len(samples) / rate_hz:.2f} s is too short: {SECONDS_MIN} s at least")
    return Recording(samples, rate_hz, 2.0 ** (1 - 8 * width))


def loudness_lufs(recording: Recording) -> float:
    """Return the integrated loudness, minus infinity for silence."""
    meter = _pyloudnorm().Meter(recording.rate_hz)
    if not recording.samples.any():
        return -math.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(meter.integrated_loudness(recording.samples))


def _integers(raw: bytes, width: int) -> Floats:
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float64) - 128.0) / 128.0
    if width == 3:
        padded = np.zeros((len(raw) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return padded.reshape(-1).view("<i4").astype(np.float64) / 2.0**31
    return np.frombuffer(raw, f"<i{width}").astype(np.float64) / 2.0 ** (8 * width - 1)


def _clipped(recording: Recording) -> float:
    """Return the share of samples where the wave is cut off at the peak, in the channel that has most."""
    return max(_cut_off(np.abs(channel), recording.step) for channel in recording.samples.T)


def _cut_off(level: Floats, step: float) -> float:
    """Return the share of samples in runs that come to the peak steeply and stay there."""
    peak = float(level.max())
    if peak <= 2 * _STEPS_NEAR * step:
        return 0.0
    at = level >= (1.0 - _AT_PEAK) * peak
    near = level >= peak - max(_NEAR_PEAK * peak, _STEPS_NEAR * step)
    turns = np.flatnonzero(np.diff(near, prepend=False, append=False))
    begins, ends = turns[::2], turns[1::2]
    so_far = np.cumsum(at, dtype=np.int32)
    flat = so_far[ends - 1] - so_far[begins] + at[begins]
    return float(flat[(flat >= _RUN_MIN) & (2 * flat > ends - begins)].sum()) / len(level)


def _snr_db(samples: Floats) -> float:
    """Return by how much a sound is above its floor: the median over frequencies of what is always there."""
    power, floor = np.sum([_power_and_floor(channel) for channel in samples.T], axis=0)
    if not power:
        return -10.0 * math.log10(_FLOOR_LEAST)
    return 10.0 * math.log10(power / max(floor, _FLOOR_LEAST * power))


def _power_and_floor(channel: Floats) -> tuple[float, float]:
    """Return the mean power of a channel in a frame and a frequency, and that of the noise under it.

    Of white noise this power is exponential; the floor is read from its tenth percentile over the frames, by
    the median of where this lies among so many.
    """
    frames = channel[: len(channel) // _FRAME * _FRAME].reshape(-1, _FRAME)
    frames = frames[:: max(len(frames) // _FRAMES_MAX, 1)]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1))[:, 1:] ** 2
    n = len(frames)
    low_tenth = -math.log1p(-(0.1 * (n - 1) + 2 / 3) / (n + 1 / 3))
    return float(power.mean()), float(np.median(np.percentile(power, 10, axis=0))) / low_tenth


def _pyloudnorm() -> ModuleType:
    try:
        import pyloudnorm
    except ModuleNotFoundError:
        raise NotAvailable("pyloudnorm is not installed: pip install 'homeostat[senses]'") from None
    module: ModuleType = pyloudnorm
    return module
