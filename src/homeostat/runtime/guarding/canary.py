"""The canary: a text of ours of which we know what the guard should make of it."""

from functools import lru_cache
from importlib.resources import files

import msgspec

from homeostat.core.errors import ConfigError
from homeostat.evaluate.safety.category import Action, Category
from homeostat.evaluate.safety.policy import Policy

INNOCENT = "innocent"


class Canary(msgspec.Struct, frozen=True):
    """A text with what is in it: a category and how severe it is from 0 to 10, or None where it is harmless.

    `trigger` is what the person asked to be spared before whom it is planted; `named` says whether the text
    says so in a form of that word, or only means it.
    """

    number: int
    language: str
    text: str
    category: Category | None = None
    severity: float = 0.0
    trigger: str = ""
    named: bool = False

    def expected(self, policy: Policy) -> bool | None:
        """Return whether a policy wants it held; None for harm that the policy lets pass."""
        if self.category is None:
            return False
        held = policy.action(self.category, self.severity) is not Action.ALLOW
        return True if held else None


@lru_cache(maxsize=1)
def canaries() -> tuple[Canary, ...]:
    """Return ours: none was learned from, and no bound of the guard was chosen on them."""
    return canaries_of(files(__package__).joinpath("canaries.txt").read_text(encoding="utf-8"), "ours")


def canaries_of(text: str, where: str) -> tuple[Canary, ...]:
    """Return the canaries of a text, one a line below headings such as `[en hate 8]` or `[en innocent]`.

    Below `[en trigger named]` and `[en trigger meant]` a line is `what is avoided: the text`. Raises
    ConfigError that names the line.
    """
    found: list[Canary] = []
    heading: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            heading = line.strip("[]").split()
            continue
        try:
            found.append(_canary(len(found), heading, line))
        except (ValueError, IndexError) as error:
            raise ConfigError(f"{where}, line {number}: {error}; a heading is like [en hate 8]") from None
    return tuple(found)


def _canary(number: int, heading: list[str], line: str) -> Canary:
    language, kind = heading[0], heading[1]
    if kind == INNOCENT:
        return Canary(number, language, line)
    if kind != Category.TRIGGER:
        return Canary(number, language, line, Category(kind), float(heading[2]))
    trigger, _, text = line.partition(": ")
    if not text:
        raise ValueError("a trigger is what is avoided, a colon, and the text")
    return Canary(number, language, text, Category.TRIGGER, 9.0, trigger, heading[2] == "named")
