"""What a text is about."""

from homeostat.evaluate.personal.content import DENIED, SAID, content_of


def test_a_denial_reaches_four_words_and_ends_with_its_clause() -> None:
    stems = content_of("I never painted lakes, I painted mountains").stems
    assert stems["paint"] == SAID | DENIED
    assert stems["lak"] == DENIED
    assert content_of("not tonight but paintings").stems["paint"] == SAID


def test_numbers_are_the_same_in_words_and_in_digits() -> None:
    assert content_of("twelve cats").numbers == content_of("12 cats").numbers == {"12"}


def test_words_without_content_are_left_out() -> None:
    assert not content_of("I was just going to do that, you know").stems
