"""The scenario as TOML; docs/reference/scenarios.md describes the form."""

import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from homeostat.core.errors import ConfigError, HomeostatError
from homeostat.core.knob import Choices, Configuration, Domain, Floats, Integers, Knob, Scope, Value
from homeostat.core.metric import Better
from homeostat.core.objective import Guardrail, Measure, Objective, Summary, Term
from homeostat.testing.simulated_application.fault import Fault
from homeostat.testing.simulated_application.parameters import NAMES
from homeostat.testing.simulated_application.scenario import Lever, Limit, Scenario

Table = dict[str, Any]

_HIGHER = frozenset({"quality", "throughput", "satisfaction"})
_MEASURE = re.compile(r"(\w+)\((\w+)\)")


def read_scenarios(folder: Path) -> list[Scenario]:
    """Read all scenarios of a folder, in the order of their names. Raises ConfigError naming the file."""
    return [
        read_scenario(path.read_text(encoding="utf-8"), path.stem) for path in sorted(folder.glob("*.toml"))
    ]


def read_scenario(text: str, name: str) -> Scenario:
    """Read one scenario. Raises ConfigError that names the scenario, the entry and what would be accepted."""
    try:
        return _scenario(tomllib.loads(text), name)
    except (tomllib.TOMLDecodeError, HomeostatError) as error:
        raise ConfigError(f"scenario {name!r}: {error}") from None


def measure(text: str) -> Measure:
    """Read a measure such as `p95(duration)`; quality, throughput and satisfaction are better when higher."""
    found = _MEASURE.fullmatch(text)
    if not found or found[1] not in tuple(Summary):
        raise ConfigError(f"{text!r} is no measure; write it like 'p95(duration)' or 'mean(quality)'")
    better = Better.HIGHER if found[2] in _HIGHER else Better.LOWER
    return Measure(found[2], Summary(found[1]), better)


def _scenario(table: Table, name: str) -> Scenario:
    _known(table, "the scenario", {
        "story", "hours", "remedy", "users", "vary", "gain_min", "objective", "guardrails", "limits",
        "runbook", "parameters", "fault", "knob",
    })  # fmt: skip
    parameters = {key: float(value) for key, value in table.get("parameters", {}).items()}
    _known(parameters, "[parameters]", NAMES)
    levers = tuple(_lever(entry) for entry in table.get("knob", ()))
    knobs = {lever.knob.name: lever.knob for lever in levers}
    terms = tuple(
        Term(measure(e["measure"]), float(e.get("weight", 1.0))) for e in _need(table, "objective", name)
    )
    return Scenario(
        name=name,
        story=_need(table, "story", name),
        hours=float(_need(table, "hours", name)),
        levers=levers,
        objective=Objective(terms, gain_min=float(table.get("gain_min", 0.0))),
        guardrails=tuple(
            Guardrail(measure(e["measure"]), float(e["worse_max"]), bool(e.get("relative", True)))
            for e in table.get("guardrails", ())
        ),
        limits=tuple(_limit(entry) for entry in table.get("limits", ())),
        faults=tuple(_fault(entry, knobs) for entry in table.get("fault", ())),
        parameters=parameters,
        runbook=tuple(_checked(step, knobs) for step in table.get("runbook", ())),
        remedy=bool(table.get("remedy", True)),
        users=int(table.get("users", 0)),
        vary=float(table.get("vary", 0.1)),
    )


def _limit(entry: Table) -> Limit:
    _known(entry, "a limit", {"measure", "bound", "times_healthy"})
    of = measure(_need(entry, "measure", "a limit"))
    if ("bound" in entry) == ("times_healthy" in entry):
        raise ConfigError(f"the limit of {of.words} needs either 'bound' or 'times_healthy'")
    if "times_healthy" in entry:
        return Limit(of, float(entry["times_healthy"]), times_healthy=True)
    return Limit(of, float(entry["bound"]))


def _fault(entry: Table, knobs: Mapping[str, Knob]) -> Fault:
    _known(entry, "a fault", {
        "parameter", "times", "plus", "begin_h", "end_h", "ramp_h", "period_min", "duty", "when",
    })  # fmt: skip
    return Fault(
        parameter=_need(entry, "parameter", "a fault"),
        times=float(entry.get("times", 1.0)),
        plus=float(entry.get("plus", 0.0)),
        begin_s=3600.0 * float(entry.get("begin_h", 0.0)),
        end_s=3600.0 * float(entry.get("end_h", math.inf)),
        ramp_s=3600.0 * float(entry.get("ramp_h", 0.0)),
        period_s=60.0 * float(entry.get("period_min", 0.0)),
        duty=float(entry.get("duty", 0.5)),
        when=_checked(entry.get("when", {}), knobs),
    )


def _checked(values: Table, knobs: Mapping[str, Knob]) -> Configuration:
    _known(values, "values of knobs", knobs)
    return {name: knobs[name].checked(value) for name, value in values.items()}


def _lever(entry: Table) -> Lever:
    _known(entry, "a knob", {
        "name", "kind", "low", "high", "log", "default", "scope", "step_max", "settle_s", "help", "sets",
        "values", "choices", "on", "off", "lag_s", "disturbs", "fades_s",
    })  # fmt: skip
    name = _need(entry, "name", "a knob")
    domain, choices = _domain(entry, name)
    knob = Knob(
        name=name,
        default=_need(entry, "default", f"knob {name!r}"),
        domain=domain,
        scope=Scope(entry.get("scope", "process")),
        step_max=float(entry.get("step_max", 1.0)),
        settle_s=float(entry.get("settle_s", 0.0)),
        help=entry.get("help", ""),
    )
    sets = "" if choices else entry.get("sets", name)
    if not choices and entry.get("sets") == "nothing":
        sets = ""
    return Lever(
        knob=knob,
        sets=sets,
        choices=choices,
        lag_s=float(entry.get("lag_s", 0.0)),
        disturbs=float(entry.get("disturbs", 0.0)),
        fades_s=float(entry.get("fades_s", 60.0)),
    )


def _domain(entry: Table, name: str) -> tuple[Domain, tuple[tuple[Value, Mapping[str, float]], ...]]:
    match _need(entry, "kind", f"knob {name!r}"):
        case "integers":
            return Integers(int(entry["low"]), int(entry["high"]), bool(entry.get("log", False))), ()
        case "floats":
            return Floats(float(entry["low"]), float(entry["high"]), bool(entry.get("log", False))), ()
        case "values":
            return Choices(tuple(entry["values"])), ()
        case "choices":
            settings = tuple((key, _settings(found)) for key, found in entry["choices"].items())
            return Choices(tuple(key for key, _ in settings)), settings
        case "switch":
            return Choices((False, True)), (
                (False, _settings(entry.get("off", {}))),
                (True, _settings(entry.get("on", {}))),
            )
        case other:
            raise ConfigError(
                f"knob {name!r} is of kind {other!r}; there are integers, floats, values, choices and switch"
            )


def _settings(found: Table) -> Mapping[str, float]:
    return {key: float(value) for key, value in found.items()}


def _known(table: Iterable[str], where: str, names: Iterable[str]) -> None:
    if unknown := sorted(set(table) - set(names)):
        raise ConfigError(
            f"{where} has no {', '.join(map(repr, unknown))}; there are {', '.join(sorted(names))}"
        )


def _need(table: Table, key: str, where: str) -> Any:
    if key not in table:
        raise ConfigError(f"{where} needs {key!r}")
    return table[key]
