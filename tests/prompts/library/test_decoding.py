"""Texts come out of bytes as they went in, whatever the encoding."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.prompts.library.decoding import decode


@given(st.text())
def test_utf_8_comes_back_as_it_was_unless_it_holds_zeros(text: str) -> None:
    if "\0" not in text and not text.startswith("\ufeff"):
        assert decode(text.encode()) == (text, "utf-8")


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-32", "utf-32"), ("utf-16-le", "utf-16-le")],
)
def test_marks_and_zeros_tell_the_encoding(encoding: str, said: str) -> None:
    text = "# Deploy 🚀\r\nNEVER skip tests\r\n"
    assert decode(text.encode(encoding)) == (text, said)


def test_old_windows_texts_are_read() -> None:
    assert decode("Prüfen – “immer”".encode("cp1252")) == ("Prüfen – “immer”", "cp1252")


@given(st.binary())
def test_no_bytes_end_in_an_error(data: bytes) -> None:
    found = decode(data)
    assert found is None or isinstance(found[0], str)
