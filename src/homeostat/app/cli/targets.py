"""`homeostat targets check`: what a file of targets says, without a server."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from homeostat.app.alerts.target_file import Alerting
    from homeostat.judge.targets.target import Condition, Rule

targets = typer.Typer(help="Look at targets and alerts of your own.", no_args_is_help=True)


@targets.callback()
def group() -> None:
    """Hold the commands together."""


class Variables(Mapping[str, str]):
    """An environment that has every variable: those that are not set are noted, and stand for an address."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.missing: list[str] = []

    def __getitem__(self, name: str) -> str:
        found = self._environment.get(name)
        if not found:
            self.missing.append(name)
        return found or "https://not-set.invalid"

    def __iter__(self) -> Iterator[str]:
        return iter(self._environment)

    def __len__(self) -> int:
        return len(self._environment)


@targets.command()
def check(
    file: Annotated[Path, typer.Argument(help="TOML file with [[target]], [[channel]] and [[metric]].")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Say what was understood of a file, or what is wrong with it (exit code 2).

    Example: [bold]homeostat targets check limits.toml[/bold]
    """
    import os

    from homeostat.app.alerts.target_file import load_alerting
    from homeostat.observe.catalogue import load_catalogue

    variables = Variables(os.environ)
    found = load_alerting(file, load_catalogue(file), variables)
    missing = sorted(set(variables.missing))
    if as_json:
        import json

        channels = [{"name": c.name, "kind": c.kind, "severity": c.least.value} for c in found.channels]
        entries = [entry(rule) for rule in found.targets]
        answer = {"targets": entries, "channels": channels, "variables_not_set": missing}
        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    else:
        _print(found, missing)


def entry(rule: "Rule") -> dict[str, object]:
    """Return a target as it was understood; bounds are in `unit`, lengths in seconds."""
    return {
        "name": rule.name,
        "expectation": rule.expectation,
        "metric": rule.metric,
        "statistic": rule.statistic,
        "unit": rule.unit,
        "conditions": [
            {
                "severity": c.severity.value,
                "side": c.side.value,
                "bound": c.bound,
                "windows_s": [w / 1e9 for w in c.windows_ns],
            }
            for c in rule.conditions
        ],
        "for_s": rule.handling.for_ns / 1e9,
        "cool_down_s": rule.handling.cool_down_ns / 1e9,
        "notify": list(rule.handling.notify),
    }


def _print(found: "Alerting", missing: list[str]) -> None:
    from homeostat.judge.words.amount import write_length

    for rule in found.targets:
        typer.secho(rule.name, bold=True)
        typer.echo(f"  expects   {rule.expectation}")
        for condition in rule.conditions:
            typer.echo(f"  {condition.severity.value:<9} unless {condition_words(rule, condition)}")
        notify = ", ".join(rule.handling.notify) or "all channels"
        lasting = f"once it lasts {write_length(rule.handling.for_ns)}" if rule.handling.for_ns else "at once"
        typer.echo(f"  told      {lasting}, to {notify}")
    watched = len(found.rules) - len(found.targets)
    channels = ", ".join(f"{c.name} ({c.kind})" for c in found.channels)
    typer.echo(f"{len(found.targets)} targets are right; {watched} metrics of the catalogue are watched too")
    typer.echo(f"channels: {channels}")
    for name in missing:
        typer.echo(f"note: the environment has no variable {name}; the server needs it")


def condition_words(rule: "Rule", condition: "Condition") -> str:
    """Return a condition as one says it."""
    from homeostat.judge.words.amount import write_length
    from homeostat.judge.words.quantity import quantity

    what = f"{rule.statistic} of {rule.metric}"
    if rule.beyond is not None:
        what += f" {rule.beyond[0]} {rule.beyond[1]:g}"
    if rule.among:
        what += f" among {rule.among}"
    windows = " and ".join(write_length(w) for w in condition.windows_ns)
    return f"{what} {condition.side} {quantity(condition.bound, rule.unit)} over {windows}"
