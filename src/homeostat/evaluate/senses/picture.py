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
from homeostat.evaluate.passage import Context
from homeostat.evaluate.senses.beside import Beside

NAME = "senses.picture"

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

_LUMA = (0.299, 0.587, 0.114)

Floats = NDArray[np.float32]


class Picture:
    """How well `context.picture` is made, whatever it shows; None without one. See `judged_picture`."""

    name = NAME
    validation = Validation(
        on="generated pictures: whole, against blurred, over- and underexposed, washed out, and turned grey",
        measure="area under the ROC curve",
        figure=0.88,
        baseline=0.74,
        baseline_is="variance of the Laplacian",
        of=360,
    )

    def begin(self, context: Context) -> Beside:
        """Return what will judge the picture."""
        return Beside(judged_picture, context.picture)


def judged_picture(data: bytes) -> Score:
    """Return the score of a picture (JPEG, PNG, WebP, GIF or BMP), by its parts, each 0 to 1.

    `sharpness`: how much a blur would take from it, along its rows or down its columns, whichever is less
    (Crete and others, "The blur effect", 2007);
    `exposure`: near the middle, and little of it all black or all white; `contrast`: the spread of its
    luminance; `colour`: colourfulness (Hasler and Süsstrunk, 2003); `luminance` is its mean. A picture is
    as good as the first three together, and loses up to a fifth where it has no colour. What is meant to be
    dark, soft or grey scores low: it is a picture as such that is judged. What is transparent is seen on
    white; of what moves only the first frame. Cost: some 15 ms.

    Raises TooLarge beyond 20 MB or 25 million pixels, InputError for what is no picture or has fewer than 16
    pixels a side as it is judged, NotAvailable without Pillow.
    """
    pixels = pixels_of(data)
    luma = _luma(pixels)
    parts = {
        "sharpness": min(_sharpness(luma) / _SHARP, 1.0),
        "exposure": _exposure(luma),
        "contrast": min(float(np.subtract(*np.percentile(luma, (97, 3)))) / _CONTRAST, 1.0),
        "colour": _colour(pixels),
    }
    made = (parts["sharpness"] * parts["exposure"] * parts["contrast"]) ** (1 / 3)
    value = made * (0.8 + 0.2 * parts["colour"])
    return Score(evaluator=NAME, value=value, parts=parts | {"luminance": float(luma.mean())})


def luminance_of(data: bytes) -> float:
    """Return the mean luminance of a picture, 0 to 1. Raises as `judged_picture`."""
    return float(_luma(pixels_of(data)).mean())


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
            if min(width, height) * min(1.0, SIDE_MAX / max(width, height, 1)) < _SIDE_MIN:
                raise InputError(
                    f"a picture of {width} x {height} pixels is too small or too narrow: "
                    f"{_SIDE_MIN} a side at least, and {SIDE_MAX // _SIDE_MIN} to 1"
                )
            opened.draft("RGB", (SIDE_MAX, SIDE_MAX))
            reduced = _without_depth(opened)
            reduced.thumbnail((SIDE_MAX, SIDE_MAX), image.Resampling.BOX)
            if reduced.mode == "RGBA":
                page = image.new("RGBA", reduced.size, "white")
                reduced = image.alpha_composite(page, reduced)
            return np.asarray(reduced.convert("RGB"), dtype=np.float32) / np.float32(255)
    except (image.DecompressionBombError, image.DecompressionBombWarning) as error:
        raise TooLarge(f"a picture may have at most {PIXELS_MAX:,} pixels") from error
    except _UNREADABLE as error:
        kinds = ", ".join(_FORMATS)
        raise InputError(
            f"{len(data):,} bytes are no picture that can be read: send one of {kinds}"
        ) from error


def _without_depth(opened: Any) -> Any:
    """Return a picture of 8 bits a channel, without a palette; its transparency, where it has any."""
    if opened.mode.startswith("I"):
        return opened.point(lambda value: value / 256).convert("L").convert("RGB")
    return opened.convert("RGBA" if opened.has_transparency_data else "RGB")


def _luma(pixels: Floats) -> Floats:
    """Return the luma of ITU-R BT.601, the same for the same colour everywhere, which no dot product is."""
    red, green, blue = (pixels[..., channel] * np.float32(w) for channel, w in enumerate(_LUMA))
    return np.asarray(red + green + blue)


def _sharpness(luma: Floats) -> float:
    lost = (_lost_to_blur(luma), _lost_to_blur(luma.T))
    return min((share for share in lost if share is not None), default=0.0)


def _lost_to_blur(luma: Floats) -> float | None:
    """Return the share of the differences between neighbours in a row that a blur over 9 takes away.

    None without any, as along stripes.
    """
    sums = np.cumsum(np.pad(luma, ((0, 0), (5, 4)), mode="edge"), axis=1)
    blurred = (sums[:, 9:] - sums[:, :-9]) / np.float32(9)
    before, after = np.abs(np.diff(luma, axis=1)), np.abs(np.diff(blurred, axis=1))
    whole = float(before.sum())
    return float(np.maximum(before - after, 0).sum()) / whole if whole else None


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
