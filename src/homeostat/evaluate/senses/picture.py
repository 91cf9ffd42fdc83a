"""A picture: how sharp, well exposed, rich in contrast and colour it is, whatever it shows."""

import io
import struct
import zlib
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import InputError, NotAvailable, TooLarge
from homeostat.evaluate.evaluator import Score, Validation

NAME = "senses.picture"
VALIDATION = Validation(
    on="generated pictures: whole, against blurred, over- and underexposed, washed out, and turned grey",
    measure="area under the ROC curve",
    figure=0.88,
    baseline=0.74,
    baseline_is="variance of the Laplacian",
    of=360,
)

BYTES_MAX = 20_000_000
PIXELS_MAX = 25_000_000
SIDE_MAX = 640
"""Larger pictures are reduced to this before they are judged: what only full size shows does not count."""

_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
_UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, struct.error, zlib.error, IndexError, KeyError, TypeError,
)  # fmt: skip
"""What Pillow's readers raise for damaged files."""

_SIDE_MIN = 16
_SHARP = 0.75
"""What a blur takes from a sharp picture."""

_CONTRAST = 0.45
"""How far the percentiles 3 and 97 of luminance lie apart in a picture of full contrast."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)

Floats = NDArray[np.float32]


def judged_picture(data: bytes) -> Score:
    """Return the score of a picture (JPEG, PNG, WebP, GIF or BMP), by its parts, each 0 to 1.

    `sharpness`: how much a blur would take from it (Crete and others, "The blur effect", 2007);
    `exposure`: near the middle, and little of it all black or all white; `contrast`: the spread of its
    luminance; `colour`: colourfulness (Hasler and Süsstrunk, 2003); `luminance` is its mean. A picture is
    as good as the first three together, and loses up to a fifth where it has no colour. What is meant to be
    dark, soft or grey scores low: it is a picture as such that is judged. Cost: some 15 ms.

    Raises TooLarge beyond 20 MB or 25 million pixels, InputError for what is no picture, NotAvailable
    without Pillow.
    """
    return score_of(pixels_of(data))


def pixels_of(data: bytes) -> Floats:
    """Return a picture's pixels, reduced, as red, green and blue from 0 to 1. Raises as `judged_picture`."""
    if len(data) > BYTES_MAX:
        raise TooLarge(f"a picture may have at most {BYTES_MAX:,} bytes, not {len(data):,}: reduce it")
    image = _pillow()
    try:
        with image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            width, height = opened.size
            if width * height > PIXELS_MAX:
                raise TooLarge(
                    f"a picture may have {PIXELS_MAX:,} pixels, not {width:,} x {height:,}: reduce it"
                )
            if min(width, height) < _SIDE_MIN:
                raise InputError(f"a picture of {width} x {height} pixels is too small: {_SIDE_MIN} a side")
            opened.draft("RGB", (SIDE_MAX, SIDE_MAX))
            rgb = _without_depth(opened).convert("RGB")
            rgb.thumbnail((SIDE_MAX, SIDE_MAX), image.Resampling.BOX)
            return np.asarray(rgb, dtype=np.float32) / np.float32(255)
    except (image.DecompressionBombError, image.DecompressionBombWarning) as error:
        raise TooLarge(f"a picture may have at most {PIXELS_MAX:,} pixels") from error
    except _UNREADABLE as error:
        kinds = ", ".join(_FORMATS)
        raise InputError(
            f"{len(data):,} bytes are no picture that can be read: send one of {kinds}"
        ) from error


def _without_depth(opened: Any) -> Any:
    """Return a picture of at most 8 bits a channel; of a palette with transparent colours, these."""
    if opened.mode == "P":
        return opened.convert("RGBA")
    if opened.mode.startswith("I"):
        return opened.point(lambda value: value / 256).convert("L")
    return opened


def score_of(pixels: Floats) -> Score:
    """Return the score of pixels, shape (height, width, 3), 0 to 1."""
    luma = pixels @ _LUMA
    parts = {
        "sharpness": min(_sharpness(luma) / _SHARP, 1.0),
        "exposure": _exposure(luma),
        "contrast": min(float(np.subtract(*np.percentile(luma, (97, 3)))) / _CONTRAST, 1.0),
        "colour": _colour(pixels),
    }
    made = (parts["sharpness"] * parts["exposure"] * parts["contrast"]) ** (1 / 3)
    value = made * (0.8 + 0.2 * parts["colour"])
    return Score(evaluator=NAME, value=value, parts=parts | {"luminance": float(luma.mean())})


def _sharpness(luma: Floats) -> float:
    return min(_lost_to_blur(luma), _lost_to_blur(luma.T))


def _lost_to_blur(luma: Floats) -> float:
    """Return the share of the differences between neighbours in a row that a blur over 9 takes away."""
    sums = np.cumsum(np.pad(luma, ((0, 0), (5, 4)), mode="edge"), axis=1)
    blurred = (sums[:, 9:] - sums[:, :-9]) / np.float32(9)
    before, after = np.abs(np.diff(luma, axis=1)), np.abs(np.diff(blurred, axis=1))
    whole = float(before.sum())
    return float(np.maximum(before - after, 0).sum()) / whole if whole else 0.0


def _exposure(luma: Floats) -> float:
    lost = float(((luma <= 0.02) | (luma >= 0.98)).mean())
    off = abs(float(luma.mean()) - 0.47) / 0.47
    return max(0.0, 1.0 - off * off) * (1.0 - lost)


def _colour(pixels: Floats) -> float:
    red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
    one, other = red - green, (red + green) / 2 - blue
    spread = float(np.hypot(one.std(), other.std()))
    return min((spread + 0.3 * float(np.hypot(one.mean(), other.mean()))) / 0.25, 1.0)


def _pillow() -> ModuleType:
    try:
        from PIL import Image
    except ModuleNotFoundError:
        raise NotAvailable("Pillow is not installed: pip install 'homeostat[senses]'") from None
    return Image
