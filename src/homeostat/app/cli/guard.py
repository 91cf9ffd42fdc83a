"""`homeostat guard`: what the guard makes of a text, and how accurate it is."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from homeostat.app.cli.exits import Exit
from homeostat.app.cli.loop_options import Json

if TYPE_CHECKING:
    from homeostat.evaluate.safety.policy import Policy
    from homeostat.evaluate.safety.verdict import Verdict
    from homeostat.runtime.guarding.figures import Accuracy, Share

guard = typer.Typer(help="What may be said, and how well that is told.", no_args_is_help=True)

Audience = Annotated[str, typer.Option(help="child, teen, adult, clinical, or one of your policies.")]
Policies = Annotated[Path | None, typer.Option(help="Policies of your own (TOML).")]
EmbedderOption = Annotated[
    str, typer.Option(help="none, minilm, static, or an address: whether meaning counts.")
]


@guard.command()
def check(
    file: Annotated[str, typer.Argument(help="The text; - reads it from the standard input.")],
    audience: Audience = "adult",
    policies: Policies = None,
    embedder: EmbedderOption = "none",
    avoid: Annotated[
        list[str] | None, typer.Option(help="What somebody asked to be spared; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Say what is to be done about a text, and print what may be shown of it; exits with 1 if not all of it.

    Example: [bold]homeostat guard check answer.txt --audience child[/bold]
    """
    import os

    from homeostat import Homeostat
    from homeostat.app.cli.evaluate import text_of
    from homeostat.evaluate.safety.guard import Guard
    from homeostat.runtime.embed.opening import embedder_at

    text = text_of(file)
    with Homeostat(keep=False, collect=False) as hs:
        rules = _policy(audience, policies)
        verdict = Guard(rules, embedder_at(hs, embedder, os.environ), avoid or ()).check(text)
    if as_json:
        import msgspec

        shown = {**msgspec.structs.asdict(verdict), "severity": dict(verdict.severity)}
        typer.echo(msgspec.json.encode(shown).decode())
    else:
        _print_verdict(verdict)
    if not verdict.allowed:
        raise typer.Exit(Exit.FAILED)


@guard.command()
def accuracy(
    audience: Audience = "adult",
    policies: Policies = None,
    embedder: EmbedderOption = "none",
    as_json: Json = False,
) -> None:
    """Try our planted texts on the guard: what it holds and misses, with 95% intervals and sample sizes.

    Example: [bold]homeostat guard accuracy --embedder minilm[/bold]
    """
    import os

    from homeostat import Homeostat
    from homeostat.evaluate.safety.guard import Guard
    from homeostat.runtime.embed.opening import embedder_at
    from homeostat.runtime.guarding.guarding import Guarding

    with Homeostat(keep=False, collect=False) as hs:
        opened = embedder_at(hs, embedder, os.environ)
        made = Guard(_policy(audience, policies), opened)
        found = Guarding(hs, made, by_meaning=opened is not None).measure()
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=2).decode())
        return
    _print_accuracy(found)


def _policy(audience: str, policies: Path | None) -> "Policy":
    from homeostat.evaluate.safety.policy import policy, policy_file

    return policy(audience) if policies is None else policy_file(policies, audience)


def _print_verdict(verdict: "Verdict") -> None:
    found = ", ".join(f"{category} {worst:.1f}" for category, worst in sorted(verdict.severity.items()))
    typer.secho(f"{verdict.action}: {found or 'nothing found'}", err=True)
    if not verdict.complete:
        typer.secho("some of it was judged by words alone", err=True, dim=True)
    typer.echo(verdict.text, nl=not verdict.text.endswith("\n"))


def _print_accuracy(found: "Accuracy") -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("planted texts", "language", "share", "95%", "n"):
        table.add_column(name, justify="left" if name in ("planted texts", "language") else "right")

    def row(what: str, language: str, share: "Share") -> None:
        if share.value is None or share.low is None or share.high is None:
            table.add_row(what, language, "not known", "", "0")
            return
        table.add_row(
            what, language, f"{share.value:.1%}", f"{share.low:.1%} to {share.high:.1%}", str(share.n)
        )

    row("treated rightly", "all", found.filter)
    for one in found.detection:
        row(f"{one.category} held", one.language, one.detected)
    for alarm in found.false_alarms:
        what = "" if alarm.category == "all" else f" for {alarm.category}"
        row(f"harmless held{what}", alarm.language, alarm.held)
    for unread in found.not_covered:
        table.add_row("harmless, language not covered", unread.language, "not known", "", str(unread.n))
    row("trigger named, held", "en", found.trigger_named)
    row("trigger meant, held", "en", found.trigger_meant)
    Console().print(table)
    how = "words and meaning" if found.by_meaning else "words alone"
    typer.echo(f"For {found.audience}, by {how}; of our {found.tried} planted texts, not of yours.")
