"""Styles, as data: how prompts of a framework name each other, and which of them are called by name."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

from homeostat.core.errors import ConfigError

EdgeKind = Literal["hard", "conditional", "mention"]
KINDS: tuple[EdgeKind, ...] = get_args(EdgeKind)
WAYS = ("before", "pattern", "front_matter")
OWN = Path(__file__).with_name("styles.toml")


@dataclass(frozen=True, slots=True)
class ReferenceStyle:
    """One way to name another module; exactly one of `before`, `pattern` and `front_matter` is there.

    `within` are names of elements in which `before` must stand. `one_of` references of one module are ways of
    which a run takes one.
    """

    name: str
    edge: EdgeKind
    before: re.Pattern[str] | None = None
    pattern: re.Pattern[str] | None = None
    literal: str = ""
    front_matter: frozenset[str] = frozenset()
    if_found: bool = False
    within: frozenset[str] = frozenset()
    one_of: bool = False


@dataclass(frozen=True, slots=True)
class EntryStyle:
    """Where entry points of a kind lie; `owns` is whether what they name in their folder is for them."""

    kind: str
    paths: tuple[re.Pattern[str], ...]
    owns: bool = False


@dataclass(frozen=True, slots=True)
class Styles:
    """All styles, in the order in which they are tried, and a text that names this set of them."""

    references: tuple[ReferenceStyle, ...]
    entries: tuple[EntryStyle, ...]
    source: str


@cache
def load_styles(path: Path = OWN) -> Styles:
    """Read a file of styles. Raises ConfigError naming the file, the style and what is wrong with it."""
    try:
        source = path.read_text(encoding="utf-8")
        found = tomllib.loads(source)
    except OSError as error:
        raise ConfigError(f"cannot read the styles {path}: {error.strerror or error}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not TOML: {error}") from None
    references = tuple(_reference(path, r) for r in found.get("reference", ()))
    entries = tuple(_entry(path, e) for e in found.get("entry", ()))
    return Styles(references, entries, source)


def _reference(path: Path, given: dict[str, Any]) -> ReferenceStyle:
    name = given.get("name")
    place = f"{path}: the reference style {name!r}"
    if given.get("edge") not in KINDS:
        raise ConfigError(f"{place} has the edge {given.get('edge')!r}; one of {', '.join(KINDS)} is needed")
    ways = [w for w in WAYS if w in given]
    unknown = set(given) - {"name", "edge", "literal", "if_found", "within", "one_of", *WAYS}
    if len(ways) != 1 or unknown or not isinstance(name, str):
        raise ConfigError(
            f"{place} needs a name and one of before, pattern and front_matter"
            + (f", and knows no {', '.join(sorted(unknown))}" if unknown else "")
        )
    if given.get("one_of") and given["edge"] != "conditional":
        raise ConfigError(f"{place} has one_of, so its edge must be conditional: a run takes one of the ways")
    if "within" in given and "before" not in given:
        raise ConfigError(f"{place} has within, which goes with before only")
    try:
        return ReferenceStyle(
            name=name,
            edge=given["edge"],
            before=re.compile(given["before"]) if "before" in given else None,
            pattern=re.compile(given["pattern"], re.MULTILINE) if "pattern" in given else None,
            literal=given.get("literal", ""),
            front_matter=frozenset(given.get("front_matter", ())),
            if_found=bool(given.get("if_found", False)),
            within=frozenset(given.get("within", ())),
            one_of=bool(given.get("one_of", False)),
        )
    except (re.error, TypeError) as error:
        raise ConfigError(f"{place} cannot be used: {error}") from None


def _entry(path: Path, given: dict[str, Any]) -> EntryStyle:
    kind, paths = given.get("kind"), given.get("paths")
    if not isinstance(kind, str) or not isinstance(paths, list):
        raise ConfigError(f"{path}: an entry needs a kind and a list of paths, not {given!r}")
    return EntryStyle(kind, tuple(glob(p) for p in paths), bool(given.get("owns", False)))


def glob(pattern: str) -> re.Pattern[str]:
    """Return a pattern of paths as an expression: `**/` is any folders, `*` anything within a name.

    >>> bool(glob("**/commands/**/*.md").fullmatch(".claude/commands/git/push.md"))
    True
    >>> bool(glob("**/SKILL.md").fullmatch("skills/old-SKILL.md"))
    False
    """
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    signs = {"**/": "(?:[^/]+/)*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(signs.get(part, re.escape(part)) for part in parts))
