"""The authors: who wrote the memories, by small numbers."""

from collections.abc import Iterable

AUTHORS_MAX = 255
OTHERS = AUTHORS_MAX
"""The number of all who came later."""


class Authors:
    """Numbers authors in the order in which they first wrote."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def number(self, name: str) -> int:
        """Return an author's number; a new one gets the next."""
        number = self._numbers.get(name)
        if number is None:
            if len(self.names) == AUTHORS_MAX:
                return OTHERS
            number = self._numbers[name] = len(self.names)
            self.names.append(name)
        return number
