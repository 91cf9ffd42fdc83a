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
    command = ["evaluate", "-", "--embedder", "none", "--evaluator", "senses.vividness", *arguments]
    return CliRunner().invoke(build(), command, input=text)


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
    assert list(scores) == ["senses.vividness", "senses.picture", "senses.sound", "senses.agreement"]
    assert scores["senses.agreement"]["parts"]["light"] > 0.9
    assert scores["senses.agreement"]["parts"]["loudness"] < 0.1


def test_a_text_that_speaks_of_neither_says_so(dark: str) -> None:
    shown = evaluate("--picture", dark, text="We bought a table and four chairs there.")
    assert shown.exit_code == 0, shown.output
    assert "senses.agreement says nothing: the text says nothing of light or loudness" in shown.stdout


def test_a_picture_below_its_bound_fails_a_pipeline(dark: str) -> None:
    assert evaluate("--picture", dark, "--at-least", "senses.picture=0.9").exit_code == 1
    assert evaluate("--picture", dark, "--at-least", "senses.agreement=0.9").exit_code == 0


def test_a_bound_without_a_picture_is_refused() -> None:
    assert "senses.picture" in evaluate("--at-least", "senses.picture=0.9").stderr


def test_a_file_that_is_not_there_is_told() -> None:
    assert "night.png" in evaluate("--picture", "night.png").stderr
