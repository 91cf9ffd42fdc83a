"""What is said to have lost nothing must expand to what it was."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module
from homeostat.prompts.proof.claims import Claims, Edit
from homeostat.prompts.proof.verification import verify

CHECK = "texts that expand to what they were"
STEPS = "```xml\n<steps>\n  <step>Read it</step>\n  <step>Then write</step>\n</steps>\n```\n"
BEFORE = {
    "commands/go.md": "# Go\n\n@part.md\n\nProse that binds nobody.\n",
    "part.md": f"{STEPS}\n| a    | b |\n|------|---|\n| 1    | 2 |\n",
}
LEAN = "```outline\nsteps::\nstep: Read it\n- Then write\n```\n\na | b\n-|-\n1 | 2\n"
NOTHING = Claims()


def library(files: Mapping[str, str]) -> Library:
    modules = {p: Module(p, t, t.encode(), len(t.encode()), "utf-8") for p, t in sorted(files.items())}
    return Library(Path(), modules, {}, ())


def missing(after: Mapping[str, str], claims: Claims | None = NOTHING) -> list[str]:
    found = verify(library(BEFORE), library(after), load_styles(), claims)
    return [f"{m.path}: {m.text}" for c in found.checks if c.name == CHECK for m in c.missing]


def test_compact_forms_are_what_they_were() -> None:
    assert missing(BEFORE | {"part.md": LEAN}) == []


@pytest.mark.parametrize(
    ("part", "said"),
    [
        (LEAN.replace("Read it", "Read them"), "was 'it Then write a | b 1 |"),
        (LEAN.replace("step: Read it\n- Then", "step: Read it\nlast: Then"), "but not what they are in"),
        (LEAN.replace("- Then write", " - Then write"), ""),
        (LEAN.replace("```outline", "```text"), ""),
        (LEAN.replace("1 | 2", "2 | 1"), "was '1 | 2', is '2 | 1'"),
        (LEAN + "\nMore.\n", "was '', is 'More.'"),
    ],
)
def test_a_difference_is_told(part: str, said: str) -> None:
    (found,) = missing(BEFORE | {"part.md": part})
    assert found.startswith("part.md: ")
    assert said in found


def test_without_claims_prose_may_go_and_with_them_it_may_not() -> None:
    shorter = BEFORE | {"commands/go.md": "# Go\n\n@part.md\n"}
    assert missing(shorter, None) == []
    assert missing(shorter)
    assert missing(shorter, Claims(lossy=("commands/go.md",))) == []
    cheat = Claims((Edit("commands/go.md", 5, "Prose that binds nobody.", ""),))
    assert missing(shorter, cheat) == [
        "commands/go.md: is no reference, but reads otherwise: Prose that binds nobody."
    ]


def test_a_module_may_be_gone_where_its_text_stands_in_another() -> None:
    whole = {"commands/go.md": BEFORE["commands/go.md"].replace("@part.md", LEAN)}
    claims = Claims((Edit("commands/go.md", 3, "@part.md", LEAN),))
    assert missing(whole, claims) == []
    assert missing({"commands/go.md": "# Go\n\nProse that binds nobody.\n"}, claims)


def test_a_passage_that_is_told_is_read_back() -> None:
    rules = "Some rules that stand in two places, as rules of this kind often do."
    before = {"a.md": f"{rules}\n\nBetween.\n\n{rules}\n"}
    after = {"a.md": f'{rules}\n\nBetween.\n\n(as above: "Some rules that stand")\n'}
    found = verify(library(before), library(after), load_styles(), Claims())
    assert found.holds
    after = {"a.md": f'{rules}\n\nBetween.\n\n(as above: "Other rules")\n'}
    assert not verify(library(before), library(after), load_styles(), Claims()).holds
