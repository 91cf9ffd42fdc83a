"""A template is its text, cut so that its gaps can be filled."""

import re
from sys import getsizeof

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import InputError
from homeostat.prompts.serving.packed import pack, unpack
from homeostat.prompts.serving.template import GAP, compile_template, fill

PIECES = st.sampled_from(
    ["a", "é\n", "─\n", "🙂", "\n", "$ARGUMENTS", "$ARGUMENTS[1]", "{{ x }}", "{{x", "}}", "${HOME}", "\r\n"]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES).map("".join))


@given(TEXTS)
def test_the_parts_are_the_text(text: str) -> None:
    template = compile_template(text)
    assert template.text == text
    assert fill("x", template.parts, [], None)[0] == text


@given(TEXTS)
def test_packing_gives_the_same_template_back(text: str) -> None:
    template = compile_template(text)
    assert unpack(pack(template)) == template


@given(TEXTS, st.text(), st.text())
def test_filling_is_replacing_each_gap(text: str, arguments: str, value: str) -> None:
    words = arguments.split()
    values = {m["value"] or m["variable"]: value for m in GAP.finditer(text)}

    def filler(match: re.Match[str]) -> str:
        if not match["arguments"]:
            return value
        if match["position"] is None:
            return arguments
        return words[int(match["position"])] if int(match["position"]) < len(words) else ""

    template = compile_template(text)
    filled, left = fill("p", template.parts, template.gaps, arguments, values)
    assert filled == GAP.sub(filler, text)
    assert left == ()


def test_what_is_filled_and_what_stays() -> None:
    template = compile_template("$ARGUMENTS {{ a.b-c }} ${SHELL} {% if a %} {{ a | upper }} {{> part}} $ARG")
    assert [template.parts[gap.part] for gap in template.gaps] == ["$ARGUMENTS", "{{ a.b-c }}", "${SHELL}"]


def test_an_error_names_the_prompt_and_all_that_is_missing() -> None:
    template = compile_template("{{a}} {{b}} {{a}} $ARGUMENTS ${SHELL}")
    with pytest.raises(InputError, match=r"/fix needs \{\{b\}\}, \$ARGUMENTS: give"):
        fill("/fix", template.parts, template.gaps, None, {"a": 1})
    assert fill("/fix", template.parts, template.gaps, "", {"a": 1, "b": 2}) == (
        "1 2 1  ${SHELL}",
        ("${SHELL}",),
    )


def test_one_emoji_does_not_make_all_letters_wide() -> None:
    text = "plain line\n" * 1_000 + "🙂\n" + "plain line\n" * 1_000
    assert compile_template(text).memory_bytes < 1.1 * len(text)
    assert getsizeof(text) > 3.9 * len(text)
