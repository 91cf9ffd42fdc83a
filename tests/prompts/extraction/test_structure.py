"""A structure holds all of a text, and knows what gives each piece its context."""

import os
import timeit
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.extraction.structure import structure_of
from homeostat.prompts.extraction.unit import Structure
from homeostat.prompts.library.library import load_library

DATA = Path(os.environ.get("HOMEOSTAT_DATA", Path(__file__).parents[3] / "../shared/data"))
REAL = DATA / "prompts" / "modular-v3"
PIECES = st.sampled_from(
    [
        *(
            "# A",
            "## B",
            "Text.",
            "One. Two! Three?",
            "- item",
            "  - nested",
            "1. first",
            "2. second",
            "Label:",
        ),
        *("<a>", "</a>", "<b>x</b>", "<a><b>", "</b></a>", "text</a>", "| a | b |", "|---|---|", "| 1 | 2 |"),
        *("```", "```xml", "~~~md", "    indented", "\tx", "---", "===", "", "", "  ", "────", "{{x}}", "<a"),
        *("You must", "never do it.", "é ü", "\ufeff", "a\rb", "    ```"),
    ]
)
TEXTS = st.one_of(
    st.text(),
    st.builds("\n".join, st.lists(PIECES, max_size=30)),
    st.builds("\r\n".join, st.lists(PIECES, max_size=12)),
    st.builds(lambda t: "---\nname: x\n---\n" + "\n".join(t), st.lists(PIECES, max_size=12)),
)


def tree(text: str) -> list[tuple[str, str, str]]:
    """Each unit as its kind, its text and the text of what gives it its context."""
    structure = structure_of(text)
    return [
        (u.kind, structure.words(i).strip(), structure.words(u.parent).strip() if u.parent >= 0 else "")
        for i, u in enumerate(structure.units)
    ]


def context(text: str, words: str) -> str:
    return next(parent for _, found, parent in tree(text) if found == words)


@given(TEXTS)
def test_units_and_gaps_are_the_text_and_parents_stand_before_their_children(text: str) -> None:
    structure = structure_of(text)
    assert structure.lead + "".join(structure.words(i) + u.gap for i, u in enumerate(structure.units)) == text
    assert structure.without(()) == text
    for index, unit in enumerate(structure.units):
        assert unit.parent < index
        assert not unit.gap.strip()
        assert unit.line == text.count("\n", 0, unit.start) + 1


@pytest.mark.skipif(not REAL.is_dir(), reason="needs the real prompt library")
def test_the_real_library_is_told_apart_and_put_together_again() -> None:
    for module in load_library(REAL).modules.values():
        structure = structure_of(module.text)
        assert structure.without(()) == module.text
        assert len(structure.units) > 1


def test_headings_give_context_to_what_follows_by_their_levels() -> None:
    text = "# A\n\nx.\n\n## B\n\ny.\n\nC\n===\n\nz.\n"
    assert context(text, "x.") == "# A"
    assert context(text, "y.") == "## B"
    assert context(text, "## B") == "# A"
    assert context(text, "z.") == "C\n==="
    assert context(text, "C\n===") == ""


def test_elements_give_context_within_blocks_of_xml_and_without() -> None:
    text = "```xml\n<a n='1'>\n  <b>x</b>\n  <c>\n    y\n  </c>\n</a>\n```\n"
    assert context(text, "<b>x</b>") == "<a n='1'>"
    assert context(text, "y") == "<c>"
    assert context(text, "</c>") == "<c>"
    assert context(text, "<a n='1'>") == "```xml"
    assert tree(text[7:-4])[1:] == [(k, t, "" if p == "```xml" else p) for k, t, p in tree(text)[2:-1]]


def test_a_label_gives_context_to_its_list_and_indentation_to_what_is_deeper() -> None:
    text = "NEVER:\n\n- push\n- skip\n  - tests\n\nOther.\n\nkey:\n  deeper: x\n    deepest\n"
    assert context(text, "- push") == "NEVER:"
    assert context(text, "- tests") == "- skip"
    assert context(text, "Other.") == ""
    assert context(text, "deepest") == "deeper: x"
    assert context(text, "deeper: x") == "key:"


def test_rows_have_the_head_of_their_table() -> None:
    assert context("| a |\n|---|\n| 1 |\n\nx\n", "| 1 |") == "| a |\n|---|"


def test_the_steps_of_a_list_are_one_group_and_those_of_another_list_another() -> None:
    structure = structure_of("1. a\n2. b\n   - c\n3. d\n\nText.\n\n1. e\n2. f\n")
    groups = {structure.words(i).strip(): u.group for i, u in enumerate(structure.units)}
    assert groups["1. a"] == groups["2. b"] == groups["3. d"] >= 0
    assert groups["1. e"] == groups["2. f"] not in {groups["1. a"], -1}
    assert groups["- c"] == groups["Text."] == -1


def test_a_sentence_goes_on_over_the_end_of_its_line() -> None:
    text = "You must never call the\nGitHub API. Then rest,\nand read.\nA line of its own\n"
    found = [words for _, words, _ in tree(text)]
    assert found == ["You must never call the\nGitHub API.", "Then rest,\nand read.", "A line of its own"]
    wrapped = "Calls to the public\nGitHub API must\nNever be made.\n"
    assert [words for _, words, _ in tree(wrapped)] == [wrapped.rstrip()]
    listed = "Calls are made\nGitHub is asked\nAnswers are read\n"
    assert [words for _, words, _ in tree(listed)] == listed.splitlines()


def test_code_is_one_unit_even_where_it_is_indented_too_far_for_markdown() -> None:
    text = "- a\n\n      ```sh\n      ls\n\n      cd\n      ```\n- b\n```py\nx = 1\n# no heading\n```\n"
    kinds = [(kind, words.count("\n")) for kind, words, _ in tree(text)]
    assert kinds == [("item", 0), ("code", 4), ("item", 0), ("code", 3)]


def test_elements_that_cannot_be_told_apart_are_one_unit() -> None:
    text = "before\n<a><b>\nx\n</b></a>\nafter\n"
    assert [words for _, words, _ in tree(text)] == ["before", "<a><b>\nx\n</b></a>", "after"]


def test_what_goes_leaves_paragraphs_apart_and_no_gap_at_either_end() -> None:
    def left(text: str, *gone: str) -> str:
        structure: Structure = structure_of(text)
        return structure.without(
            {i for i in range(len(structure.units)) if structure.words(i).strip() in gone}
        )

    assert left("A. B.\n\nC. D.\n", "B.", "C.") == "A.\n\nD.\n"
    assert left("A.\n\nB.\n\nC.\n", "A.", "C.") == "B.\n"
    assert left("- a\n- b\n\nText.\n", "- b") == "- a\n\nText.\n"
    assert left("A.\n", "A.") == ""


def test_the_time_grows_with_the_text_and_not_faster() -> None:
    def seconds(lines: int) -> float:
        texts = ("<a>\n" * lines + "</a>\n" * lines, "Label:\n" * lines, "1. x\n" * lines, "<x>\n" * lines)
        return min(
            timeit.repeat(lambda: [structure_of(t) for t in texts], timer=process_time, number=1, repeat=3)
        )

    assert seconds(4_000) < 16 * seconds(1_000)
