"""Likeness tells same words from others, and is blind to what binds: that is why it only warns."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.extraction.similarity import NOTE, likenesses

TEXT = "Deploy with care. Review every change. You must never push to main."


def test_the_least_like_module_comes_first_and_unchanged_ones_are_left_out() -> None:
    before = {"a.md": TEXT, "b.md": TEXT, "c.md": TEXT, "d.md": "1 2 3"}
    after = {"a.md": "Deploy with care. Review every change.", "b.md": TEXT, "c.md": "Lunch.", "d.md": "4"}
    found = likenesses(before, after)
    assert [one.path for one in found] == ["c.md", "a.md"]
    assert found[0].cosine == 0.0
    assert 0.5 < found[1].cosine < 1.0


@given(st.text(), st.text())
def test_likeness_lies_between_0_and_1(a: str, b: str) -> None:
    assert all(0.0 <= one.cosine <= 1.0 for one in likenesses({"a": a}, {"a": b}))


def test_a_text_that_says_the_opposite_is_as_like_as_it_can_be() -> None:
    (one,) = likenesses(
        {"a": TEXT}, {"a": "You must push to main, never review. Deploy every change with care."}
    )
    assert one.cosine > 0.999
    assert "proves nothing" in NOTE
