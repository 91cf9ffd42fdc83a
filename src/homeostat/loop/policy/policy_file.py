"""The policy file: the loop's policy as TOML.

mode = "advise"                                  # observe (default), advise or act

[objective]
operation = "answer"                             # whole requests of this operation; empty: of all
improve = "p95(duration)"                        # or a table of several, each with its weight
gain_min = "2%"                                  # smaller gains are not worth a change

[[guardrail]]
measure = "mean(quality)"
worse = "1%"                                     # relative; or worse_by = 0.01 in its own unit

[[target]]
expect = "p95(duration) < 200 ms over 10 min"

[trials]
deadline = "2 h"

[schedule]
optimisation = "1 d"                             # always (default), or in the first quarter of each day
"""

import re
import tomllib
from pathlib import Path
from typing import TypeAlias

from homeostat.act.controller import Controller
from homeostat.act.controllers.bandit import Bandit
from homeostat.act.controllers.cap import Adaptation, Cap
from homeostat.act.controllers.capacity import Capacity, CapacityKnob
from homeostat.act.controllers.climb import Climb
from homeostat.act.controllers.gauge import GAUGES, Resource
from homeostat.act.controllers.ladder import Ladder, Rung
from homeostat.act.controllers.resources import ResourceKnob, Resources
from homeostat.act.controllers.searching import Kind, Searching
from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.core.order import Mode
from homeostat.core.target import Target
from homeostat.judge.targets.direction import direction_of
from homeostat.judge.targets.target_language import parse, parse_amount, parse_length
from homeostat.judge.words.amount import convert
from homeostat.loop.policy.policy import Policy, TrialRules
from homeostat.loop.policy.schedule import ALWAYS, NEVER, Schedule
from homeostat.loop.rules.state import Limits

Table: TypeAlias = dict[str, object]

_MEASURE = re.compile(r"\s*(\w+)\s*\(\s*([\w.\-]+)\s*\)\s*")
_TRIAL_LENGTHS = ("deadline", "hold_back_for", "block")


def load_policy(path: Path) -> Policy:
    """Read a policy. Raises ConfigError that names the file, the entry, the value and the remedy."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the policy {str(path)!r} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    try:
        return policy_of(document)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def policy_of(document: Table) -> Policy:
    """Return the policy that a document says; tables of others, such as `[[channel]]`, are left alone."""
    objective = _table(document, "objective")
    if not objective:
        raise ConfigError('say what shall get better: [objective] with improve = "p95(duration)"')
    mode = document.get("mode", Mode.OBSERVE.value)
    if mode not in set(Mode):
        raise ConfigError(f"mode must be observe, advise or act, not {mode!r}")
    return Policy(
        objective=_objective(objective),
        guardrails=tuple(_guardrail(t) for t in _tables(document, "guardrail")),
        targets=tuple(_target(t) for t in _tables(document, "target") if _is_ours(t)),
        mode=Mode(str(mode)),
        limits=_limits(_table(document, "limits")),
        trials=_trials(_table(document, "trials")),
        controllers=_controllers(document),
        gauges=_gauges(document),
        schedule=_schedule(_table(document, "schedule")),
        bounds=_bounds(_table(document, "bounds")),
        hormones=_hormones(_table(document, "hormones")),
    )


def measure_of(text: object, better: object = None) -> Measure:
    """Return the measure that a text such as `p95(duration)` names.

    >>> measure_of("mean(quality)").better.value
    'higher'
    """
    found = _MEASURE.fullmatch(text) if isinstance(text, str) else None
    summaries = [s.value for s in Summary]
    if found is None or found[1] not in summaries:
        raise ConfigError(
            f"write a measure like 'p95(duration)', with one of {', '.join(summaries)}: not {text!r}"
        )
    if better is None:
        way = direction_of(found[2]).better
        if found[2] in ("duration", "cost", "tokens", "errors"):
            way = Better.LOWER
        if way is Better.NEITHER:
            raise ConfigError(f'say of {found[2]!r} which way is better: better = "lower" or "higher"')
    elif better in ("lower", "higher"):
        way = Better(str(better))
    else:
        raise ConfigError(f'better of {text!r} must be "lower" or "higher", not {better!r}')
    return Measure(found[2], Summary(found[1]), way)


def _objective(table: Table) -> Objective:
    _known(table, "[objective]", ("operation", "improve", "gain_min", "better"))
    improve = table.get("improve")
    weights = improve if isinstance(improve, dict) else {improve: 1.0}
    terms = []
    for text, weight in weights.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float):
            raise ConfigError(f"[objective] the weight of {text!r} must be a number, not {weight!r}")
        terms.append(Term(measure_of(text, table.get("better")), float(weight)))
    operation = table.get("operation", "")
    if not isinstance(operation, str):
        raise ConfigError(f"[objective] operation must be a text, not {operation!r}")
    return Objective(tuple(terms), operation, _share(table, "gain_min", "[objective]", 0.0))


def _guardrail(table: Table) -> Guardrail:
    _known(table, "[[guardrail]]", ("measure", "worse", "worse_by", "better"))
    measure = measure_of(table.get("measure"), table.get("better"))
    if ("worse" in table) == ("worse_by" in table):
        raise ConfigError(
            f"[[guardrail]] {measure.words}: say by how much it may get worse, either relative "
            '(worse = "1%") or in its own unit (worse_by = 0.01)'
        )
    if "worse" in table:
        return Guardrail(measure, _share(table, "worse", "[[guardrail]]", 0.0))
    by = table["worse_by"]
    if isinstance(by, bool) or not isinstance(by, int | float):
        raise ConfigError(f"[[guardrail]] worse_by must be a number, not {by!r}")
    return Guardrail(measure, float(by), relative=False)


def _controllers(document: Table) -> tuple[Controller, ...]:
    """Return who is asked for changes: the user's own steps, then what follows need, then the search."""
    rungs, amounts = _tables(document, "rung"), _tables(document, "capacity")
    resources = _tables(document, "resource")
    caps = tuple(_cap(table) for table in _tables(document, "cap"))
    found: list[Controller] = []
    if rungs:
        found.append(Ladder("ladder", tuple(_rung(table) for table in rungs)))
    if amounts:
        found.append(Capacity(tuple(_capacity(table) for table in amounts)))
    if resources:
        found.append(Resources(tuple(_resource(table) for table in resources)))
    table = _table(document, "controllers")
    _known(table, "[controllers]", ("choose", "search", "budget"))
    found.append(_search(table))
    choose = table.get("choose", "order")
    if choose not in ("order", "bandit"):
        raise ConfigError(f'[controllers] choose must be "order" or "bandit", not {choose!r}')
    chosen = (Bandit(found),) if choose == "bandit" else tuple(found)
    return (Adaptation(caps), *chosen) if caps else chosen


