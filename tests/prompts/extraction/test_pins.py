"""What binds may not go: by its own words, by what it stands under, or because something needs it."""

import pytest

from homeostat.prompts.extraction.pins import pins
from homeostat.prompts.extraction.structure import structure_of
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.front_matter import read_front_matter


def pinned(text: str) -> dict[str, str]:
    """The text of each pinned unit with its reason."""
    structure = structure_of(text)
    named = references(text, read_front_matter(text), load_styles())
    return {structure.words(i).strip(): r for i, r in pins(structure, [r.start for r in named]).items()}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("You must test.", "constraint"),
        ("**NEVER** push to main.", "constraint"),
        ("Always be kind.", "constraint"),
        ("Do not guess.", "constraint"),
        ("Deploy only when it is green.", "constraint"),
        ('<gate level="mandatory">Tests pass</gate>', "constraint"),
        ("<never>Skip tests</never>", "constraint"),
        ("<must_not>Skip tests</must_not>", "constraint"),
        ("Wait 30 seconds.", "number"),
        ("Coverage is above 90%.", "number"),
        ("- 3 retries", "number"),
        ("Release 2.1 is out.", "number"),
        ("Fix $ARGUMENTS now.", "placeholder"),
        ("Ask {{ user }} first.", "placeholder"),
        ("{{#if user}}", "placeholder"),
        ("{{/if}}", "placeholder"),
        ("{%- endfor %}", "placeholder"),
        ("{# a note #}", "placeholder"),
        ("See `make check` there.", "code"),
        ("Load @rules/safety.md here.", "reference"),
        ("Look into [the rules](rules.md).", "reference"),
        ("Documented at https://example.org/x.", "reference"),
    ],
)
def test_what_binds_is_pinned_with_its_reason(text: str, reason: str) -> None:
    assert pinned(f"# Title\n\nSomething.\n\n{text}\n\nSomething else.\n") == {
        "# Title": "title",
        text: reason,
    }


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Be thorough.",
            "1. Read the file",
            "## 2. Details",
            "Phase 2 begins.",
            '<phase order="2">Go</phase>',
        ),
        *("The requirements are met.", "Mustard is yellow.", "Step 3: rest"),
    ],
)
def test_what_binds_nobody_and_numbers_that_only_count_are_not_pinned(text: str) -> None:
    assert list(pinned(f"# Title\n\n{text}\n")) == ["# Title"]


def test_front_matter_and_code_are_pinned_whole() -> None:
    found = pinned("---\nname: x\n---\n# T\n\n```sh\nls\n\ncd\n```\n")
    assert found["---\nname: x\n---"] == "front matter"
    assert found["```sh\nls\n\ncd\n```"] == "code"


def test_a_constraint_pins_what_it_leads() -> None:
    text = "NEVER:\n- push\n- skip\n  - tests\n\n## Constraints\n\nBe brief.\n\n### Style\n\nBe nice.\n"
    found = pinned(text)
    assert {k for k, v in found.items() if v == "under a constraint"} == {
        "- push",
        "- skip",
        "- tests",
        "Be brief.",
    }


def test_a_constraint_pins_the_rows_of_its_table_and_the_lines_of_its_element() -> None:
    table = "| never |\n|---|\n| push |\n"
    element = "<forbidden>\n  pull\n  <why>\n    it hurts\n  </why>\n</forbidden>\n"
    found = pinned(f"{table}\n{element}")
    assert found["| push |"] == "under a constraint"
    assert found["pull"] == "under a constraint"
    assert "it hurts" not in found


def test_a_constraint_is_pinned_with_both_halves_of_its_sentence() -> None:
    found = pinned("Calls to the public\nGitHub API must have\na token. Then rest.\n")
    assert found == {"Calls to the public\nGitHub API must have\na token.": "constraint"}


def test_a_tag_over_several_lines_stays_whole_and_so_does_one_without_its_other_half() -> None:
    found = pinned('# T\n\n<a\n  x="one"\n  y="two">\nfree\n</a>\n\n<b>\nfree too\n')
    assert list(found) == ["# T", "<a", 'x="one"\n  y="two">', "</a>", "<b>"]
