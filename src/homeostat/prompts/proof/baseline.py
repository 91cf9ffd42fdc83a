"""The baseline: what each entry point loaded when a person last agreed, and what got worse since."""

from collections import Counter
from pathlib import Path

import msgspec

from homeostat.core.errors import ConfigError
from homeostat.prompts.analysis.analysis import Analysis
from homeostat.prompts.tokens.run_cost import run_cost

SLOWER_FACTOR = 3.0
SLOWER_MS = 5.0
"""Loading is slower where it takes three times as long and 5 ms more: machines differ, and disks more."""


class Budget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a run of one entry point loads: tokens with what is always loaded, and the time to read them."""

    tokens: int
    load_ms: float


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The budgets of a library by kind and name, the tokenizer that counted, and the model that is asked."""

    tokenizer: str
    model: str
    entries: dict[str, Budget]


class Regression(msgspec.Struct, frozen=True):
    """Something that got worse: of which entry point, what, and its values before and now."""

    entry: str
    what: str
    before: float
    now: float

    def __str__(self) -> str:
        if self.what == "is gone":
            return f"{self.entry} is gone"
        places = 0 if self.what == "tokens" else 6 if self.what.endswith("USD") else 1
        return f"{self.entry}: {self.what} {self.before:,.{places}f} -> {self.now:,.{places}f}"


def baseline_of(analysis: Analysis, model: str, load_ms: dict[str, float]) -> Baseline:
    """Return the baseline of a library, given how long the files of each entry point take to read."""
    names = Counter((e.kind, e.name) for e in analysis.entries)
    entries = {
        f"{e.kind} {e.name}" + (f" ({e.path})" if names[e.kind, e.name] > 1 else ""): Budget(
            e.hard_tokens + analysis.always_tokens, round(load_ms[e.path], 3)
        )
        for e in analysis.entries
    }
    return Baseline(analysis.tokenizer, model, dict(sorted(entries.items())))


def regressions(before: Baseline, now: Baseline, threshold: float, at_ns: int) -> list[Regression]:
    """Return what got worse by more than a share of what it was: tokens, cost, time to load.

    Both costs are taken at the prices of one time (ns since the epoch), so a provider's change of price is no
    regression; falling below the length that the provider caches is one, though tokens went down.
    Raises ConfigError where the two were not counted with the same tokenizer for the same model.
    """
    for name in ("tokenizer", "model"):
        if getattr(before, name) != getattr(now, name):
            raise ConfigError(
                f"the baseline's {name} is {getattr(before, name)!r}, now it is {getattr(now, name)!r}; "
                f"give --{name} {getattr(before, name)}, or write the baseline again with --write"
            )
    found = []
    for entry, old in before.entries.items():
        new = now.entries.get(entry)
        if new is None:
            found.append(Regression(entry, "is gone", 1, 0))
            continue
        paid, pays = (run_cost(now.model, budget.tokens, at_ns) for budget in (old, new))
        measures = (
            ("tokens", old.tokens, new.tokens),
            ("first USD", paid.first_usd, pays.first_usd),
            ("again USD", paid.again_usd, pays.again_usd),
        )
        found += [Regression(entry, what, a, b) for what, a, b in measures if b > a * (1 + threshold)]
        if new.load_ms > max(old.load_ms * SLOWER_FACTOR, old.load_ms + SLOWER_MS):
            found.append(Regression(entry, "load ms", old.load_ms, new.load_ms))
    return found


def read_baseline(path: Path) -> Baseline:
    """Read a baseline. Raises ConfigError naming the file and what is wrong with it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Baseline)
    except OSError as error:
        raise ConfigError(
            f"cannot read the baseline {path}: {error.strerror or error}; --write makes one"
        ) from None
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{path} is no baseline: {error}; --write makes a new one") from None


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline, one line a value, for a readable history. Raises ConfigError if it cannot."""
    text = msgspec.json.format(msgspec.json.encode(baseline), indent=2) + b"\n"
    try:
        path.write_bytes(text)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from None
