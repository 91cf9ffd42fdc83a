"""White space goes only where nothing of it shows."""

from collections.abc import Callable, Mapping

import pytest

from homeostat.prompts.library.canonical import canonical
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.white_space import WhiteSpace

Drafted = Callable[[Mapping[str, str]], Draft]


def tightened(drafted: Drafted, text: str, path: str = "a.md") -> str:
    draft = drafted({path: text})
    changes = WhiteSpace().propose(draft).changes
    made = draft.changed({p: t for c in changes for p, t in c.texts.items()})
    assert canonical(made.library.modules[path]) == canonical(draft.library.modules[path])
    return made.library.modules[path].text


@pytest.mark.parametrize(
    ("text", "tight"),
    [
        ("A line. \nMore.\t\n", "A line.\nMore.\n"),
        ("One.\n\n\n\nTwo.\n", "One.\n\nTwo.\n"),
        ("A break.   \nAfter it.\n", "A break.  \nAfter it.\n"),
        ("-   a\n-   b\n", "- a\n- b\n"),
        ("One.\n\n----------\n\nTwo.\n", "One.\n\n---\n\nTwo.\n"),
        ("| a   | b |\n|-----|:-:|\n| 1   | 2 |\n", "a | b\n-|:-:\n1 | 2\n"),
        ("| a   | b |\n|-----|---|\n|     | 2 |\n", "a | b\n-|-\n| | 2 |\n"),
        ("| a \\| b  |\n|-----|\n| 1   |\n", "| a \\| b |\n|-|\n| 1 |\n"),
    ],
)
def test_what_does_not_show_goes(drafted: Drafted, text: str, tight: str) -> None:
    assert tightened(drafted, text) == tight


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.md", "```text\nx   \n\n\n\ny\n```\n"),
        ("a.md", "---\nname:   x   \n---\nText.\n"),
        ("a.md", "{% if x %}\n\n\n\nText. \n{% endif %}\n"),
        ("a.txt", "| a   | b |\n|-----|---|\n| 1   | 2 |\n"),
        ("a.md", "|--------|-----|\n| no    | head |\n"),
        ("a.md", "    code   \n\n\n\n    more\n"),
    ],
)
def test_what_may_show_stays(drafted: Drafted, path: str, text: str) -> None:
    assert tightened(drafted, text, path) == text
