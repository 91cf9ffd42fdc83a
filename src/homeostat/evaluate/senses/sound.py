"""A sound: how loud it is, how much of it is clipped, and how much noise lies under it."""

import io
import math
import wave
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import InputError, NotAvailable, TooLarge
from homeostat.evaluate.evaluator import Score, Validation

NAME = "senses.sound"
VALIDATION = Validation(
    on="generated sounds: as they are, against clipped, noisy, too quiet and too loud",
    measure="area under the ROC curve",
    figure=0.99,
    baseline=0.75,
    baseline_is="distance of the root mean square from -20 dBFS",
    of=300,
)

BYTES_MAX = 20_000_000
SECONDS_MIN = 0.4
"""What ITU-R BS.1770 needs for one block."""

RATES_HZ = (8_000, 192_000)

_LOUDNESS_LUFS = (-24.0, -12.0)
"""Where speech and music are usually set; 20 LU beyond either end nothing is left of the score."""

_LOUDNESS_REACH_LU = 20.0
_CLIPPED_MAX = 0.02
_RUN_MIN = 3
_FRAME = 1_024
_FRAMES_MAX = 4_000
_SNR_DB = (0.0, 35.0)
_LOW_TENTH = 0.10536
"""The tenth percentile of the power of noise in a frame, as a share of its mean (it is exponential)."""


Floats = NDArray[np.float64]


def judged_sound(data: bytes) -> Score:
    """Return the score of a WAV file (PCM of 8 to 32 bits), by its parts, each 0 to 1.

    `loudness`: 1 from -24 to -12 LUFS, integrated (ITU-R BS.1770-4); `clipping`: samples that stand still at
    the peak, three in a row or more: 0 from 2% on; `noise`: what lies under all frequencies at all times, as
    hiss does: 35 dB below the sound or more is 1, as loud as it is 0. `lufs` and `snr_db` are the figures
    themselves. A sound is as good as the worst of the three. Silence is 0.

    Raises TooLarge beyond 20 MB, InputError for what is no such file or shorter than 0.4 s, NotAvailable
    without pyloudnorm.
    """
    samples, rate_hz = samples_of(data)
    return score_of(samples, rate_hz)


def samples_of(data: bytes) -> tuple[Floats, int]:
    """Return samples, shape (n, channels), from -1 to 1, and their rate. Raises as `judged_sound`."""
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
    return samples, rate_hz


def score_of(samples: Floats, rate_hz: int) -> Score:
    """Return the score of samples, shape (n, channels), from -1 to 1."""
    lufs = loudness_lufs(samples, rate_hz)
    if math.isinf(lufs):
        return Score(evaluator=NAME, value=0.0, parts={"loudness": 0.0, "clipping": 1.0, "noise": 1.0})
    low, high = _LOUDNESS_LUFS
    off = max(low - lufs, lufs - high, 0.0)
    mono = samples.mean(axis=1)
    snr_db = _snr_db(mono)
    parts = {
        "loudness": max(0.0, 1.0 - off / _LOUDNESS_REACH_LU),
        "clipping": max(0.0, 1.0 - _clipped(samples) / _CLIPPED_MAX),
        "noise": min(max((snr_db - _SNR_DB[0]) / (_SNR_DB[1] - _SNR_DB[0]), 0.0), 1.0),
    }
    return Score(evaluator=NAME, value=min(parts.values()), parts=parts | {"lufs": lufs, "snr_db": snr_db})


def loudness_lufs(samples: Floats, rate_hz: int) -> float:
    """Return the integrated loudness, minus infinity for silence."""
    meter = _pyloudnorm().Meter(rate_hz)
    if not samples.any():
        return -math.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(meter.integrated_loudness(samples))


def _integers(raw: bytes, width: int) -> Floats:
    if width == 1:
        return (np.frombuffer(raw, np.uint8).astype(np.float64) - 128.0) / 128.0
    if width == 3:
        padded = np.zeros((len(raw) // 3, 4), np.uint8)
        padded[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        return padded.reshape(-1).view("<i4").astype(np.float64) / 2.0**31
    return np.frombuffer(raw, f"<i{width}").astype(np.float64) / 2.0 ** (8 * width - 1)


def _clipped(samples: Floats) -> float:
    """Return the share of samples in runs that stand still at the peak of their channel."""
    peak = np.abs(samples).max(axis=0)
    at_peak = np.abs(samples) >= 0.999 * np.maximum(peak, 1e-9)
    runs = at_peak[:-2] & at_peak[1:-1] & at_peak[2:]
    inside = np.zeros(samples.shape, dtype=bool)
    for shift in range(_RUN_MIN):
        inside[shift : len(samples) - _RUN_MIN + 1 + shift] |= runs
    return float(inside.mean())


def _snr_db(mono: Floats) -> float:
    """Return by how much a sound is above its floor: the median over frequencies of what is always there."""
    frames = mono[: len(mono) // _FRAME * _FRAME].reshape(-1, _FRAME)
    frames = frames[:: max(len(frames) // _FRAMES_MAX, 1)]
    power = np.abs(np.fft.rfft(frames * np.hanning(_FRAME), axis=1))[:, 1:] ** 2
    floor = float(np.median(np.percentile(power, 10, axis=0))) / _LOW_TENTH
    return 10.0 * math.log10(float(power.mean()) / max(floor, 1e-12))


def _pyloudnorm() -> ModuleType:
    try:
        import pyloudnorm
    except ModuleNotFoundError:
        raise NotAvailable("pyloudnorm is not installed: pip install 'homeostat[senses]'") from None
    module: ModuleType = pyloudnorm
    return module
