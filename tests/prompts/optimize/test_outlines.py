"""XML becomes an outline where it can be read back and nobody is asked to write such XML."""

from collections.abc import Callable, Mapping

import pytest

from homeostat.prompts.library.canonical import canonical
from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.outlines import Outlines

Drafted = Callable[[Mapping[str, str]], Draft]

XML = (
    "<steps>\n  <step>Read what is there first</step>\n  <step>You must run all tests</step>\n"
    '  <limits unit="minutes">\n    <build>20</build>\n  </limits>\n</steps>\n'
)


def converted(drafted: Drafted, text: str, path: str = "a.md") -> str:
    draft = drafted({path: text})
    changes = Outlines().propose(draft).changes
    made = draft.changed({p: t for c in changes for p, t in c.texts.items()})
    assert canonical(made.library.modules[path]) == canonical(draft.library.modules[path])
    return made.library.modules[path].text


def test_a_block_of_xml_becomes_an_outline(drafted: Drafted) -> None:
    assert converted(drafted, f"# A\n\n```xml\n{XML}```\n\nEnd.\n") == (
        "# A\n\n```outline\nsteps::\nstep: Read what is there first\n- You must run all tests\n"
        "limits unit=minutes:\n build: 20\n```\n\nEnd.\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "```xml\n<a>coverage < 90% is too little for all of us</a>\n```\n",
        "```xml\n<a><b>never closed at all, whatever one does</a>\n```\n",
        f"Respond in this format:\n\n```xml\n{XML}```\n",
        f"```html\n{XML}```\n",
        f"{XML}\n",
        f"```outline\nsteps: there already\n```\n\n```xml\n{XML}```\n",
        "```xml\n<a/>\n```\n",
    ],
)
def test_other_blocks_stay_as_they_are(drafted: Drafted, text: str) -> None:
    assert converted(drafted, text) == text


def test_line_ends_stay(drafted: Drafted) -> None:
    text = f"# A\n\n```xml\n{XML}```\n".replace("\n", "\r\n")
    made = converted(drafted, text)
    assert "outline" in made
    assert made.count("\n") == made.count("\r\n")


def test_a_line_that_would_close_the_block_lengthens_its_marks(drafted: Drafted) -> None:
    code = "    ```\n    some code of several words\n    ```\n"
    inner = f"<a>\n  <first_part_of_it>\n{code}  </first_part_of_it>\n</a>\n"
    made = converted(drafted, f"```xml\n{inner}```\n\nAfter.\n")
    assert made.startswith("````outline\n")
    assert made.endswith("````\n\nAfter.\n")


def test_references_in_an_outline_are_those_of_the_xml(drafted: Drafted) -> None:
    text = (
        "```xml\n<command_flow>\n  <delegation_target>parts/engine.md</delegation_target>\n"
        "  <routes>\n    <routes_to>@parts/one.md</routes_to>\n    <routes_to>@parts/two.md</routes_to>\n"
        "  </routes>\n</command_flow>\n```\n"
    )
    parts = {f"parts/{name}.md": name for name in ("engine", "one", "two")}
    before = drafted({"commands/go.md": text, **parts})
    after = before.changed(Outlines().propose(before).changes[0].texts)
    assert "outline" in after.library.modules["commands/go.md"].text

    def edges(draft: Draft) -> set[tuple[str | None, str, str]]:
        return {(e.target, e.kind, e.style) for e in draft.understood.graph.edges}

    assert edges(after) == edges(before)
    assert len(edges(after)) == 3


def test_what_stays_is_said(drafted: Drafted) -> None:
    draft = drafted({"a.md": f"```xml\n<a>\n```\n\nReturn this:\n\n```xml\n{XML}```\n"})
    notes = Outlines().propose(draft).notes
    assert notes == (
        "1 blocks of XML are malformed and stay as they are",
        "1 blocks of XML show the form of an answer and stay as they are",
    )


def test_an_outline_that_was_damaged_is_left_as_text() -> None:
    text = "```outline\n  steps: x\n- y\n```\n"
    assert expanded(text) == text
