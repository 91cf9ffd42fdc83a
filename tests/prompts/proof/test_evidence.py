"""Evidence is the same for a text and its compact form, and stays what it is across markup."""

import time

from homeostat.prompts.library.module import Module
from homeostat.prompts.proof.evidence import evidence, plain


def found(text: str) -> set[tuple[str, str]]:
    return {(e.kind, e.text) for e in evidence(Module("a.md", text, b"", 0, "utf-8"))}


def test_a_unit_is_not_looked_for_behind_a_tag() -> None:
    assert ("number", "2") in found("<cycles>2</cycles> <per>day</per>")
    assert ("number", "2 days") in found("<cycles>2 days</cycles>")


def test_signs_in_the_value_of_an_attribute_end_no_tag() -> None:
    assert plain('<rule when="over > 10 steps" by="x">Stop</rule>') == "over > 10 steps x Stop"


def test_a_table_says_the_same_with_and_without_its_frame() -> None:
    framed = "| You must | 5 min  |\n|----------|--------|\n| never    | 30 min |\n"
    bare = "You must | 5 min\n-|-\nnever | 30 min\n"
    assert found(framed) == found(bare) != set()


def test_an_outline_says_what_its_xml_says() -> None:
    xml = '```xml\n<r>\n  <a n="5 min">You must stop</a>\n  <a n="5 min">Never go</a>\n</r>\n```\n'
    outline = '```outline\nr::\na n="5 min": You must stop\n- Never go\n```\n'
    assert {f for f in found(xml) if f[0] == "number"} == {f for f in found(outline) if f[0] == "number"}
    assert any("Never go" in text for _, text in found(outline))


def test_tags_that_nothing_closes_cost_what_they_are_long() -> None:
    began = time.process_time()
    plain("<a b=\"x\" c='y' " * 40_000)
    plain("<a " + '"x" ' * 100_000)
    assert time.process_time() - began < 2
