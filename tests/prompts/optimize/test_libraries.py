"""Libraries of several shapes get leaner, are verified from their files, and come back."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.app.prompts.passes import passes
from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.fences import fences, xml_fault
from homeostat.prompts.library.library import load_library
from homeostat.prompts.optimize.draft import Counts, Draft
from homeostat.prompts.optimize.manifest import read_manifest
from homeostat.prompts.optimize.outcome_text import outcome_text
from homeostat.prompts.optimize.pipeline import Optimized, Price, chosen, optimize
from homeostat.prompts.optimize.restoring import restore
from homeostat.prompts.optimize.result_folder import write_result
from homeostat.prompts.proof.verification import verify

HERE = Path(__file__).parent / "libraries"
REPOSITORY = Path(__file__).parents[3]
REAL = Path(os.environ.get("HOMEOSTAT_DATA", REPOSITORY.parent / "shared/data")) / "prompts" / "modular-v3"
Made = Callable[[Path, Path], Optimized]


@pytest.fixture
def made(counts: Counts) -> Made:
    """Optimise a folder with all lossless passes into another one, and check all that is promised."""

    def make(source: Path, out: Path) -> Optimized:
        before = load_library(source)
        run = chosen(passes())
        found = optimize(
            Draft(before, load_styles(), counts), run, Price("gpt-4o", 1_760_000_000_000_000_000)
        )
        write_result(source, out, found, tuple(p.name for p in run))
        after = load_library(out)
        proven = verify(before, after, load_styles(), read_manifest(out).claims)
        assert proven.holds, proven
        whole = "\n".join(m.text for m in after.modules.values())
        for module in before.modules.values():
            contents = [module.text[f.start : f.end] for f in fences(module.text) if f.language == "xml"]
            assert all(c in whole for c in contents if xml_fault(c) is not None)
        assert found.outcome.after.library == sum(counts.of(m.text) for m in after.modules.values())
        restore(out, out.parent / "back")
        theirs = {p.relative_to(source): p for p in source.rglob("*") if p.is_file()}
        ours = {
            p.relative_to(out.parent / "back"): p for p in (out.parent / "back").rglob("*") if p.is_file()
        }
        assert ours.keys() == theirs.keys()
        assert all(p.read_bytes() == theirs[name].read_bytes() for name, p in ours.items())
        return found

    return make


@pytest.mark.parametrize(
    ("name", "entries", "saved_min"),
    [("includes", 2, 0.2), ("skills", 2, 0.05), ("patterns", 2, 0), ("agents", 2, 0.15)],
)
def test_small_libraries(made: Made, tmp_path: Path, name: str, entries: int, saved_min: float) -> None:
    found = made(HERE / name, tmp_path / "out").outcome
    assert len(found.bill_after.entries) == entries
    assert 1 - found.after.library / found.before.library >= saved_min
    assert "nothing is lost" in outcome_text(found)


def test_the_text_of_an_outcome_says_what_was_done(made: Made, tmp_path: Path) -> None:
    text = outcome_text(made(HERE / "includes", tmp_path / "out").outcome)
    assert "tokens in all (cl100k_base)" in text
    assert "order took back the order in all: saves no cost with the provider's cache" in text
    assert "xml: 1 blocks of XML are malformed and stay as they are" in text


@pytest.mark.long
@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real prompt library")
def test_the_real_library(made: Made, tmp_path: Path) -> None:
    began = time.process_time()
    found = made(REAL, tmp_path / "out")
    assert time.process_time() - began < 60
    outcome = found.outcome
    assert 1 - outcome.after.library / outcome.before.library >= 0.15
    assert outcome.after.together <= 70_000
    assert outcome.after.median <= 3_500
    assert outcome.after.worst <= 16_500
