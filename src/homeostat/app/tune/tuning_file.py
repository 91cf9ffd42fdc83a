"""The file of a tuning: `[knob.NAME]` tables, what to minimise or maximise, `[[target]]` and `[read]`."""

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Choices, Domain, Floats, Integers, Knob

Table = Mapping[str, object]

FIELDS = ("minimize", "maximize", "search", "evaluations", "pairs", "timeout_s", "knob", "target", "read")
KNOB_FIELDS = ("low", "high", "log", "choices", "default", "help")
TARGET_FIELDS = ("measure", "at_most", "at_least")
SEARCHES = ("safe", "evolution", "tpe", "nsga2", "cma", "gp")

EVALUATIONS_MAX = 100_000
PAIRS_MIN = 3


@dataclass(frozen=True, slots=True)
class Goal:
    """A measure that shall get lower, or higher."""

    measure: str
    lower: bool = True


@dataclass(frozen=True, slots=True)
class Bound:
    """A measure that has to stay at or below a bound, or at or above it."""

    measure: str
    bound: float
    upper: bool

    @property
    def words(self) -> str:
        """Such as `p95_ms at most 250`."""
        return f"{self.measure} {'at most' if self.upper else 'at least'} {self.bound:g}"

    def held(self, value: float) -> bool:
        """Tell whether a value lies within the bound."""
        return value <= self.bound if self.upper else value >= self.bound


