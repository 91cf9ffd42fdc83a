"""Words are found in any script, and hashed alike everywhere."""

from time import process_time

from homeostat.companion.palace.words import CHARS_MAX, hashed, words


def test_words_of_scripts_with_and_without_spaces_are_found() -> None:
    assert words("Señor Müller, שלום عالم!") == ["señor", "müller", "שלום", "عالم"]
    assert words("我喜欢画画") == ["我喜", "喜欢", "欢画", "画画"]


def test_what_is_no_word_is_none() -> None:
    assert words(" \0 12 3.5 ... 🙂 _ -") == []


def test_a_text_of_a_million_characters_is_read_up_to_a_limit() -> None:
    began = process_time()
    assert len("".join(words("word " * 200_000))) <= CHARS_MAX
    assert process_time() - began < 0.5


def test_hashes_are_the_same_in_every_process() -> None:
    assert hashed(["palace", "ü"]) == [1_432_336_000, 1_675_192_789]
