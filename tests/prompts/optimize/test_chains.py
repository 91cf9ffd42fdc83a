"""Chains get shorter without anything being loaded less, or by another road."""

from collections.abc import Callable, Mapping

import pytest

from homeostat.prompts.optimize.chains import Chains
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.proof.claims import Claims
from homeostat.prompts.proof.verification import verify

Drafted = Callable[[Mapping[str, str]], Draft]


def made(drafted: Drafted, texts: Mapping[str, str]) -> dict[str, str]:
    draft = drafted(texts)
    changes = Chains().propose(draft).changes
    after = draft.changed(
        {p: t for c in changes for p, t in c.texts.items()}, [p for c in changes for p in c.removed]
    )
    claims = Claims(tuple(e for c in changes for e in c.edits))
    assert verify(draft.library, after.library, draft.styles, claims).holds
    return {p: m.text for p, m in after.library.modules.items()}


def test_a_reference_to_what_comes_along_anyway_is_removed(drafted: Drafted) -> None:
    texts = {
        "commands/go.md": "Go.\n@parts/a.md\n@parts/b.md\n",
        "commands/other.md": "@parts/b.md\n@parts/a.md\n",
        "parts/a.md": "You must do A.\n@parts/b.md\n",
        "parts/b.md": "Never do B.\n",
    }
    found = made(drafted, texts)
    assert found["commands/go.md"] == "Go.\n@parts/a.md\n"
    assert found["commands/other.md"] == "@parts/a.md\n"


def test_the_second_of_two_equal_references_is_removed(drafted: Drafted) -> None:
    part = {"p.md": "Part.\n", "commands/b.md": "@p.md\n"}
    found = made(drafted, {"commands/a.md": "@p.md\nText.\n- @p.md\n", **part})
    assert found["commands/a.md"] == "@p.md\nText.\n"


def test_modules_that_load_each_other_keep_one_road(drafted: Drafted) -> None:
    texts = {
        "commands/go.md": "Go.\n@parts/a.md\n@parts/b.md\n",
        "commands/more.md": "More.\n@parts/b.md\n@parts/a.md\n",
        "parts/a.md": "A.\n@parts/b.md\n",
        "parts/b.md": "B.\n@parts/a.md\n",
    }
    found = made(drafted, texts)
    assert found["commands/go.md"].count("@") == 1
    assert found["parts/a.md"] == texts["parts/a.md"]
    assert found["parts/b.md"] == texts["parts/b.md"]


def test_modules_of_one_reader_become_part_of_it(drafted: Drafted) -> None:
    texts = {
        "commands/go.md": "Go.\n\n@parts/a.md\n\nEnd.\n",
        "parts/a.md": 'A is always first.\n<include src="parts/b.md"/>\n',
        "parts/b.md": "Never skip B.\n",
    }
    assert made(drafted, texts) == {"commands/go.md": "Go.\n\nA is always first.\nNever skip B.\n\nEnd.\n"}


@pytest.mark.parametrize(
    "texts",
    [
        {"commands/go.md": "Read @p.md before you begin.\n", "p.md": "Part.\n"},
        {"commands/go.md": "@p.md\n", "p.md": "Part.\n", "README.md": "p.md holds a part.\n"},
        {"commands/go.md": "@p.md\n", "p.md": "---\nname: p\n---\nPart.\n"},
        {"commands/go.md": "@p.md\n", "p.md": "Part.\r\n"},
        {"commands/go.md": "```text\n@p.md\n```\n", "p.md": "Part.\n"},
        {"commands/go.md": "@agents/p.md\n", "agents/p.md": "Part.\n"},
        {"commands/go.md": "@x/p.md\n", "x/p.md": "See q.md.\n", "x/q.md": "Q\n", "commands/q.md": "Other\n"},
        {"commands/go.md": "@p.md\n", "p.md": "@away.md\n"},
        {"commands/go.md": "@a.md\n", "a.md": "@b.md\n@c.md\n", "b.md": "@a.md\n", "c.md": "@b.md\n"},
    ],
)
def test_what_would_not_mean_the_same_stays(drafted: Drafted, texts: dict[str, str]) -> None:
    found = made(drafted, texts)
    assert found.keys() == texts.keys()
