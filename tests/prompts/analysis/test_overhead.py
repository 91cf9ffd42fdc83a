"""The form of a prompt is counted by its pieces: tags, indentation, blank lines."""

from homeostat.prompts.analysis.overhead import Overhead, OverheadCounter


class Characters:
    """A tokenizer for which each character is a token, and which counts how often it is asked."""

    name = "characters"

    def __init__(self) -> None:
        self.asked = 0

    def count(self, text: str) -> int:
        self.asked += 1
        return len(text)


def of(text: str) -> Overhead:
    return OverheadCounter(Characters()).count(text)


def test_tags_are_counted_with_their_attributes() -> None:
    assert of('<a>x</a> <b c="d"/> 1 < 2 > 0').xml_tags == len('<a></a><b c="d"/>')


def test_white_space_is_counted_at_both_ends_of_lines() -> None:
    assert of("a\n  b\n\t c  \nd \r\n   \ne f").indentation == 2 + 2 + 2 + 1 + 3
    assert of("a b\nc d\n").indentation == 0


def test_of_blank_lines_one_is_no_overhead() -> None:
    assert of("a\n\nb").blank_lines == 0
    assert of("a\n\n\n\nb").blank_lines == 3


def test_each_piece_is_counted_once() -> None:
    tokenizer = Characters()
    counter = OverheadCounter(tokenizer)
    for _ in range(3):
        counter.count("<a>\n  <a>\n  <a>\n")
    assert tokenizer.asked == 2
