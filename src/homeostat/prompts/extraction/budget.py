"""The budget: how many tokens may stay, of each module or of what each entry point loads."""

from dataclasses import dataclass
from typing import Literal, get_args

from homeostat.core.errors import ConfigError

Scope = Literal["module", "command"]
SCOPES: dict[str, Scope] = {name: name for name in get_args(Scope)}


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound: at most `tokens`, or at most a `ratio` of the tokens that there are; one of the two.

    `per` says of what: each module, or the hard closure of each entry point, whose modules then share it.
    """

    ratio: float | None = None
    tokens: int | None = None
    per: Scope = "module"

    def __post_init__(self) -> None:
        if (self.ratio is None) == (self.tokens is None):
            raise ConfigError("a budget is either a ratio or a number of tokens")
        if self.ratio is not None and not 0 < self.ratio < 1:
            raise ConfigError(
                f"the ratio of a budget lies between 0 and 1 (0.5 keeps half), not {self.ratio!r}"
            )
        if self.tokens is not None and self.tokens < 1:
            raise ConfigError(f"the tokens of a budget are at least 1, not {self.tokens!r}")

    def allowed(self, tokens: int) -> int:
        """Return how many of so many tokens may stay.

        >>> Budget(ratio=0.5).allowed(9), Budget(tokens=4).allowed(9)
        (4, 4)
        """
        return self.tokens if self.tokens is not None else int((self.ratio or 0) * tokens)


def budget(text: str, per: Scope = "module") -> Budget:
    """Read a budget as a person writes it: a ratio below 1, or tokens.

    Raises ConfigError for anything else.

    >>> budget("0.5"), budget("4000", "command")
    (Budget(ratio=0.5, tokens=None, per='module'), Budget(ratio=None, tokens=4000, per='command'))
    """
    try:
        value = float(text)
    except ValueError:
        raise ConfigError(f"a budget is a ratio such as 0.5 or a number of tokens, not {text!r}") from None
    if value >= 1 and value.is_integer():
        return Budget(tokens=int(value), per=per)
    return Budget(ratio=value, per=per)


def scope(text: str) -> Scope:
    """Read what a budget is for. Raises ConfigError for anything else."""
    if text not in SCOPES:
        raise ConfigError(f"a budget is per {' or '.join(SCOPES)}, not {text!r}")
    return SCOPES[text]
