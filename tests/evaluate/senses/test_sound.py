"""Sounds as such: loudness, clipping and noise."""

import io
import sys
import wave
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from homeostat.core.errors import InputError, NotAvailable, TooLarge
from homeostat.evaluate.senses import sound
from homeostat.evaluate.senses.sound import _clipped, judged_sound, recording_of

RATE_HZ = 16_000
Floats = NDArray[np.float64]


def tone(seconds: float = 1.0, level: float = 0.2) -> Floats:
    t = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    return np.asarray(level * (np.sin(2 * np.pi * 440 * t) + 0.4 * np.sin(2 * np.pi * 1_234 * t)))


def file_of(samples: Floats, width: int = 2, rate_hz: int = RATE_HZ) -> bytes:
    """Return a WAV file of samples, shape (n,) or (n, channels)."""
    held = io.BytesIO()
    channels = samples.reshape(len(samples), -1).shape[1]
    whole = np.clip(samples.reshape(-1), -1, 1) * (2 ** (8 * width - 1) - 1)
    raw = whole.round().astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].copy()
    if width == 1:
        raw = raw + np.uint8(128)
    with wave.open(held, "wb") as writing:
        writing.setnchannels(channels)
        writing.setsampwidth(width)
        writing.setframerate(rate_hz)
        writing.writeframes(raw.tobytes())
    return held.getvalue()


WHOLE = judged_sound(file_of(tone()))


def test_a_clean_tone_is_clean() -> None:
    assert WHOLE.parts["clipping"] == WHOLE.parts["loudness"] == 1.0
    assert WHOLE.value > 0.9


def test_a_clipped_sine_is_told_even_below_full_scale() -> None:
    clipped = judged_sound(file_of(np.clip(tone(), -0.12, 0.12)))
    assert clipped.parts["clipping"] == clipped.value == 0.0


@pytest.mark.parametrize("seconds", [0.4, 1.0, 5.0])
@pytest.mark.parametrize("snr_db", [0, 10, 20, 30])
def test_white_noise_is_measured_within_1_db_however_short_it_is(seconds: float, snr_db: int) -> None:
    rng, whole = np.random.default_rng(1), tone(seconds, 0.1)
    level = np.sqrt(np.mean(whole**2)) * 10 ** (-snr_db / 20)
    found = judged_sound(file_of(whole + rng.normal(0, level, len(whole))))
    with_noise_db = 10 * np.log10(1 + 10 ** (snr_db / 10))
    assert abs(found.parts["snr_db"] - with_noise_db) < 1


@given(st.floats(0.01, 0.1), st.floats(0.01, 0.1))
def test_more_noise_is_never_cleaner(one: float, other: float) -> None:
    hiss = np.random.default_rng(1).normal(0, 1, RATE_HZ)
    less, more = (judged_sound(file_of(tone() + level * hiss)) for level in sorted((one, other)))
    assert more.parts["noise"] <= less.parts["noise"] + 0.01


