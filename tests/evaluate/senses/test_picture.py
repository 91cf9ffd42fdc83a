"""Pictures as such: sharp, well exposed, rich in contrast and colour."""

import io
import sys
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from homeostat.core.errors import InputError, NotAvailable, TooLarge
from homeostat.evaluate.senses import picture
from homeostat.evaluate.senses.picture import judged_picture, luminance_of


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


def deep() -> bytes:
    return file_of(Image.fromarray(np.asarray(scene().convert("L")).astype(np.uint16) * 257))


@pytest.mark.parametrize(
    "data",
    [
        deep(),
        file_of(scene().convert("L")),
        file_of(scene().convert("LA")),
        file_of(scene().quantize(64)),
        file_of(scene().convert("RGBA")),
        file_of(scene().convert("CMYK"), "JPEG"),
    ],
    ids=["16 bits", "grey", "grey and alpha", "palette", "alpha", "CMYK"],
)
def test_all_kinds_of_colours_are_read_as_what_they_show(data: bytes) -> None:
    assert abs(luminance_of(data) - WHOLE.parts["luminance"]) < 0.02
    assert judged_picture(data).parts["sharpness"] > 0.9


def test_what_is_transparent_is_seen_on_white() -> None:
    seen = Image.new("RGB", (256, 256), "white")
    seen.paste(scene().crop((0, 0, 256, 128)))
    half = scene().convert("RGBA")
    half.paste((0, 0, 0, 0), (0, 128, 256, 256))
    assert abs(judged_picture(file_of(half)).value - judged_picture(file_of(seen)).value) < 0.01
    gone = scene().convert("RGBA")
    gone.putalpha(0)
    assert judged_picture(file_of(gone)).value == 0.0


def test_stripes_are_as_sharp_as_their_edges() -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::4] = stripes[:, 1::4] = 200
    for turned in (stripes, stripes.T):
        assert judged_picture(file_of(Image.fromarray(turned.copy()))).parts["sharpness"] == 1.0


@pytest.mark.parametrize("size", [(1, 1), (15, 400), (20_000, 16), (16, 20_000)])
def test_what_is_too_small_or_too_narrow_to_be_judged_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="too small or too narrow"):
        judged_picture(file_of(Image.new("RGB", size)))


@pytest.mark.parametrize("colour", ["black", "white", "red"])
def test_one_colour_is_worth_nothing_and_breaks_nothing(colour: str) -> None:
    assert judged_picture(file_of(Image.new("RGB", (64, 64), colour))).value == 0.0


@pytest.mark.parametrize("side", [640, 960, 1_280, 2_560])
def test_above_the_side_that_is_judged_size_does_not_matter(side: int) -> None:
    resized = scene().resize((side, side), Image.Resampling.BICUBIC)
    reference = judged_picture(file_of(scene().resize((640, 640), Image.Resampling.BICUBIC)))
    for kind in ("PNG", "JPEG"):
        found = judged_picture(file_of(resized, kind))
        assert abs(found.value - reference.value) < 0.03


@given(
    arrays(np.uint8, st.tuples(st.integers(16, 40), st.integers(16, 40), st.just(3))),
    st.sampled_from(list(Image.Transpose)),
)
def test_a_score_lies_between_0_and_1_and_is_that_of_the_picture_turned(
    pixels: NDArray[np.uint8], turn: Image.Transpose
) -> None:
    image = Image.fromarray(pixels, "RGB")
    score, turned = judged_picture(file_of(image)), judged_picture(file_of(image.transpose(turn)))
    assert all(0.0 <= part <= 1.0 for part in score.parts.values())
    assert abs(score.value - turned.value) < 1e-3


@settings(max_examples=25)
@given(st.floats(0.0, 6.0), st.floats(0.0, 6.0))
def test_more_blur_is_never_sharper(one: float, other: float) -> None:
    less, more = (
        judged_picture(file_of(scene().crop((0, 0, 96, 96)).filter(ImageFilter.GaussianBlur(radius))))
        for radius in sorted((one, other))
    )
    assert more.parts["sharpness"] <= less.parts["sharpness"] + 0.01


@settings(max_examples=25)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_darker_a_dark_picture_is_the_worse_it_is_exposed(one: float, other: float) -> None:
    darker, lighter = (
        judged_picture(file_of(scene().point(lambda value, times=times: value * times)))
        for times in sorted((0.9 * one, 0.9 * other))
    )
    assert darker.parts["exposure"] <= lighter.parts["exposure"] + 0.01


def test_what_is_no_picture_is_refused_with_what_would_be_one() -> None:
    for data in (b"", b"hello", file_of(scene())[:200], b"GIF89a" + b"\x00" * 40):
        with pytest.raises(InputError, match="JPEG"):
            judged_picture(data)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
@given(noise=st.binary(max_size=300), at=st.integers(0, 2_000))
def test_damaged_files_are_refused_or_judged_and_nothing_else(kind: str, noise: bytes, at: int) -> None:
    data = file_of(scene().resize((32, 32)), kind)
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
