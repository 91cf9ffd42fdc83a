"""Sections that bind nobody wait in modules of their own, and nothing else moves."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.library import load_library
from homeostat.prompts.optimize.draft import Counts, Draft
from homeostat.prompts.planning.sections import SectionsOnDemand, sections
from homeostat.prompts.proof.verification import verify

FACTS = "The tool has a part for this and one for that, as it was built. " * 20


class Words:
    """A tokenizer for which a word is a token."""

    name = "words"

    def count(self, text: str) -> int:
        return len(text.split())


def draft(root: Path, files: dict[str, str]) -> Draft:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    return Draft(load_library(root), load_styles(), Counts(Words()))


CLAUDE = (
    "Before all.\n\n"
    f"# Facts 🚀\n\n{FACTS}\n\n"
    f"# Rules\n\nNEVER push to main. {FACTS}\n\n"
    f"## Links\n\nSee docs/a.md for more. {FACTS}\n\n"
    f"## Gone\n\nSee docs/gone.md for more. {FACTS}\n\n"
    f"# Loaded\n\n@docs/a.md {FACTS}\n\n"
    f"# Short\n\nA word.\n\n"
    f"```md\n# No heading\n```\n\n# Facts\n\n{FACTS}"
)
FILES = {"CLAUDE.md": CLAUDE, "docs/a.md": "A.", ".claude/commands/go.md": "Go."}


def test_what_binds_includes_or_would_break_stays(tmp_path: Path) -> None:
    before = draft(tmp_path, FILES)
    (change,) = SectionsOnDemand().propose(before).changes
    assert set(change.texts) == {
        "CLAUDE.md",
        ".claude/on-demand/facts.md",
        ".claude/on-demand/links.md",
        ".claude/on-demand/facts-2.md",
    }
    text = change.texts["CLAUDE.md"]
    assert text.startswith(
        "Before all.\n\n# Facts 🚀\nRead `.claude/on-demand/facts.md` when this is needed.\n"
    )
    for kept in ("NEVER push to main", "docs/gone.md", "@docs/a.md", "# Short\n\nA word.", "# No heading"):
        assert kept in text
    assert "See docs/a.md" in change.texts[".claude/on-demand/links.md"]


def test_the_library_verifies_and_every_command_loads_less(tmp_path: Path) -> None:
    before = draft(tmp_path, FILES)
    (change,) = SectionsOnDemand().propose(before).changes
    after = before.changed(change.texts)
    assert verify(before.library, after.library, before.styles).holds
    assert after.weight.always < 0.7 * before.weight.always
    assert {e.target for e in after.understood.graph.edges if e.source == "CLAUDE.md"} > set(change.texts) - {
        "CLAUDE.md"
    }


def test_it_is_done_once_only_and_not_where_there_is_nothing_to_do(tmp_path: Path) -> None:
    before = draft(tmp_path, FILES)
    after = before.changed(SectionsOnDemand().propose(before).changes[0].texts)
    assert SectionsOnDemand().propose(after).changes == ()
    assert SectionsOnDemand.lossless is False  # so it runs only where it is asked for


def test_line_ends_stay(tmp_path: Path) -> None:
    before = draft(tmp_path, {**FILES, "CLAUDE.md": CLAUDE.replace("\n", "\r\n")})
    (change,) = SectionsOnDemand().propose(before).changes
    assert all(t.count("\n") == t.count("\r\n") for t in change.texts.values())


@given(st.text(alphabet="#a `~\n\r", max_size=200))
def test_sections_lie_one_after_another_up_to_the_end(text: str) -> None:
    found = list(sections(text))
    for section in found:
        assert section.start < section.body <= section.end
        assert text[section.start] == "#"
    assert [s.end for s in found] == [*(s.start for s in found[1:]), len(text)][: len(found)]
