"""The operations of the engine by name, as commands and the API call them."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from homeostat.app.engine.engine import Engine
from homeostat.core.errors import InputError

READING = (
    "get_performance_report",
    "get_optimization_recommendations",
    "get_resource_status",
    "get_resource_metrics",
    "predict_resource_needs",
    "get_workload_patterns",
    "get_real_time_metrics",
    "get_dashboard_data",
    "analyze_performance_trends",
    "find_metric_correlations",
    "identify_bottlenecks",
)
"""Operations that change nothing."""

ORDERING = (
    "optimize_system",
    "apply_recommendations",
    "optimize_memory_usage",
    "balance_cpu_load",
    "optimize_io_operations",
    "adapt_to_constraints",
    "set_performance_alert",
)
"""Operations that order something."""


OPERATIONS = (*READING, *ORDERING)


def called(engine: Engine, name: str, arguments: Mapping[str, Any]) -> object:
    """Call an operation with arguments as JSON has them; return its answer.

    Raises InputError for a name or an argument that does not exist, one that is missing, and one of a wrong
    type; and what the operation raises.
    """
    if name not in OPERATIONS:
        raise InputError(f"there is no operation {name!r}; there are: {', '.join(OPERATIONS)}")
    parameters = _parameters(getattr(Engine, name))
    unknown = sorted(set(arguments) - {p.name for p in parameters})
    if unknown:
        known = ", ".join(p.name for p in parameters) or "none"
        raise InputError(f"{name} has no argument {unknown[0]!r}; it takes: {known}")
    converted = {}
    for parameter in parameters:
        if parameter.name not in arguments:
            if parameter.default is inspect.Parameter.empty:
                raise InputError(f"{name} needs the argument {parameter.name!r}")
            continue
        value = arguments[parameter.name]
        try:
            converted[parameter.name] = msgspec.convert(value, parameter.annotation, strict=False)
        except msgspec.ValidationError as error:
            raise InputError(f"{name}: {parameter.name}={value!r}: {error}") from None
    return getattr(engine, name)(**converted)


def described() -> list[dict[str, object]]:
    """Return all operations with what they do and take."""
    found = []
    for name in OPERATIONS:
        method = getattr(Engine, name)
        found.append(
            {
                "operation": name,
                "orders": name in ORDERING,
                "does": (inspect.getdoc(method) or "").split("\n")[0],
                "takes": {
                    p.name: "needed" if p.default is inspect.Parameter.empty else p.default
                    for p in _parameters(method)
                },
            }
        )
    return found


def _parameters(method: Callable[..., object]) -> tuple[inspect.Parameter, ...]:
    return tuple(inspect.signature(method).parameters.values())[1:]  # without self