def _search(table: Table) -> Controller:
    search = table.get("search", "climb")
    if search == "climb":
        return Climb()
    if search not in set(Kind):
        raise ConfigError(f"[controllers] search must be climb, {', '.join(Kind)}, not {search!r}")
    return Searching(Kind(str(search)), _whole(table, "budget", Searching().budget))


def _gauges(document: Table) -> tuple[str, ...]:
    names = [str(table.get("metric")) for table in _tables(document, "capacity")]
    if _tables(document, "resource"):
        names += [gauge.metric for gauge in GAUGES]
    return tuple(dict.fromkeys(names))


def _capacity(table: Table) -> CapacityKnob:
    _known(table, "[[capacity]]", ("knob", "metric"))
    return CapacityKnob(_text(table, "knob", "[[capacity]]"), _text(table, "metric", "[[capacity]]"))


def _resource(table: Table) -> ResourceKnob:
    _known(table, "[[resource]]", ("knob", "of", "up"))
    of, up = table.get("of"), table.get("up", False)
    if of not in set(Resource):
        raise ConfigError(f"[[resource]] of must be {', '.join(Resource)}, not {of!r}")
    if not isinstance(up, bool):
        raise ConfigError(f"[[resource]] up must be true or false, not {up!r}")
    return ResourceKnob(_text(table, "knob", "[[resource]]"), Resource(str(of)), up)


