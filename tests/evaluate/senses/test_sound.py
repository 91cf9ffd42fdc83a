"""Sounds as such: loudness, clipping and noise."""

import io
import sys
import wave
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from homeostat.core.errors import InputError, NotAvailable, TooLarge
from homeostat.evaluate.senses import sound
from homeostat.evaluate.senses.sound import judged_sound

RATE_HZ = 16_000
Floats = NDArray[np.float64]


def tone(seconds: float = 1.0, level: float = 0.2) -> Floats:
    t = np.arange(int(RATE_HZ * seconds)) / RATE_HZ
    return np.asarray(level * (np.sin(2 * np.pi * 440 * t) + 0.4 * np.sin(2 * np.pi * 1_234 * t)))


def file_of(samples: Floats, width: int = 2, channels: int = 1) -> bytes:
    held = io.BytesIO()
    whole = np.clip(np.repeat(samples, channels), -1, 1) * (2 ** (8 * width - 1) - 1)
    raw = whole.astype("<i8").view(np.uint8).reshape(-1, 8)[:, :width].copy()
    if width == 1:
        raw = raw + np.uint8(128)
    with wave.open(held, "wb") as writing:
        writing.setnchannels(channels)
        writing.setsampwidth(width)
        writing.setframerate(RATE_HZ)
        writing.writeframes(raw.tobytes())
    return held.getvalue()


WHOLE = judged_sound(file_of(tone()))


def test_a_clean_tone_is_clean() -> None:
    assert WHOLE.parts["clipping"] == WHOLE.parts["loudness"] == 1.0
    assert WHOLE.value > 0.9


def test_a_clipped_sine_is_told_even_below_full_scale() -> None:
    clipped = judged_sound(file_of(np.clip(tone(), -0.12, 0.12)))
    assert clipped.parts["clipping"] == clipped.value == 0.0


def test_noise_is_measured_within_3_db_where_it_is_white() -> None:
    rng = np.random.default_rng(1)
    for snr_db in (10, 20, 30):
        level = np.sqrt(np.mean(tone() ** 2)) * 10 ** (-snr_db / 20)
        found = judged_sound(file_of(tone() + rng.normal(0, level, RATE_HZ)))
        assert abs(found.parts["snr_db"] - snr_db) < 3


@pytest.mark.parametrize(("level", "loudness"), [(0.002, 0.0), (0.02, 0.4), (0.2, 1.0)])
def test_loudness_falls_off_outside_the_usual_range(level: float, loudness: float) -> None:
    assert abs(judged_sound(file_of(tone(level=level))).parts["loudness"] - loudness) < 0.2


def test_twice_the_amplitude_is_6_db_more() -> None:
    louder = judged_sound(file_of(tone(level=0.4)))
    assert abs(louder.parts["lufs"] - WHOLE.parts["lufs"] - 6.02) < 0.1


@pytest.mark.parametrize(("width", "channels"), [(1, 1), (2, 2), (3, 1), (4, 2)])
def test_all_widths_of_pcm_are_read_alike(width: int, channels: int) -> None:
    found = judged_sound(file_of(tone(), width, channels))
    assert abs(found.parts["lufs"] - WHOLE.parts["lufs"] - 10 * np.log10(channels)) < 0.3


def test_silence_is_worth_nothing() -> None:
    assert judged_sound(file_of(np.zeros(RATE_HZ))).value == 0.0


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
