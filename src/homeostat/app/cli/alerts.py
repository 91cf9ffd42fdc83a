"""`homeostat alerts`: what is violated, what could not be delivered, and what to do about it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from homeostat.app.cli.exits import Exit
from homeostat.loop.settings import DEFAULT_PORT

if TYPE_CHECKING:
    from homeostat.app.cli.client import Client

alerts = typer.Typer(
    help="Look at alerts, silence them, send again what could not be delivered.", invoke_without_command=True
)

Endpoint = Annotated[str, typer.Option(envvar="HOMEOSTAT_ENDPOINT", help="Address of the server.")]
Token = Annotated[str | None, typer.Option(envvar="HOMEOSTAT_TOKEN", help="Secret of the server.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
HERE = f"http://127.0.0.1:{DEFAULT_PORT}"


@alerts.callback()
def show(
    context: typer.Context,
    endpoint: Endpoint = HERE,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """List active alerts, silences, and notices that could not be delivered.

    The exit code is 1 where an alert is active.

    Example: [bold]homeostat alerts --json[/bold]
    """
    if context.invoked_subcommand is not None:
        return
    with _client(endpoint, token) as client:
        state = client.get("/api/alerts")
    _print(state, as_json, lines(state))
    if state["active"]:
        raise typer.Exit(Exit.FAILED)


@alerts.command()
def retry(
    notice: Annotated[str, typer.Argument(help="NOTICE/CHANNEL, as `homeostat alerts` lists it.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All that could not be delivered.")] = False,
    endpoint: Endpoint = HERE,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Send notices again that could not be delivered.

    Example: [bold]homeostat alerts retry --all[/bold]
    """
    from homeostat.core.errors import InputError

    if bool(notice) == every:
        raise InputError(
            "name either one notice, such as 3f0a/pager, or --all; `homeostat alerts` lists them"
        )
    with _client(endpoint, token) as client:
        found = client.post("/api/alerts/retry", {"all": True} if every else {"id": notice})
    said = [f"sent again: {key}" for key in found["waiting"]]
    said += [f"left, its channel is no longer configured: {key}" for key in found["left"]]
    _print(found, as_json, said or ["nothing is undelivered"])


@alerts.command()
def silence(
    target: Annotated[str, typer.Option(help="The target to be silent about.")] = "",
    group: Annotated[str, typer.Option(help="The group, such as service=web.")] = "",
    lasting: Annotated[str, typer.Option("--for", help="How long, such as 30m, 2h or 1d.")] = "1h",
    reason: Annotated[str, typer.Option(help="Why, for those who look later.")] = "",
    endpoint: Endpoint = HERE,
    token: Token = None,
    as_json: AsJson = False,
) -> None:
    """Have nothing told of a target or a group for a while.

    Example: [bold]homeostat alerts silence --target "answers are fast" --for 2h[/bold]
    """
    from homeostat.app.report.period import length_of

    for_s = length_of(lasting) / 1e9
    wanted = {"target": target, "group": group, "for_s": for_s, "reason": reason}
    with _client(endpoint, token) as client:
        made = client.post("/api/alerts/silence", wanted)
    _print(made, as_json, [f"silent for {lasting}; `homeostat alerts speak {made['id']}` ends it"])


@alerts.command()
def speak(
    silence_id: Annotated[
        str, typer.Argument(metavar="ID", help="The silence, as `homeostat alerts` lists it.")
    ],
    endpoint: Endpoint = HERE,
    token: Token = None,
) -> None:
    """End a silence.

    Example: [bold]homeostat alerts speak 5d41402abc4b2a76[/bold]
    """
    from urllib.parse import quote

    with _client(endpoint, token) as client:
        client.delete(f"/api/alerts/silence/{quote(silence_id, safe='')}")
    typer.echo("the silence has ended")


@alerts.command()
def forget(
    name: Annotated[str, typer.Argument(help="The target, as `homeostat alerts` and the page name it.")],
    endpoint: Endpoint = HERE,
    token: Token = None,
) -> None:
    """Watch a target no more that was set with `set_performance_alert`.

    Example: [bold]homeostat alerts forget "operation.duration p95 < 200 ms"[/bold]
    """
    from urllib.parse import quote

    with _client(endpoint, token) as client:
        client.delete(f"/api/alerts/targets/{quote(name, safe='')}")
    typer.echo("it is watched no more")


def _client(endpoint: str, token: str | None) -> "Client":
    from homeostat.app.cli.client import Client

    return Client(endpoint, token)


def _print(answer: Any, as_json: bool, said: list[str]) -> None:
    if as_json:
        import json

        typer.echo(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    for line in said:
        typer.echo(line)


def lines(state: dict[str, Any]) -> list[str]:
    """Return what a person wants to know of the alerts."""
    from homeostat.judge.words.moment_words import length_words
    from homeostat.judge.words.quantity import counted

    said = [f"{counted(len(state['active']), 'active alert')}, {counted(len(state['targets']), 'target')}"]
    for alert in state["active"]:
        subject = f" ({alert['subject']})" if alert["subject"] else ""
        told = f"{alert['severity']}: {alert['target']}{subject}: {alert['words']}"
        said.append(f"! {told}, for {length_words(state['now_ns'] - alert['began_ns'])}")
    for quiet in state["silences"]:
        what = ", ".join(t for t in (quiet["target"], quiet["group"]) if t)
        why = f" ({quiet['reason']})" if quiet["reason"] else ""
        left = length_words(quiet["until_ns"] - state["now_ns"])
        said.append(f"silent: {what} for another {left}{why}; `homeostat alerts speak {quiet['id']}` ends it")
    for lost in state["dead"]:
        key = f"{lost['notice']['id']}/{lost['channel']}"
        said.append(f"not delivered: {key}: {lost['notice']['title']} ({lost['error']})")
    if state["dead"]:
        said.append("`homeostat alerts retry --all` sends them again")
    return said
