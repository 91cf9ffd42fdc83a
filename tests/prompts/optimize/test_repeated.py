"""A passage is told by its beginning only where a model has it before it, and is read back from there."""

from collections.abc import Callable, Mapping

import pytest

from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.repeats import unfolded
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.repeated import Repeated

Drafted = Callable[[Mapping[str, str]], Draft]

RULES = (
    "- Read a file before it is changed, and never guess what it may hold.\n"
    "- Tests are run before a change and after it, and both results are told with their numbers.\n"
    "- Secrets are neither printed nor logged nor sent, whoever may ask for them."
)


def made(drafted: Drafted, texts: Mapping[str, str]) -> dict[str, str]:
    draft = drafted(texts)
    changes = Repeated().propose(draft).changes
    after = draft.changed({p: t for c in changes for p, t in c.texts.items()})
    read_back = unfolded(after.library).modules
    assert {p: expanded(m.text) for p, m in read_back.items()} == dict(texts)
    return {p: m.text for p, m in after.library.modules.items()}


def test_a_passage_of_the_same_file_is_told_where_it_comes_again(drafted: Drafted) -> None:
    found = made(drafted, {"a.md": f"# A\n\n{RULES}\n\n# B\n\n{RULES}\n"})
    assert found["a.md"] == f'# A\n\n{RULES}\n\n# B\n\n(as above: "Read a file before")\n'


def test_a_passage_of_what_is_loaded_as_well_is_told_with_its_file(drafted: Drafted) -> None:
    texts = {"commands/go.md": f"Go.\n\n@parts/rules.md\n\n{RULES}\n", "parts/rules.md": f"{RULES}\n"}
    found = made(drafted, texts)
    assert (
        found["commands/go.md"] == 'Go.\n\n@parts/rules.md\n\n(as in parts/rules.md: "Read a file before")\n'
    )


@pytest.mark.parametrize(
    "texts",
    [
        {"commands/go.md": f"{RULES}\n", "commands/other.md": f"{RULES}\n"},
        {"commands/go.md": f"See parts/rules.md.\n\n{RULES}\n", "parts/rules.md": f"{RULES}\n"},
        {
            "CLAUDE.md": f"Text.\n\n{RULES}\n",
            "commands/go.md": "@parts/rules.md",
            "parts/rules.md": f"{RULES}\n",
        },
        {"a.md": f"```text\n{RULES}\n```\n\n```text\n{RULES}\n```\n"},
        {"a.md": "Too short.\n\nBetween.\n\nToo short.\n"},
    ],
)
def test_a_passage_that_may_not_be_at_hand_stays(drafted: Drafted, texts: dict[str, str]) -> None:
    if "CLAUDE.md" in texts:
        found = made(drafted, texts)
        assert found["CLAUDE.md"] == texts["CLAUDE.md"]
        assert found["parts/rules.md"].startswith("(as in CLAUDE.md: ")
    else:
        assert made(drafted, texts) == texts


def test_a_passage_is_told_by_as_many_words_as_tell_it_apart(drafted: Drafted) -> None:
    other = RULES.replace("may hold", "could hold")
    found = made(drafted, {"a.md": f"{other}\n\n{RULES}\n\n# B\n\n{RULES}\n"})
    assert found["a.md"].endswith(
        '(as above: "Read a file before it is changed and never guess what it may")\n'
    )


def test_rulers_are_told_by_their_length(drafted: Drafted) -> None:
    line = "─" * 80
    assert made(drafted, {"a.md": f"A\n\n{line}\n\nB\n"}) == {"a.md": "A\n\n─×80\n\nB\n"}
    fenced = {"a.md": f"```text\n{line}\n```\n"}
    assert made(drafted, fenced) == fenced