@given(st.floats(0.05, 1.0), st.booleans())
def test_clipping_and_noise_do_not_depend_on_the_volume(volume: float, cut: bool) -> None:
    noisy = tone(0.5, 0.5) + np.random.default_rng(1).normal(0, 0.03, RATE_HZ // 2)
    whole = np.clip(noisy, -0.45, 0.45) if cut else noisy / 1.1
    loud, quiet = judged_sound(file_of(whole)), judged_sound(file_of(volume * whole))
    assert abs(loud.parts["noise"] - quiet.parts["noise"]) < 0.02
    assert abs(loud.parts["clipping"] - quiet.parts["clipping"]) < 0.05
    assert (loud.parts["clipping"] < 0.5) is cut


@given(
    st.floats(25.0, 1_600.0),
    st.sampled_from([0.06, 0.3, 0.9]),
    st.sampled_from([8_000, 16_000, 48_000, 192_000]),
    st.sampled_from([1, 2]),
    st.floats(0.0, 6.3),
)
def test_no_pure_tone_is_clipped_and_every_one_that_is_cut_off_by_a_tenth(
    hz: float, level: float, rate_hz: int, width: int, phase: float
) -> None:
    sine = np.sin(2 * np.pi * hz * np.arange(int(0.4 * rate_hz)) / rate_hz + phase)
    assert _clipped(recording_of(file_of(np.asarray(level * sine), width, rate_hz))) < 0.005
    if hz < rate_hz / 20 and (width == 2 or level > 0.2):
        cut = level * np.clip(sine, -0.9, 0.9)
        assert _clipped(recording_of(file_of(cut, width, rate_hz))) > 0.1


def test_a_channel_that_is_clipped_is_found_beside_one_that_is_silent() -> None:
    cut = np.clip(tone(), -0.12, 0.12)
    for other in (tone(), 0 * tone()):
        assert judged_sound(file_of(np.stack([other, cut], axis=1))).parts["clipping"] == 0.0


def test_channels_that_cancel_each_other_out_are_judged_as_each_is() -> None:
    noisy = tone() + np.random.default_rng(1).normal(0, 0.02, RATE_HZ)
    alone, both = (file_of(noisy), file_of(np.stack([noisy, -noisy], axis=1)))
    for part in ("noise", "clipping"):
        assert judged_sound(both).parts[part] == pytest.approx(judged_sound(alone).parts[part], abs=0.01)


def test_a_sound_that_begins_at_its_very_end_is_judged() -> None:
    late = np.zeros(RATE_HZ)
    late[-500:] = tone()[-500:]
    assert judged_sound(file_of(late)).parts["snr_db"] == 120.0


@pytest.mark.parametrize("level", [0.0, 1 / 32_767])
def test_what_is_below_the_gate_is_silence(level: float) -> None:
    hardly = np.random.default_rng(1).integers(-1, 2, RATE_HZ).astype(np.float64)
    score = judged_sound(file_of(level * hardly))
    assert score.value == 0.0
    assert "lufs" not in score.parts


@given(arrays(np.int16, st.tuples(st.integers(3_200, 3_300), st.integers(1, 5))))
def test_a_score_lies_between_0_and_1_for_any_samples(samples: NDArray[np.int16]) -> None:
    score = judged_sound(file_of(samples / 32_768, rate_hz=8_000))
    assert all(0.0 <= score.parts[part] <= 1.0 for part in ("loudness", "clipping", "noise"))
    assert score.value == min(score.parts[part] for part in ("loudness", "clipping", "noise"))


@pytest.mark.parametrize(("level", "loudness"), [(0.002, 0.0), (0.02, 0.4), (0.2, 1.0)])
def test_loudness_falls_off_outside_the_usual_range(level: float, loudness: float) -> None:
    assert abs(judged_sound(file_of(tone(level=level))).parts["loudness"] - loudness) < 0.2


def test_twice_the_amplitude_is_6_db_more() -> None:
    louder = judged_sound(file_of(tone(level=0.4)))
    assert abs(louder.parts["lufs"] - WHOLE.parts["lufs"] - 6.02) < 0.1


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_all_widths_of_pcm_are_read_alike(width: int, channels: int) -> None:
    found = judged_sound(file_of(np.stack([tone()] * channels, axis=1), width))
    assert abs(found.parts["lufs"] - WHOLE.parts["lufs"] - 10 * np.log10(channels)) < 0.3


def test_another_kind_of_file_is_refused_with_what_makes_a_wav_of_it() -> None:
    for data in (b"", b"ID3\x04" + b"\x00" * 50, b"RIFF\x24\x00\x00\x00WAVE", file_of(tone())[:30]):
        with pytest.raises(InputError, match="ffmpeg"):
            judged_sound(data)


def test_what_is_too_short_or_too_large_is_refused() -> None:
    with pytest.raises(InputError, match="too short"):
        judged_sound(file_of(tone(0.2)))
    with pytest.raises(TooLarge):
        judged_sound(bytes(sound.BYTES_MAX + 1))


@given(st.binary(max_size=60), st.integers(0, 60))
def test_damaged_files_are_refused_or_judged_and_nothing_else(noise: bytes, at: int) -> None:
    data = file_of(tone(0.5))
    with suppress(InputError):
        assert 0.0 <= judged_sound(data[:at] + noise + data[at + len(noise) :]).value <= 1.0


def test_without_pyloudnorm_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyloudnorm", None)
    with pytest.raises(NotAvailable, match=r"homeostat\[senses\]"):
        judged_sound(file_of(tone()))
