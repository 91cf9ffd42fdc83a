"""Settings at the top of a prompt are read; what is none stays text."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.library.front_matter import read_front_matter


def test_scalars_lists_and_blocks_are_read() -> None:
    text = (
        "---\r\nname: 'review'\r\ndescription: >\r\n  Looks at\r\n  a change\r\n"
        "tools:\r\n  - Read # comment\r\n  - Edit\r\nempty:\r\n---\r\nbody"
    )
    found = read_front_matter(text)
    assert found.values == {
        "name": ["review"],
        "description": ["Looks at", "a change"],
        "tools": ["Read", "Edit"],
        "empty": [],
    }
    assert text[found.end :] == "body"
    assert found.first("description") == "Looks at a change"
    assert found.lines[7] == "tools"


def test_a_rule_at_the_top_is_no_front_matter() -> None:
    assert not read_front_matter("---\nJust prose.\n").unclosed
    assert read_front_matter("# Title\n---\nname: x\n---\n").values == {}


def test_settings_that_nothing_closes_are_said_to_be_so() -> None:
    assert read_front_matter("---\nname: x\nbody\n").unclosed


@given(st.text(alphabet="---\n:ab [],'\"|> \r#", max_size=200))
def test_no_text_ends_in_an_error(text: str) -> None:
    found = read_front_matter("---\n" + text)
    assert 0 <= found.end <= len(text) + 4
