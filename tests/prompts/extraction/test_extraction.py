"""A cut keeps what binds whatever the budget, and of the rest what is central."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.prompts.extraction.budget import Budget, Scope, budget
from homeostat.prompts.extraction.cut import Cut
from homeostat.prompts.extraction.extraction import Extractor
from homeostat.prompts.extraction.extraction_pass import DROPPED_FILE, ExtractionPass
from homeostat.prompts.extraction.passage import dropped_passages
from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.library import Library, load_library
from homeostat.prompts.library.module import Module
from homeostat.prompts.optimize.draft import Counts, Draft
from homeostat.prompts.proof.verification import verify
from homeostat.prompts.tokens.tokenizer import tokenizer

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data"))
REAL = DATA / "prompts" / "modular-v3"
PIECES = st.sampled_from(
    [
        *(
            "# A",
            "## B",
            "Plain words.",
            "You must do it. Then rest.",
            "- NEVER push",
            "  - nested",
            "1. one",
        ),
        *("2. wait 5 min", "Label:", "<a>", "</a>", "<b>x is 3</b>", "<a><b>", "</b></a>", "text</a>", ""),
        *("| a | b |", "|---|---|", "| 1 | always |", "```", "```xml", "~~~md", "    in 7 s", "---", "==="),
        *(
            "{{x}} goes here",
            "$ARGUMENTS",
            "@b.md",
            "see b.md",
            "<a",
            "It is 90% done; more",
            "never",
            "<p n=",
        ),
        *("/>", "- **Do not** stop", "**bold", "over** lines", "> quoted 12", "&lt;a&gt; must", "a='4'", ""),
    ]
)
TEXTS = st.builds("\n".join, st.lists(PIECES, max_size=40))


def words(text: str) -> int:
    return len(text.split())


def library(files: Mapping[str, str]) -> Library:
    modules = {p: Module(p, t, t.encode(), len(t.encode()), "utf-8") for p, t in sorted(files.items())}
    return Library(Path(), modules, {}, ())


def draft(files: Mapping[str, str]) -> Draft:
    return Draft(library(files), load_styles(), Counts(tokenizer()))


def uncut(text: str, seed: int = 0) -> Cut:
    return Extractor(load_styles(), words, lambda o: [(7 * i + seed) % 5 for i in range(len(o.units))]).cut(
        text
    )


def everything(text: str) -> Cut:
    """A text from which all goes that may."""
    cut = uncut(text)
    while cut.drop():
        pass
    return cut


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS, st.integers(0, 4), st.integers(0, 60))
def test_nothing_that_is_verified_goes_at_any_point_of_any_cut(text: str, seed: int, steps: int) -> None:
    cut = uncut(text, seed)
    for _ in range(steps):
        cut.drop()
    before, after = (library({"a.md": t, "b.md": "b"}) for t in (text, cut.text()))
    found = verify(before, after, load_styles())
    lost = {c.name: [str(m) for m in c.missing] for c in found.checks if not c.holds}
    assert not lost


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(TEXTS)
def test_what_stays_and_what_is_listed_as_dropped_are_all_words_of_the_text(text: str) -> None:
    cut = everything(text)
    listed = " ".join(p.text for p in dropped_passages("a.md", cut))
    assert sorted((cut.text() + " " + listed).split()) == sorted(text.split())
    for passage in dropped_passages("a.md", cut):
        lines = text.split("\n")[passage.first - 1 : passage.last]
        assert passage.text in "\n".join(lines)


def test_frames_go_with_what_stood_in_them_and_lists_of_steps_as_a_whole() -> None:
    text = "# T\n\n## A\n\nPlain.\n\n<x>\n  <y>\n    z\n  </y>\n</x>\n\n1. a\n2. b\n\n## B\n\nYou must 1 2.\n"
    assert everything(text).text() == "# T\n\n## B\n\nYou must 1 2.\n"
    kept = everything("Steps:\n1. read\n2. you must write\n3. rest\n").text()
    assert kept == "Steps:\n1. read\n2. you must write\n3. rest\n"


def test_what_gives_a_constraint_its_context_stays() -> None:
    text = "# T\n\n## Deploy\n\n<prod>\n  <on>\n    Always ask.\n    Be nice.\n  </on>\n</prod>\n"
    assert everything(text).text() == text.replace("    Be nice.\n", "")


def test_a_number_that_only_counts_stays_in_one_place() -> None:
    assert everything("# T\n\nBegin phase 9.\n\nEnd phase 9.\n").text().count("9") == 1


def test_the_least_central_goes_first() -> None:
    text = (
        "# T\n\nDeploy and test and review.\n\nTest the deploy.\n\nReview the deploy.\n\nLunch menus vary.\n"
    )
    cut = Extractor(load_styles(), words).cut(text)
    cut.drop()
    assert "Lunch" not in cut.text()
    while "Test the" in cut.text() or "Review the" in cut.text():
        assert "Deploy and test" in cut.text()
        cut.drop()


def test_each_module_keeps_its_budget_or_is_said_not_to() -> None:
    texts = {
        "free.md": "# T\n\n" + "\n\n".join(f"Plain words {'x' * n}." for n in range(40)),
        "bound.md": "# T\n\n" + "\n\n".join(f"You must do {'x' * n}." for n in range(40)),
        "small.md": "Hi.\n",
    }
    count = tokenizer().count
    found = Extractor(load_styles(), count).by_module(texts, Budget(tokens=60))
    assert list(found.cuts) == ["free.md"]
    assert 40 < count(found.cuts["free.md"].text()) <= 60
    (exceeded,) = found.exceeded
    assert exceeded.name == "bound.md"
    assert exceeded.tokens == count(texts["bound.md"])
    assert "may not be dropped" in str(exceeded)


def test_what_commands_load_shares_a_budget_and_what_none_loads_is_left() -> None:
    plain = "\n\n".join(f"Plain words {n * 'y'} about deploys." for n in range(30))
    files = {
        "commands/a.md": f"# A\n\n@shared.md\n@own.md\n\n{plain}\n",
        "commands/b.md": "# B\n\n@shared.md\n",
        "shared.md": f"# S\n\n{plain}\n",
        "own.md": f"# O\n\n{plain}\n",
        "unused.md": f"# U\n\n{plain}\n",
    }
    before = draft(files)
    proposal = ExtractionPass(Budget(tokens=300, per="command")).propose(before)
    after = before.changed({p: t for c in proposal.changes for p, t in c.texts.items()})
    loaded = {e.name: sum(map(after.tokens, after.closure(e))) for e in after.understood.entries}
    assert 250 < loaded["/a"] <= 300
    assert loaded["/b"] <= 300
    assert after.library.modules["unused.md"].text == files["unused.md"]


def test_what_was_dropped_is_written_down_by_module_and_line() -> None:
    text = "# T\n\nPlain words.\n\nYou must.\n\nMore\nplain words.\n"
    before = draft({"a.md": text})
    proposal = ExtractionPass(Budget(ratio=0.1)).propose(before)
    assert proposal.changes[0].texts == {"a.md": "# T\n\nYou must.\n"}
    listed = proposal.files[DROPPED_FILE].decode()
    count = tokenizer().count
    before_tokens, after_tokens = count(text), count("# T\n\nYou must.\n")
    assert f"a.md: {before_tokens} -> {after_tokens} tokens" in listed
    assert "--- line 3\nPlain words.\n" in listed
    assert "--- lines 7 to 8\nMore\nplain words.\n" in listed
    assert "may not be dropped" in listed
    assert proposal.notes[1].startswith("1 budgets could not be kept")
    assert proposal.notes[2].startswith("likeness: median")
    assert proposal.notes[0] == f"2 passages dropped, listed in {DROPPED_FILE}"


def test_a_library_within_its_budget_is_left_alone() -> None:
    proposal = ExtractionPass(Budget(tokens=100)).propose(draft({"a.md": "Plain.\n"}))
    assert (proposal.changes, proposal.files, proposal.notes) == ((), {}, ())


@pytest.mark.parametrize("text", ["0", "1.5", "-1", "nan", "inf", "half", ""])
def test_a_budget_that_is_neither_a_ratio_nor_tokens_is_an_error(text: str) -> None:
    with pytest.raises(ConfigError):
        budget(text)


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real prompt library")
@pytest.mark.parametrize(
    ("folder", "per"),
    [
        (".claude/system/quality", "module"),
        pytest.param("", "module", marks=pytest.mark.long),
        pytest.param("", "command", marks=pytest.mark.long),
    ],
)
def test_the_real_library_is_cut_and_still_says_all_that_binds(folder: str, per: Scope) -> None:
    before = Draft(load_library(REAL / folder), load_styles(), Counts(tokenizer()))
    proposal = ExtractionPass(Budget(ratio=0.3, per=per)).propose(before)
    after = before.changed({p: t for c in proposal.changes for p, t in c.texts.items()})
    assert verify(before.library, after.library, load_styles()).holds
    assert after.weight.loaded < 0.6 * before.weight.loaded
