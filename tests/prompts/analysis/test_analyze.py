"""An analysis adds up, comes from the cache when nothing changed, and holds on a real library."""

import os
from pathlib import Path

import pytest

from homeostat.prompts.analysis.analysis_text import analysis_text, summary
from homeostat.prompts.analysis.analyze import analyze, priced
from homeostat.prompts.library.library import load_library
from homeostat.prompts.tokens.count_cache import CountCache
from homeostat.prompts.tokens.tokenizer import BundledTokenizer, tokenizer

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data"))
LIBRARY = DATA / "prompts" / "modular-v3"
NOW_NS = 1_763_600_000_000_000_000
FILES = {
    "CLAUDE.md": "Always be careful. @always.md\n\n```xml\n<a>@fenced.md</a>\n```\n",
    "always.md": "Always this too.",
    "fenced.md": "Only a model reads this.",
    "commands/go.md": "Go.\n@parts/one.md\n<module>parts/two.md</module>\n- parts/three.md\n@lost.md\n",
    "parts/one.md": "One. " * 50,
    "parts/two.md": "Two.",
    "parts/three.md": "Three.",
    "parts/never.md": "Never read.",
}


class Counting:
    """A tokenizer that knows how often it was asked; a word is a token."""

    name = "words"

    def __init__(self) -> None:
        self.texts: list[str] = []

    def count(self, text: str) -> int:
        self.texts.append(text)
        return len(text.split())


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / "library" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "library"


def test_closures_add_up_by_kind(root: Path) -> None:
    found = analyze(load_library(root), Counting())
    (go,) = found.entries
    assert (go.own_tokens, go.hard_tokens) == (6, 56)
    assert (go.conditional_tokens, go.any_tokens) == (57, 58)
    assert go.modules == ("commands/go.md", "parts/one.md")
    assert (found.commands_tokens, found.tokens) == (56, sum(f.tokens for f in found.files))


def test_what_is_always_loaded_follows_no_reference_in_a_block_of_code(root: Path) -> None:
    assert analyze(load_library(root), Counting()).always == ("CLAUDE.md", "always.md")


def test_dangling_and_unused_are_told_apart(root: Path) -> None:
    found = analyze(load_library(root), Counting())
    assert [(e.written, e.line) for e in found.dangling] == [("lost.md", 5)]
    assert found.unused == ("parts/never.md",)
    assert found.only_named == ("parts/three.md",)


def test_what_did_not_change_is_not_counted_again(root: Path, tmp_path: Path) -> None:
    cache = CountCache(tmp_path / "cache" / "counts.db")
    first = analyze(load_library(root), Counting(), cache=cache)
    again = Counting()
    assert analyze(load_library(root), again, cache=cache) == first
    assert again.texts == []
    (root / "parts/two.md").write_text("Two and more.")
    changed = analyze(load_library(root), again, cache=cache)
    assert [t for t in again.texts if t in FILES.values()] == []
    assert "Two and more." in again.texts
    assert changed.tokens == first.tokens + 2


def test_a_cache_that_cannot_be_used_changes_nothing(root: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("this is no database, and long enough to look like one " * 20)
    plain = analyze(load_library(root), Counting())
    for path in (tmp_path / "broken.db", tmp_path / "broken.db" / "below.db", Path("/proc/none/c.db")):
        assert analyze(load_library(root), Counting(), cache=CountCache(path)) == plain


def test_runs_cost_what_is_always_loaded_too(root: Path) -> None:
    found = priced(analyze(load_library(root), Counting()), "claude-sonnet-4-5", NOW_NS)
    (run,) = found.runs
    assert run.tokens == 56 + found.analysis.always_tokens
    assert run.window_left == pytest.approx(1 - run.tokens / 200_000)
    assert "1 of 1 prompts are not cached" in found.notes[0]


def test_the_text_shows_the_whole_and_says_what_it_leaves_out(root: Path) -> None:
    found = priced(analyze(load_library(root), Counting()), "claude-sonnet-4-5", NOW_NS)
    text = analysis_text(found)
    for part in ("8 files", "(words)", "/go", "commands/go.md:5", "parts/never.md", "not cached"):
        assert part in text
    assert len(summary(found)) >= 7


def test_many_files_and_one_of_a_megabyte_are_taken(tmp_path: Path) -> None:
    for i in range(300):
        (tmp_path / f"m{i}.md").write_text(f"Module {i}, see m{i + 1}.md\n")
    (tmp_path / "big.md").write_text("One line of a very large prompt that says little.\n\n" * 20_000)
    found = analyze(load_library(tmp_path), Counting())
    assert len(found.files) == 301


@pytest.mark.long
def test_ten_thousand_files_and_one_of_ten_megabytes_are_taken(tmp_path: Path) -> None:
    for i in range(10_000):
        (tmp_path / f"m{i}.md").write_text(f"# Module {i}\n\nRead m{i + 1}.md before {'word ' * 40}{i}.\n")
    (tmp_path / "big.md").write_text("One line of a very large prompt that says little.\n\n" * 200_000)
    found = analyze(load_library(tmp_path), tokenizer())
    assert len(found.files) == 10_001
    assert [e.written for e in found.dangling] == ["m10000.md"]


@pytest.mark.skipif(not LIBRARY.is_dir(), reason="needs the real prompt library")
def test_a_real_library_comes_out_as_it_was_measured() -> None:
    """The closures of feature, protocol and chain were measured by others as 9,157, 9,252 and 9,690."""
    found = analyze(load_library(LIBRARY), BundledTokenizer("cl100k_base"))
    loaded = {e.name: e.hard_tokens for e in found.entries}
    assert (len(found.files), found.tokens, len(found.entries)) == (189, 474_068, 18)
    assert (loaded["/feature"], loaded["/protocol"], loaded["/chain"]) == (9_157, 9_252, 9_690)
    meta = next(e for e in found.entries if e.name == "/meta")
    assert (meta.hard_tokens, meta.route_tokens, meta.conditional_tokens) == (2_325, 8_035, 35_132)
    assert meta.routes == 6
    assert (found.xml_fences, found.xml_faults) == (422, 89)
    assert found.overhead.xml_tags > 0.3 * found.tokens