@dataclass(frozen=True, slots=True)
class TuningFile:
    """What is tuned, for what, and how the command's output is read.

    `search` is empty where the file leaves it open. `patterns` are regular expressions whose first group is
    the number; measures without one are read from the last line of the output that is a JSON object.
    """

    knobs: Mapping[str, Knob]
    goals: tuple[Goal, ...]
    bounds: tuple[Bound, ...] = ()
    search: str = ""
    evaluations: int = 80
    pairs: int = 10
    timeout_s: float = 600.0
    patterns: Mapping[str, re.Pattern[str]] = field(default_factory=dict)

    @property
    def measures(self) -> tuple[str, ...]:
        """All measures that the command has to report, each once."""
        return tuple(dict.fromkeys([g.measure for g in self.goals] + [b.measure for b in self.bounds]))

    @property
    def fingerprint(self) -> str:
        """Tells files apart between which measurements cannot be shared."""
        what = [[n, repr(k.domain), repr(k.default)] for n, k in self.knobs.items()]
        parts = [what, [repr(g) for g in self.goals], [repr(b) for b in self.bounds]]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def load_tuning(path: Path) -> TuningFile:
    """Read a file; raise ConfigError that names the file, the entry, the value and what would be accepted."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file {str(path)!r} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    where = str(path)
    _refuse_unknown(document, FIELDS, where)
    goals = [Goal(m, lower=True) for m in _texts(document, "minimize", where)]
    goals += [Goal(m, lower=False) for m in _texts(document, "maximize", where)]
    if not goals:
        raise ConfigError(f'{where}: say what shall get better, as in minimize = "cost"')
    if len({g.measure for g in goals}) < len(goals):
        raise ConfigError(f"{where}: each measure can be minimized or maximized once")
    search = document.get("search", "")
    if search and search not in SEARCHES:
        raise ConfigError(f"{where}: search must be one of {', '.join(SEARCHES)}, not {search!r}")
    tuning = TuningFile(
        knobs=_knobs(document, where),
        goals=tuple(goals),
        bounds=tuple(_bound(t, where) for t in _tables(document, where)),
        search=str(search),
        evaluations=_count(document, "evaluations", where, 80, 1, EVALUATIONS_MAX),
        pairs=_count(document, "pairs", where, 10, PAIRS_MIN, 10_000),
        timeout_s=_number(document, "timeout_s", where, 600.0),
        patterns=_patterns(document, where),
    )
    if tuning.timeout_s <= 0:
        raise ConfigError(f"{where}: timeout_s must be above 0, not {tuning.timeout_s!r}")
    if unknown := set(tuning.patterns) - set(tuning.measures):
        raise ConfigError(
            f"{where}: [read] {unknown.pop()!r} is no measure; there are {', '.join(tuning.measures)}"
        )
    return tuning


def _refuse_unknown(table: Table, known: Iterable[str], where: str) -> None:
    if unknown := sorted(set(table) - set(known)):
        raise ConfigError(f"{where}: unknown field {unknown[0]!r}; known are {', '.join(known)}")


def _texts(table: Table, name: str, where: str) -> tuple[str, ...]:
    value = table.get(name, [])
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(t, str) and t for t in texts):
        raise ConfigError(f"{where}: {name} must be the name of a measure or a list of them, not {value!r}")
    return tuple(texts)


def _number(table: Table, name: str, where: str, default: float | None = None) -> float:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{where}: {name} must be a number, not {value!r}")
    return float(value)


def _count(table: Table, name: str, where: str, default: int, low: int, high: int) -> int:
    value = table.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ConfigError(f"{where}: {name} must be a whole number from {low} to {high}, not {value!r}")
    return value


def _knobs(document: Table, where: str) -> dict[str, Knob]:
    tables = document.get("knob", {})
    if not isinstance(tables, dict) or not tables or not all(isinstance(t, dict) for t in tables.values()):
        raise ConfigError(f"{where}: write each knob as a table, as in [knob.batch_size]")
    return {name: _knob(name, table, f"{where}: knob {name!r}") for name, table in tables.items()}


def _knob(name: str, table: Table, where: str) -> Knob:
    _refuse_unknown(table, KNOB_FIELDS, where)
    if "default" not in table:
        raise ConfigError(f"{where}: say the value in use today, as in default = 8")
    default = table["default"]
    if not isinstance(default, bool | int | float | str):
        raise ConfigError(f"{where}: default must be a number, a text, true or false, not {default!r}")
    try:
        return Knob(name, default, _domain(table, default, where), help=str(table.get("help", "")))
    except InputError as error:
        raise ConfigError(f"{where}: {error}") from None
    except ConfigError as error:
        text = str(error)
        raise ConfigError(text if text.startswith(where) else f"{where}: {text}") from None


def _domain(table: Table, default: object, where: str) -> Domain:
    choices = table.get("choices", [False, True] if isinstance(default, bool) else None)
    if choices is not None:
        if not isinstance(choices, list) or not all(isinstance(c, bool | int | float | str) for c in choices):
            raise ConfigError(f"{where}: choices must be a list of values, not {choices!r}")
        if extra := {"low", "high", "log"} & set(table):
            raise ConfigError(f"{where}: {extra.pop()} does not go with choices")
        return Choices(tuple(choices))
    log = table.get("log", False)
    if not isinstance(log, bool):
        raise ConfigError(f"{where}: log must be true or false, not {log!r}")
    low, high = (_number(table, side, where) for side in ("low", "high"))
    if all(isinstance(table.get(side), int) for side in ("low", "high", "default")):
        return Integers(int(low), int(high), log)
    return Floats(low, high, log)


def _tables(document: Table, where: str) -> list[Table]:
    found = document.get("target", [])
    if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
        raise ConfigError(f"{where}: write each target as a table that begins with [[target]]")
    return found


def _bound(table: Table, where: str) -> Bound:
    here = f"{where}: target {table.get('measure', '')!r}"
    _refuse_unknown(table, TARGET_FIELDS, here)
    measure = table.get("measure")
    if not isinstance(measure, str) or not measure:
        raise ConfigError(f"{where}: a target needs the name of a measure, not {measure!r}")
    if ("at_most" in table) == ("at_least" in table):
        raise ConfigError(f"{here}: give either at_most or at_least")
    side = "at_most" if "at_most" in table else "at_least"
    bound = _number(table, side, here)
    if bound == 0:
        raise ConfigError(
            f"{here}: {side} must not be 0, since excess is relative to it; take a small number"
        )
    return Bound(measure, bound, upper=side == "at_most")


def _patterns(document: Table, where: str) -> dict[str, re.Pattern[str]]:
    table = document.get("read", {})
    if not isinstance(table, dict) or not all(isinstance(v, str) for v in table.values()):
        raise ConfigError(
            f"{where}: [read] gives a regular expression for a measure, as in cost = 'cost=(\\S+)'"
        )
    found = {}
    for measure, text in table.items():
        try:
            pattern = re.compile(text, re.MULTILINE)
        except re.error as error:
            raise ConfigError(
                f"{where}: [read] {measure}: {text!r} is no regular expression: {error}"
            ) from None
        if pattern.groups < 1:
            raise ConfigError(f"{where}: [read] {measure}: put the number in a group: (...), not {text!r}")
        found[measure] = pattern
    return found
