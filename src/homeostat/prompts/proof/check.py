"""The check: one claim about a changed library, and what it found missing."""

import msgspec


class Missing(msgspec.Struct, frozen=True):
    """Something that was there and is no more: where it stood (line 0 where that is not known) and what."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}" if self.line else f"{self.path}: {self.text}"


class Check(msgspec.Struct, frozen=True):
    """One claim about a changed library: of `total` things `total - len(missing)` are kept."""

    name: str
    total: int
    missing: tuple[Missing, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    @property
    def kept(self) -> float:
        """The share that is kept, 1 where there was nothing."""
        return 1 - len(self.missing) / self.total if self.total else 1.0
