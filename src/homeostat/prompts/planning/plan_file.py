"""The plan as a file: JSON that a loader reads and a person can."""

from pathlib import Path

import msgspec

from homeostat.core.errors import ConfigError
from homeostat.prompts.planning.loading_plan import FORMAT, LoadingPlan

NAME = "loading-plan.json"
"""The file's usual name, beside the library."""


def plan_bytes(plan: LoadingPlan) -> bytes:
    """Return a plan as JSON, one line a value."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2) + b"\n"


def read_plan(path: Path) -> LoadingPlan:
    """Read a plan. Raises ConfigError naming the file and what is wrong with it."""
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=LoadingPlan)
    except OSError as error:
        raise ConfigError(
            f"cannot read the plan {path}: {error.strerror or error}; "
            "`homeostat prompts plan DIR --out FILE` makes one"
        ) from None
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{path} is no loading plan: {error}") from None
    if plan.format != FORMAT:
        raise ConfigError(
            f"{path} has the format {plan.format}, this version reads {FORMAT}; make the plan again"
        )
    return plan


def write_plan(path: Path, plan: LoadingPlan) -> None:
    """Write a plan. Raises ConfigError if it cannot."""
    try:
        path.write_bytes(plan_bytes(plan))
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from None
