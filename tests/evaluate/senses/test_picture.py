"""Pictures as such: sharp, well exposed, rich in contrast and colour."""

import io
import sys
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from homeostat.core.errors import InputError, NotAvailable, TooLarge
from homeostat.evaluate.senses import picture
from homeostat.evaluate.senses.picture import judged_picture


def scene() -> Image.Image:
    rng = np.random.default_rng(1)
    tiles = rng.integers(30, 225, (16, 16, 3), dtype=np.uint8)
    return Image.fromarray(tiles, "RGB").resize((256, 256), Image.Resampling.NEAREST)


def file_of(image: Image.Image, kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    image.save(held, kind)
    return held.getvalue()


WHOLE = judged_picture(file_of(scene()))


def test_a_blur_costs_sharpness() -> None:
    blurred = judged_picture(file_of(scene().filter(ImageFilter.GaussianBlur(4))))
    assert blurred.parts["sharpness"] < WHOLE.parts["sharpness"] - 0.4
    assert blurred.value < WHOLE.value


@pytest.mark.parametrize(("times", "plus"), [(0.15, 0), (2.5, 60)])
def test_too_dark_and_too_bright_cost_exposure(times: float, plus: float) -> None:
    found = judged_picture(file_of(scene().point(lambda value: min(255, value * times + plus))))
    assert found.parts["exposure"] < WHOLE.parts["exposure"] - 0.3
    assert found.value < WHOLE.value


def test_a_washed_out_picture_loses_contrast_and_keeps_its_sharpness() -> None:
    washed = judged_picture(file_of(scene().point(lambda value: 100 + value * 0.15)))
    assert washed.parts["contrast"] < 0.5 * WHOLE.parts["contrast"]
    assert abs(washed.parts["sharpness"] - WHOLE.parts["sharpness"]) < 0.1


def test_a_grey_picture_has_no_colour_and_loses_at_most_a_fifth() -> None:
    grey = judged_picture(file_of(scene().convert("L")))
    assert grey.parts["colour"] < 0.01
    assert 0.75 * WHOLE.value < grey.value < WHOLE.value


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "GIF"])
def test_the_kind_of_file_hardly_matters(kind: str) -> None:
    assert abs(judged_picture(file_of(scene(), kind)).value - WHOLE.value) < 0.1


def test_a_picture_of_one_colour_is_worth_nothing() -> None:
    assert judged_picture(file_of(Image.new("RGB", (64, 64), (128, 128, 128)))).value == 0.0


def test_sixteen_bits_and_palettes_are_read_as_what_they_show() -> None:
    grey = scene().convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert (
        abs(
            judged_picture(file_of(deep)).parts["luminance"]
            - judged_picture(file_of(grey)).parts["luminance"]
        )
        < 0.01
    )
    held = io.BytesIO()
    scene().quantize(64).save(held, "PNG", transparency=bytes(range(64)))
    assert abs(judged_picture(held.getvalue()).parts["luminance"] - WHOLE.parts["luminance"]) < 0.02


def test_what_is_no_picture_is_refused_with_what_would_be_one() -> None:
    for data in (b"", b"hello", file_of(scene())[:200], b"GIF89a" + b"\x00" * 40):
        with pytest.raises(InputError, match="JPEG"):
            judged_picture(data)


@given(st.binary(max_size=300), st.integers(0, 2_000))
def test_damaged_files_are_refused_or_judged_and_nothing_else(noise: bytes, at: int) -> None:
    data = file_of(scene().resize((32, 32)))
    for damaged in (noise, data[:at] + noise + data[at + len(noise) :]):
        with suppress(InputError):
            assert 0.0 <= judged_picture(damaged).value <= 1.0


def test_a_small_file_that_claims_many_pixels_is_refused_before_they_are_read() -> None:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    for side in (9_000, 12_000, 60_000):
        header = side.to_bytes(4, "big") * 2 + b"\x08\x02\x00\x00\x00"
        bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))
        with pytest.raises(TooLarge, match="pixels"):
            judged_picture(bomb)


def test_too_many_bytes_are_refused() -> None:
    with pytest.raises(TooLarge, match="bytes"):
        judged_picture(bytes(picture.BYTES_MAX + 1))


def test_without_pillow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    data = file_of(scene())
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(NotAvailable, match=r"homeostat\[senses\]"):
        judged_picture(data)