def _text(table: Table, name: str, where: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{where} {name} must be a text, not {value!r}")
    return value


def _rung(table: Table) -> Rung:
    _known(table, "[[rung]]", ("knob", "to", "by"))
    knob, to, by = _text(table, "knob", "[[rung]]"), table.get("to"), table.get("by")
    if to is not None and not isinstance(to, bool | int | float | str):
        raise ConfigError(f"[[rung]] to of {knob!r} must be a value, not {to!r}")
    if by is not None and (isinstance(by, bool) or not isinstance(by, int | float)):
        raise ConfigError(f"[[rung]] by of {knob!r} must be a share of its range, not {by!r}")
    return Rung(knob, to, by)


def _cap(table: Table) -> Cap:
    _known(table, "[[cap]]", ("resource", "at_most", "uses"))
    uses = _table(table, "uses")
    numbers = {**uses, "at_most": table.get("at_most")}
    for name, value in numbers.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ConfigError(f"[[cap]] {name} must be a number, not {value!r}")
    amounts = {name: float(str(value)) for name, value in numbers.items()}
    return Cap(_text(table, "resource", "[[cap]]"), amounts.pop("at_most"), amounts)


def _schedule(table: Table) -> Schedule:
    _known(table, "[schedule]", ("analysis", "optimisation", "validation"))
    usual = Schedule()
    found = {}
    for name in ("analysis", "optimisation", "validation"):
        words = {"never": NEVER, "always": ALWAYS} if name == "optimisation" else {"never": NEVER}
        value, usual_ns = table.get(name), getattr(usual, f"{name}_ns")
        known = words.get(value) if isinstance(value, str) else None
        found[name] = _length(table, name, "[schedule]", usual_ns) if known is None else known
    return Schedule(found["analysis"], found["optimisation"], found["validation"])


def _hormones(table: Table) -> bool:
    on = table.get("on", True)
    if not isinstance(on, bool) or table.keys() - {"on"}:
        raise ConfigError(f"[hormones] has one entry, on = true or on = false, not {table!r}")
    return on


def _bounds(table: Table) -> dict[str, tuple[float, float]]:
    found = {}
    for name, ends in table.items():
        numbers = isinstance(ends, list) and all(
            isinstance(end, int | float) and not isinstance(end, bool) for end in ends
        )
        if not isinstance(ends, list) or not numbers or len(ends) != 2 or not ends[0] < ends[1]:
            raise ConfigError(f"[bounds] {name} must be the lowest and the highest value, not {ends!r}")
        found[name] = (float(ends[0]), float(ends[1]))
    return found


def _is_ours(table: Table) -> bool:
    """Targets with a metric of the catalogue are for alerts; the loop's speak of measures of requests."""
    return "metric" not in table and isinstance(table.get("expect"), str)


def _target(table: Table) -> Target:
    return parse(str(table["expect"]))


def _limits(table: Table) -> Limits:
    _known(table, "[limits]", ("trials", "rest", "kept_per_hour", "trials_per_hour"))
    usual = Limits()
    return Limits(
        _whole(table, "trials", usual.trials_max),
        _length(table, "rest", "[limits]", usual.rest_ns),
        _whole(table, "kept_per_hour", usual.kept_per_hour_max),
        _whole(table, "trials_per_hour", usual.trials_per_hour_max),
    )


def _trials(table: Table) -> TrialRules:
    _known(table, "[trials]", ("share", "confidence", "hold_back", *_TRIAL_LENGTHS))
    usual = TrialRules()
    return TrialRules(
        _share(table, "share", "[trials]", usual.share),
        _length(table, "deadline", "[trials]", usual.deadline_ns),
        _share(table, "confidence", "[trials]", usual.confidence),
        _share(table, "hold_back", "[trials]", usual.hold_back),
        _length(table, "hold_back_for", "[trials]", usual.hold_back_ns),
        _length(table, "block", "[trials]", usual.block_ns),
    )


def _table(document: Table, name: str) -> Table:
    found = document.get(name, {})
    if not isinstance(found, dict):
        raise ConfigError(f"write {name} as a table [{name}], not {found!r}")
    return found


def _tables(document: Table, name: str) -> list[Table]:
    found = document.get(name, [])
    if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
        raise ConfigError(f"write each {name} as a table that begins with [[{name}]]")
    return found


def _known(table: Table, where: str, fields: tuple[str, ...]) -> None:
    for name in sorted(set(table) - set(fields)):
        raise ConfigError(f"{where} unknown field {name!r}; known are {', '.join(fields)}")


def _share(table: Table, name: str, where: str, usual: float) -> float:
    value = table.get(name, usual)
    if isinstance(value, str):
        return convert(parse_amount(value), "ratio")
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ConfigError(f'{where} {name} must be a share such as "1%" or 0.01, not {value!r}')
    return float(value)


def _length(table: Table, name: str, where: str, usual_ns: int) -> int:
    value = table.get(name)
    if value is None:
        return usual_ns
    if not isinstance(value, str):
        raise ConfigError(f'{where} {name} must be a length of time such as "10 min", not {value!r}')
    return parse_length(value)


def _whole(table: Table, name: str, usual: int) -> int:
    value = table.get(name, usual)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} must be a whole number of at least 1, not {value!r}")
    return value
