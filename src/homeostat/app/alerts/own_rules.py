"""Rules that people set while a server runs, kept in its store beside those of its file."""

from collections.abc import Collection, Mapping

import msgspec

from homeostat.core.batch import Batch
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.metric import Metric
from homeostat.core.query import RecordsQuery, Store
from homeostat.core.record import Record
from homeostat.core.target import Severity
from homeostat.judge.targets.target import Handling, Rule, rule_of
from homeostat.judge.targets.target_language import parse

KIND = "alert.rule"
RULES_MAX = 200


class OwnRule(msgspec.Struct, frozen=True):
    """A rule as a person set it: an expectation in the target language, and what to do if it is violated."""

    name: str
    expect: str
    severity: Severity = Severity.WARNING
    notify: tuple[str, ...] = ()
    action: str = ""

    def rule(
        self, metrics: Mapping[str, Metric], channels: Collection[str], actions: Collection[str]
    ) -> Rule:
        """Bind it; raise ConfigError that names what is wrong with it and what would be accepted."""
        for channel in self.notify:
            if channel not in channels:
                known = ", ".join(sorted(channels)) or "none"
                raise ConfigError(f"there is no channel {channel!r}; known are {known}")
        if self.action and self.action not in actions:
            known = ", ".join(sorted(actions)) or "none"
            raise ConfigError(f"there is no action {self.action!r}; known are {known}")
        target = parse(self.expect)
        bounds = () if target.burn is not None else ((self.severity, target.bound),)
        return rule_of(self.name, target, metrics, bounds, Handling(notify=self.notify, action=self.action))


def keep_rule(store: Store, rule: OwnRule, now_ns: int) -> None:
    """Keep a rule, in place of the one that had its name; raise InputError where there are too many."""
    names = {known.name for known in own_rules(store)}
    if rule.name not in names and len(names) >= RULES_MAX:
        raise InputError(f"{RULES_MAX} alerts are set already, which is the most: forget some first")
    store.write(Batch(records=(Record(KIND, rule.name, now_ns, msgspec.json.encode(rule)),)))


def forget_rule(store: Store, name: str, now_ns: int) -> None:
    """Forget a rule."""
    store.write(Batch(records=(Record(KIND, name, now_ns, b""),)))


def own_rules(store: Store) -> tuple[OwnRule, ...]:
    """Return the rules that are kept, in order of their names."""
    found = store.read(RecordsQuery(KIND, limit=RULES_MAX))
    decoded = [msgspec.json.decode(record.body, type=OwnRule) for record in found if record.body]
    return tuple(sorted(decoded, key=lambda rule: rule.name))
