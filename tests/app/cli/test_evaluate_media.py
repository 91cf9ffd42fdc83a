"""A picture and a sound beside a text, from the command."""

import io
import json
import wave
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from homeostat.app.cli.main import build

TEXT = "It was a dark night, and the crowd was loud and roaring at them."


def evaluate(*arguments: str, text: str = TEXT) -> Result:
    return CliRunner().invoke(build(), ["evaluate", "-", "--embedder", "none", *arguments], input=text)


@pytest.fixture
def dark(tmp_path: Path) -> str:
    path = tmp_path / "night.png"
    Image.fromarray(np.random.default_rng(1).integers(0, 40, (64, 64, 3), np.uint8), "RGB").save(path)
    return str(path)


@pytest.fixture
def quiet(tmp_path: Path) -> str:
    held = io.BytesIO()
    with wave.open(held, "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(16_000)
        tone = 30 * np.sin(np.arange(16_000) * 0.2)
        writing.writeframes(tone.astype("<i2").tobytes())
    path = tmp_path / "tone.wav"
    path.write_bytes(held.getvalue())
    return str(path)


def test_what_stands_beside_a_text_is_judged_with_it(dark: str, quiet: str) -> None:
    shown = evaluate("--picture", dark, "--sound", quiet, "--json")
    scores = json.loads(shown.stdout)["scores"]
    assert {"senses.agreement", "senses.picture", "senses.sound", "senses.vividness"} <= set(scores)
    assert scores["senses.agreement"]["parts"]["light"] > 0.9
    assert scores["senses.agreement"]["parts"]["loudness"] < 0.1


def test_a_text_that_speaks_of_neither_says_so(dark: str) -> None:
    shown = evaluate("--picture", dark, text="We bought a table and four chairs there.")
    assert shown.exit_code == 0, shown.output
    assert "senses.agreement says nothing: there is too little" in shown.stdout
    assert "senses.sound says nothing: needs sound in the context" in shown.stdout


def test_a_picture_below_its_bound_fails_a_pipeline(dark: str) -> None:
    assert evaluate("--picture", dark, "--at-least", "senses.picture=0.9").exit_code == 1
    assert evaluate("--picture", dark, "--at-least", "senses.agreement=0.9").exit_code == 0


def test_a_bound_on_a_picture_that_is_not_there_or_is_none_fails_a_pipeline(tmp_path: Path) -> None:
    none = tmp_path / "night.png"
    none.write_bytes(b"no picture")
    for arguments in ([], ["--picture", str(none)]):
        shown = evaluate(*arguments, "--at-least", "senses.picture=0")
        assert shown.exit_code == 1
        assert "senses.picture is not at least 0" in shown.stderr
    assert "no picture that can be read" in shown.stdout


def test_a_file_that_is_not_there_is_told() -> None:
    assert "night.png" in evaluate("--picture", "night.png").stderr
