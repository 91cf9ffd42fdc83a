"""An outline is read back to the tree that it was made of, whatever the tree."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeostat.prompts.library.outline import outline_as_xml, read_outline, write_outline
from homeostat.prompts.library.xml_tree import Element, Markup, Node, read_xml, write_xml

TAGS = st.from_regex(r"\A[a-zA-Zé_][a-z0-9_.é-]{0,6}(?::[a-z]{1,3})?\Z", fullmatch=True)
LINES = st.text(st.sampled_from("ab:|-<>&\"' \t\u00a0=_×é🙂1.\u2028"), max_size=12)
TEXTS = st.lists(LINES, min_size=1, max_size=4).map("\n".join)
ATTRIBUTES = st.dictionaries(TAGS, LINES, max_size=2).map(lambda d: tuple(d.items()))


def elements(children: st.SearchStrategy[tuple[Node, ...]]) -> st.SearchStrategy[Node]:
    return st.builds(Element, TAGS, ATTRIBUTES, children)


NODES: st.SearchStrategy[tuple[Node, ...]] = st.recursive(
    TEXTS.map(lambda t: (t,)),
    lambda inner: st.lists(
        elements(inner) | st.just(Markup("<!-- a remark -->")) | TEXTS.map(lambda t: f"\n{t}\n"), max_size=4
    ).map(tuple),
    max_leaves=12,
)


@settings(max_examples=60)
@given(st.lists(elements(NODES), min_size=1, max_size=3))
def test_every_tree_that_has_an_outline_is_read_back_from_it(drawn: list[Node]) -> None:
    tree = read_xml(write_xml(drawn))
    assert tree is not None
    outline = write_outline(tree)
    if outline is None:
        return
    assert read_outline(outline) == tree
    as_xml = outline_as_xml(outline)
    assert as_xml is not None
    assert as_xml.count("\n") == outline.count("\n")
    assert read_xml(as_xml) == tree


@settings(max_examples=150)
@given(st.text(st.sampled_from("ab:|- \n<>/=\"'_×"), max_size=60))
def test_what_is_no_outline_is_refused_and_what_is_one_keeps_its_lines(text: str) -> None:
    tree = read_outline(text)
    as_xml = outline_as_xml(text)
    assert (tree is None) == (as_xml is None)
    if tree is not None and as_xml is not None:
        assert as_xml.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    ("xml", "outline"),
    [
        ("<a>x</a>", "a: x"),
        ("<a/>", "a:"),
        ("<a>1 &lt; 2 &amp; 3</a>", "a: 1 < 2 & 3"),
        ("<a><![CDATA[x < y]]></a>", "a: x < y"),
        ("<steps><step>A</step><step>B</step></steps>", "steps::\nstep: A\n- B"),
        ("<two_words>x</two_words>", "two words: x"),
        ("<_odd__tag_>x</_odd__tag_>", "_odd__tag_: x"),
        ('<a n="1" m="two words"><b/></a>', 'a n=1 m="two words"::\nb:'),
        ('<a n="say &quot;x&quot;">t</a>', "a n='say \"x\"': t"),
        ("<a>\n  One\n    two\n</a>", "a:\n One\n   two"),
        ("<a>\n  b: x\n  c: y\n</a>", "a:|\n b: x\n c: y"),
        ("<a>\n  Before:\n  <b>x</b>\n</a>", "a::\n| Before:\nb: x"),
        ("<r><a>see <b>x</b> there</a></r>", "r::\n<a>see <b>x</b> there</a>"),
        ("<r><!-- why --><a>x</a></r>", "r::\n<!-- why -->\na: x"),
        ("<a>x</a>\n<b>y</b>", "a: x\nb: y"),
    ],
)
def test_outlines_as_they_are_written(xml: str, outline: str) -> None:
    tree = read_xml(xml)
    assert tree is not None
    assert write_outline(tree) == outline
    assert read_outline(outline) == tree


@pytest.mark.parametrize(
    "xml",
    [
        "<r><!-- two\nlines --><a/></r>",
        "<r><a>one <b>x</b>\ntwo</a></r>",
        """<a n="both ' and &quot;">x</a>""",
        "<a>carriage&#13;return</a>",
        '<a n="two&#10;lines">x</a>',
    ],
)
def test_a_tree_without_an_outline_has_none(xml: str) -> None:
    tree = read_xml(xml)
    assert tree is not None
    assert write_outline(tree) is None


@pytest.mark.parametrize(
    "xml", ["<a>", "<a>1 < 2</a>", "<a>&nbsp;</a>", "x <a/> y", "<a>" * 101 + "</a>" * 101, "<a>\ud800</a>"]
)
def test_what_is_malformed_has_no_tree(xml: str) -> None:
    assert read_xml(xml) is None


@pytest.mark.parametrize(
    "text", ["  a: x", "- x", "a: x\n  b: y", "a: x\n <p>", "plain words", "|", "a: x\nb::"]
)
def test_what_is_no_outline_is_refused(text: str) -> None:
    assert read_outline(text) is None
