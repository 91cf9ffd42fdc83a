"""The problem: something in a file that could not be understood, and was passed over or through."""

import msgspec


class Problem(msgspec.Struct, frozen=True):
    """What is wrong, and where: `line` counts from 1, 0 stands for the whole file.

    >>> str(Problem("a.md", 3, "the front matter is not closed"))
    'a.md:3: the front matter is not closed'
    """

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else self.path
        return f"{place}: {self.text}"
