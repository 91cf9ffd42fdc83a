"""Each way to name another module is found once, with its kind and its line."""

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.styles import load_styles
from homeostat.prompts.library.fences import fences, xml_fault
from homeostat.prompts.library.front_matter import read_front_matter


def found(text: str) -> list[tuple[str, str]]:
    return [(r.target, r.edge) for r in references(text, read_front_matter(text), load_styles())]


@pytest.mark.parametrize(
    ("text", "target", "edge"),
    [
        ("@.claude/modules/a.md", ".claude/modules/a.md", "hard"),
        ('<include src="core/rules.md"/>', "core/rules.md", "hard"),
        ("<include>core/rules.md</include>", "core/rules.md", "hard"),
        ("<include>core/rules</include>", "core/rules", "hard"),
        ('{% include "parts/a.j2" %}', "parts/a.j2", "hard"),
        ("{{> parts/header }}", "parts/header", "hard"),
        ("!include shared/tone.txt", "shared/tone.txt", "hard"),
        ("![[persona]]", "persona", "hard"),
        ("<delegation_target>patterns/tdd.md</delegation_target>", "patterns/tdd.md", "hard"),
        ('<delegation target="system/x.md">', "system/x.md", "hard"),
        ("<routes_to>@.claude/modules/a.md</routes_to>", ".claude/modules/a.md", "conditional"),
        ('<conditional module="quality/a.md" condition="x"/>', "quality/a.md", "conditional"),
        ("<module>quality/a.md - first</module>", "quality/a.md", "conditional"),
        ('<uses_pattern from="patterns/a.md">x</uses_pattern>', "patterns/a.md", "conditional"),
        ("see [the guide](references/guide.md#part)", "references/guide.md", "conditional"),
        ("Read `references/api.md` first", "references/api.md", "conditional"),
        ("Delegate to planning/a.md", "planning/a.md", "conditional"),
        ("{{#include parts/a.md:2:5}}", "parts/a.md", "hard"),
        ('{{ include "parts/a.md" }}', "parts/a.md", "hard"),
        ('@import "parts/a.md"', "parts/a.md", "hard"),
        (":::include parts/a.md", "parts/a.md", "hard"),
        ("include::parts/a.md[]", "parts/a.md", "hard"),
        ('--8<-- "parts/a.md"', "parts/a.md", "hard"),
        ("<!-- @include parts/a.md -->", "parts/a.md", "hard"),
        ("{file:parts/a.md}", "parts/a.md", "hard"),
        ("#file:../a.md", "../a.md", "hard"),
        ('<include src="my parts/a.md"/>', "my parts/a.md", "hard"),
        ("@parts\\a.md", "parts\\a.md", "hard"),
        ("@Guide.MD", "Guide.MD", "hard"),
        ("[a](my%20parts/a.md)", "my%20parts/a.md", "conditional"),
        ("[a](mdc:rules/a.mdc)", "rules/a.mdc", "conditional"),
        ("[a]: parts/a.md", "parts/a.md", "conditional"),
        ("see notes.md.", "notes.md", "conditional"),
        ("**Read** `references/api.md` first", "references/api.md", "conditional"),
        ("**See**: references/api.md", "references/api.md", "conditional"),
        ("<integration_points>\n<gates>@a/b.md</gates>\n</integration_points>", "a/b.md", "conditional"),
        ("<integration_points></integration_points>\n<gates>@a/b.md</gates>", "a/b.md", "hard"),
        ("<integration_points>\n<gates>@a/b.md</gates>", "a/b.md", "hard"),
        ("- patterns/a.md for chaining", "patterns/a.md", "mention"),
        ("**a.md**", "a.md", "mention"),
        ("---\nincludes:\n  - core/a.md\n---\n", "core/a.md", "hard"),
        ("---\nreferences: [a.md]\n---\n", "a.md", "conditional"),
    ],
)
def test_a_way_to_name_a_module_is_known(text: str, target: str, edge: str) -> None:
    assert found(text) == [(target, edge)]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/guide.md",
        "[category]/[name].md",
        "docs/*.md",
        "mail me@example.com",
        "<include>All tests that matter, and more</include>",
        "notes.mdx2",
        "a .md file",
        "notes.md.bak",
        r"notes\.md$",
    ],
)
def test_what_names_no_module_is_no_reference(text: str) -> None:
    assert found(text) == []


def test_lines_are_counted_from_one() -> None:
    text = "first\n@a.md\n\nsee b.md and c.md\n"
    numbers = [(r.target, r.line) for r in references(text, read_front_matter(text), load_styles())]
    assert numbers == [("a.md", 2), ("b.md", 4), ("c.md", 4)]


@given(st.text(alphabet="ab/.@md{}[]<>\n -`\"'", max_size=120))
def test_what_is_found_stands_in_the_text_and_once(text: str) -> None:
    places = references(text, read_front_matter(text), load_styles())
    assert len({r.start for r in places}) == len(places)
    for reference in places:
        assert text[reference.start :].lstrip().startswith(reference.target)
        assert reference.line == text.count("\n", 0, reference.start) + 1


def test_a_long_line_without_blanks_takes_linear_time() -> None:
    for text in ("a" * 2_000_000 + " " + "b/" * 500_000 + "c.md", "a" + ".md" * 1_000_000):
        began = time.process_time()
        assert len(found(text)) == 1
        assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[reference]]\nname = "x"\nedge = "soft"\nbefore = "a"', "the edge 'soft'"),
        ('[[reference]]\nname = "x"\nedge = "hard"', "one of before, pattern"),
        ('[[reference]]\nname = "x"\nedge = "hard"\nbefore = "("', "cannot be used"),
        ('[[reference]]\nname = "x"\nedge = "hard"\nbefore = "a"\none_of = true', "must be conditional"),
        ('[[reference]]\nname = "x"\nedge = "hard"\npattern = "a"\nwithin = ["b"]', "goes with before only"),
        ('[[entry]]\nkind = "x"', "needs a kind and a list"),
        ("[[entry", "is not TOML"),
    ],
)
def test_styles_that_cannot_be_used_are_an_error_that_names_the_file(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=said) as caught:
        load_styles(path)
    assert "mine.toml" in str(caught.value)


def test_fences_are_those_of_common_mark() -> None:
    text = "a\n````xml\n<a>\n```\n</a>\n````\n~~~\nopen"
    assert [(f.language, text[f.start : f.end], f.line) for f in fences(text)] == [
        ("xml", "<a>\n```\n</a>\n", 3),
        ("", "open", 8),
    ]


def test_entities_are_never_expanded() -> None:
    assert xml_fault('<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>') is not None
    assert xml_fault("<a>1 < 2</a>") == (1, "not well-formed (invalid token)")
    assert xml_fault("<a/>text<b/>") is None


def test_a_path_at_the_very_beginning_is_a_reference() -> None:
    assert found("parts/a.md is first.") == [("parts/a.md", "mention")]
