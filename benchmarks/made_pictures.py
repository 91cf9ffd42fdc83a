"""Pictures and sounds made for the evaluators of the senses, whole and spoilt in known ways."""

import io
import wave
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

SIDE = 256
RATE_HZ = 16_000
SECONDS = 1.5

Floats = NDArray[np.float64]


def picture(seed: int) -> Image.Image:
    """Return a made scene: a sky, a ground with texture, shapes and strokes in random colours."""
    rng = np.random.default_rng(seed)
    down = np.linspace(0, 1, SIDE)[:, None, None]
    sky, ground = rng.uniform(90, 230, 3), rng.uniform(30, 160, 3)
    pixels = sky * (1 - down) + ground * down + rng.normal(0, rng.uniform(2, 9), (SIDE, SIDE, 1))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(6, 20))):
        x, y, size = (int(v) for v in (*rng.integers(0, SIDE, 2), rng.integers(8, 70)))
        colour = tuple(int(v) for v in rng.integers(10, 250, 3))
        box = (x, y, x + size, y + int(size * rng.uniform(0.4, 1.6)))
        (draw.ellipse if rng.random() < 0.5 else draw.rectangle)(box, fill=colour)
    for _ in range(int(rng.integers(10, 60))):
        x, y = (int(v) for v in rng.integers(0, SIDE, 2))
        colour = tuple(int(v) for v in rng.integers(0, 255, 3))
        draw.line((x, y, x + int(rng.integers(-40, 40)), y + int(rng.integers(-40, 40))), fill=colour)
    return image.filter(ImageFilter.GaussianBlur(0.6))


def _blurred(image: Image.Image, much: float) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(0.5 + 2.5 * much))


def _overexposed(image: Image.Image, much: float) -> Image.Image:
    return image.point(lambda value: min(255, value * (1.1 + 1.2 * much) + 40 * much))


def _underexposed(image: Image.Image, much: float) -> Image.Image:
    return image.point(lambda value: value * (0.8 - 0.6 * much))


def _washed_out(image: Image.Image, much: float) -> Image.Image:
    return ImageEnhance.Contrast(image).enhance(0.8 - 0.5 * much)


def _greyed(image: Image.Image, much: float) -> Image.Image:
    return ImageEnhance.Color(image).enhance(0.7 * (1 - much))


SPOILT_PICTURES: Mapping[str, Callable[[Image.Image, float], Image.Image]] = {
    "blurred": _blurred,
    "overexposed": _overexposed,
    "underexposed": _underexposed,
    "washed out": _washed_out,
    "greyed": _greyed,
}
"""Ways to spoil a picture: hardly at 0, badly at 1."""


def png(image: Image.Image) -> bytes:
    """Return the bytes of a picture."""
    held = io.BytesIO()
    image.save(held, "PNG")
    return held.getvalue()


def sound(seed: int) -> Floats:
    """Return a made sound: a voice of harmonics that comes in syllables, with some hiss."""
    rng = np.random.default_rng(seed)
    t = np.arange(int(RATE_HZ * SECONDS)) / RATE_HZ
    tones = rng.uniform(90, 260) * (1 + 0.05 * np.sin(2 * np.pi * rng.uniform(1, 4) * t))
    phase = 2 * np.pi * np.cumsum(tones) / RATE_HZ
    made = sum(np.sin(k * phase + rng.uniform(0, 6)) / k ** rng.uniform(0.8, 1.6) for k in range(1, 12))
    syllables = np.sin(2 * np.pi * rng.uniform(1.5, 5) * t + rng.uniform(0, 6))
    envelope = np.clip(syllables + rng.uniform(0, 0.9), 0, None)
    made = made * envelope + rng.normal(0, 10 ** rng.uniform(-3.5, -1.8), len(t))
    return np.asarray(made / np.sqrt(np.mean(made**2)) * 10 ** (rng.uniform(-23, -16) / 20))


def _clipped(samples: Floats, much: float) -> Floats:
    most = float(np.quantile(np.abs(samples), 0.998 - 0.06 * much))
    return np.clip(samples, -most, most)


def _noisy(samples: Floats, much: float) -> Floats:
    level = np.sqrt(np.mean(samples**2)) * 10 ** (-(30 - 20 * much) / 20)
    return np.asarray(samples + np.random.default_rng(int(1e6 * much)).normal(0, level, len(samples)))


def _quiet(samples: Floats, much: float) -> Floats:
    return np.asarray(samples * 10 ** (-(8 + 20 * much) / 20))


def _loud(samples: Floats, much: float) -> Floats:
    return np.asarray(samples * 10 ** ((8 + 12 * much) / 20))


SPOILT_SOUNDS: Mapping[str, Callable[[Floats, float], Floats]] = {
    "clipped": _clipped,
    "noisy, 30 to 10 dB": _noisy,
    "too quiet, by 8 to 28 dB": _quiet,
    "too loud, by 8 to 20 dB": _loud,
}
"""Ways to spoil a sound: hardly at 0, badly at 1."""


def wav(samples: Floats) -> bytes:
    """Return samples as a WAV file of 16 bits."""
    held = io.BytesIO()
    with wave.open(held, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(RATE_HZ)
        writing.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
    return held.getvalue()
