"""The policy: from which severity on something is done, for whom the text is, and what is shown instead."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeostat.core.errors import ConfigError
from homeostat.evaluate.safety.category import Action, Category

_STEPS = (Action.ESCALATE, Action.BLOCK, Action.REPLACE, Action.SOFTEN)
_TEXTS = ("mask", "replaced", "blocked")


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done about which severity, as data.

    `rules` gives each category the least severity, from 0 to 10, of each action; a category or an action that
    is absent asks for nothing. `mask` stands for a place, `replaced` for a sentence, `blocked` for the rest.
    """

    audience: str
    rules: Mapping[Category, Mapping[Action, float]]
    mask: str = "***"
    replaced: str = ""
    blocked: str = ""

    def action(self, category: Category, severity: float) -> Action:
        """Return what is done about a finding."""
        rule = self.rules.get(category)
        if rule is not None:
            for action in _STEPS:
                if severity >= rule.get(action, 11.0):
                    return action
        return Action.ALLOW


def policy(audience: str) -> Policy:
    """Return our policy for an audience: `child`, `teen`, `adult` or `clinical`. Raises ConfigError."""
    return policies_of(_shipped(), "our policies", audience)


def policy_file(path: Path, audience: str) -> Policy:
    """Return a policy of a TOML file that is written like ours. Raises ConfigError."""
    try:
        return policies_of(path.read_text(encoding="utf-8"), str(path), audience)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the policies at {path} cannot be read: {error}") from error


def policies_of(text: str, where: str, audience: str) -> Policy:
    """Return the policy of an audience from TOML. Raises ConfigError that names what is wrong."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{where}: not TOML: {error}") from error
    table = document.get(audience)
    if not isinstance(table, dict):
        raise ConfigError(f"{where}: no audience is named {audience!r}: give {', '.join(document)}")
    texts = {name: table.pop(name) for name in _TEXTS if name in table}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise ConfigError(f"{where}: {audience}.{name} must be a text, not {value!r}")
    rules = {
        _category(name, where): _rule(rule, f"{where}: {audience}.{name}") for name, rule in table.items()
    }
    return Policy(audience, MappingProxyType(rules), **texts)


def _category(name: str, where: str) -> Category:
    try:
        return Category(name)
    except ValueError:
        raise ConfigError(f"{where}: no category is named {name!r}: give {', '.join(Category)}") from None


def _rule(rule: Any, where: str) -> Mapping[Action, float]:
    if not isinstance(rule, dict):
        raise ConfigError(f"{where} must be a table of actions, not {rule!r}")
    known = {action.value for action in _STEPS}
    for name, severity in rule.items():
        if name not in known:
            raise ConfigError(f"{where}: no action is named {name!r}: give {', '.join(sorted(known))}")
        if isinstance(severity, bool) or not isinstance(severity, int | float) or not 0 < severity <= 10:
            raise ConfigError(f"{where}.{name} must be above 0 and at most 10, not {severity!r}")
    return MappingProxyType({Action(name): float(severity) for name, severity in rule.items()})


@lru_cache(maxsize=1)
def _shipped() -> str:
    return files(__package__).joinpath("policies.toml").read_text(encoding="utf-8")
