"""Claims about the file of targets: what it says is understood, and each mistake is told with its remedy."""

from pathlib import Path

import pytest

from homeostat.app.alerts.target_file import Alerting, load_alerting
from homeostat.core.clock import HOUR_NS, MINUTE_NS
from homeostat.core.errors import ConfigError
from homeostat.core.target import Severity, Side
from homeostat.observe.catalogue import load_catalogue

CATALOGUE = load_catalogue()
FAST = '[[target]]\nname = "fast"\nexpect = "p95(operation.duration) < 200 ms"\n'
ENVIRONMENT = {"URL": "https://example.com/s3cret", "TOKEN": "s3cret", "NO_URL": "s3cret"}


def load(tmp_path: Path, text: str, actions: tuple[str, ...] = ()) -> Alerting:
    path = tmp_path / "limits.toml"
    path.write_text(text)
    return load_alerting(path, load_catalogue(path), ENVIRONMENT, actions)


def test_without_a_file_the_bounds_of_the_catalogue_are_watched_and_logged() -> None:
    found = load_alerting(None, CATALOGUE, {})
    assert [c.name for c in found.channels] == ["log"]
    bounded = [m for m in CATALOGUE.values() if m.warning is not None or m.critical is not None]
    assert [r.name for r in found.rules] == [m.name for m in bounded]
    for rule, metric in zip(found.rules, bounded, strict=True):
        bounds = {c.severity: c.bound for c in rule.conditions}
        assert bounds.get(Severity.WARNING) == metric.warning
        assert bounds.get(Severity.CRITICAL) == metric.critical
        assert rule.by == ("*",)
        below = metric.better == "lower"
        assert all(c.side is (Side.AT_MOST if below else Side.AT_LEAST) for c in rule.conditions)


def test_amounts_are_converted_to_the_unit_of_the_metric(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        '[alerts]\ncatalogue = false\nfor = "2 min"\n'
        '[[target]]\nname = "a"\nexpect = "p95(llm.duration) < 2 s over 1 h"\ncritical = "1 min"\n'
        'warning = "3"\n'
        '[[target]]\nname = "b"\nexpect = "total < 50 cents"\nmetric = "llm.cost"\nfor = "0 s"\n'
        '[[target]]\nname = "c"\nexpect = "rate(llm.cost) < 36 USD/h"\nseverity = "critical"\n'
        '[[target]]\nname = "d"\nexpect = "rate(errors) < 1%"\n'
        '[[target]]\nname = "e"\nexpect = "rate(errors) < 6/min"\n'
        '[[target]]\nname = "f"\nexpect = "share(llm.duration > 2 s) < 0.5%"\n'
        '[[metric]]\nname = "quality"\nunit = "ratio"\nkind = "histogram"\nbetter = "higher"\n'
        'help = "How good."\n'
        '[[target]]\nname = "g"\nexpect = "mean(quality) >= 95%"\nhysteresis = "0%"\n',
    )
    rules = {r.name: r for r in found.rules}
    assert set(rules) == set("abcdefg")
    assert [(c.severity.value, c.bound) for c in rules["a"].conditions] == [
        ("warning", 3_000.0),
        ("critical", 60_000.0),
    ]
    assert rules["a"].windows_ns == (HOUR_NS,)
    assert rules["a"].handling.for_ns == 2 * MINUTE_NS
    assert (rules["b"].conditions[0].bound, rules["b"].handling.for_ns) == (0.5, 0)
    assert rules["c"].conditions[0].bound == pytest.approx(0.01)
    assert rules["c"].conditions[0].severity is Severity.CRITICAL
    assert (rules["d"].statistic, rules["d"].among) == ("share", "operation.duration")
    assert (rules["e"].statistic, rules["e"].conditions[0].bound) == ("rate", pytest.approx(0.1))
    assert rules["f"].beyond == (Side.ABOVE, 2_000.0)
    assert (rules["g"].conditions[0].bound, rules["g"].conditions[0].clear_bound) == (0.95, 0.95)


def test_a_budget_has_the_windows_of_multi_window_alerting(tmp_path: Path) -> None:
    text = '[alerts]\ncatalogue = false\n[[target]]\nname = "b"\n'
    text += 'expect = "burn(rate(errors) < 0.1% over 30 d)"\n'
    (rule,) = load(tmp_path, text).rules
    found = [
        (c.severity.value, round(c.bound / 0.001, 6), c.windows_ns[0] // c.windows_ns[1])
        for c in rule.conditions
    ]
    assert found == [
        ("critical", 14.4, 12),
        ("critical", 6.0, 12),
        ("warning", 3.0, 12),
        ("warning", 1.0, 12),
    ]


def test_channels_are_made_from_their_entries(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        '[[channel]]\nname = "a"\nkind = "webhook"\nurl_env = "URL"\nsecret_env = "TOKEN"\n'
        'severity = "critical"\n'
        '[[channel]]\nname = "b"\nkind = "slack"\nurl = "https://example.com/x"\ntimeout_s = 3\n'
        '[[channel]]\nname = "c"\nkind = "command"\nargv = ["/bin/true"]\n'
        '[[channel]]\nname = "d"\nkind = "email"\nhost = "mail.example.com"\nuser = "u"\n'
        'password_env = "TOKEN"\n'
        'from = "h@example.com"\nto = ["o@example.com"]\n' + FAST + 'notify = ["a", "c"]\n',
    )
    assert [(c.name, c.kind) for c in found.channels] == [
        ("log", "log"),
        ("a", "webhook"),
        ("b", "slack"),
        ("c", "command"),
        ("d", "email"),
    ]
    assert found.channels[1].least is Severity.CRITICAL
    assert found.targets[0].handling.notify == ("a", "c")
    for channel in found.channels:
        channel.open()


HOOK = '[[channel]]\nname = "h"\nkind = "webhook"\n'
MAIL = '[[channel]]\nname = "m"\nkind = "email"\nhost = "h"\nfrom = "a@b"\nto = ["c@d"]\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[target]\n", "not valid TOML"),
        ("target = 3\n", r"write each target as a table that begins with \[\[target\]\]"),
        ("alerts = 3\n", r"write the settings of alerts as a table \[alerts\]"),
        ("[alert]\n", "unknown field 'alert'; known are metric, target, channel, alerts"),
        ("[alerts]\nfoo = 1\n", r"\[alerts\]: unknown field 'foo'; known are catalogue, for"),
        ("[alerts]\ncatalogue = 3\n", "catalogue must be true or false, not 3"),
        ('[alerts]\nfor = "soon"\n', "for must be a length of time such as '5 min', not 'soon'"),
        ('[alerts]\nhysteresis = "90%"\n', "hysteresis must lie between '0%' and '50%', not '90%'"),
        ('[[target]]\nexpect = "x"\n', "a target needs a name such as 'answers are fast', not None"),
        ('[[target]]\nname = "x"\n', "target 'x': say what is expected"),
        ('[[target]]\nname = "x"\nexpect = 3\n', "expect must be a text, not 3"),
        ('[[target]]\nname = "x"\nexpect = "p95 < 3 ms"\n', "no metric is named; write it in parentheses"),
        (FAST + "foo = 3\n", "target 'fast': unknown field 'foo'; known are name, expect"),
        (FAST + FAST, "the target 'fast' is there twice; choose another name"),
        (FAST.replace('"fast"', '"llm.duration"'), "'llm.duration' is the name of a metric; choose another"),
        (FAST.replace("200 ms", "200 µ"), "200 µ cannot be converted to ms; use ns, us"),
        (FAST.replace("operation.duration", "operation.durations"), "did you mean operation.duration"),
        (FAST.replace("operation.duration", "zzz"), "`homeostat metrics` lists those there are"),
        (FAST.replace("p95", "last"), "is a histogram; use mean, a quantile such as p95"),
        (FAST.replace("p95", "rate"), "200 ms is no rate; write a share such as '< 1%', or a rate over time"),
        (FAST.replace("operation.duration", "llm.tokens"), "has no quantiles; use rate, share or total"),
        (FAST.replace("p95(operation.duration) < 200 ms", "mean(llm.tokens) < 3"), "is a counter; use rate"),
        (
            FAST.replace("p95(operation.duration) < 200 ms", "rate(llm.tokens) < 3%"),
            "write share.llm.tokens among",
        ),
        (
            FAST.replace("p95(operation.duration) < 200 ms", "share(llm.tokens > 3) < 3%"),
            "only values of a histogram",
        ),
        (
            FAST.replace("p95(operation.duration) < 200 ms", "burn(rate(errors) < 1% over 1 h)"),
            "too short; take 3 h",
        ),
        (
            FAST.replace("p95(operation.duration) < 200 ms", "total(memory.rss) < 3"),
            "no metric 'memory.rss'|is a gauge",
        ),
        (FAST + 'severity = "bad"\n', "severity must be warning or critical, not 'bad'"),
        (FAST + 'severity = "critical"\nwarning = "1 s"\n', "severity goes with expect alone"),
        (
            FAST + 'warning = "2 s"\ncritical = "1 s"\n',
            "on the good side of warning .2000 ms.; exchange the two",
        ),
        (FAST + 'critical = "soon"\n', "a number is expected"),
        (FAST + 'notify = ["nobody"]\n', "there is no channel 'nobody'; known are log"),
        (FAST + 'notify = "log"\n', "notify must be a list of texts, not 'log'"),
        (FAST + 'action = "shed"\n', "there is no action 'shed'; none is known to this server"),
        ('[[channel]]\nkind = "log"\n', "a channel needs a name such as 'operators', not None"),
        ('[[channel]]\nname = "log"\nkind = "log"\n', "the channel 'log' is there twice"),
        ('[[channel]]\nname = "x"\n', "channel 'x': the field 'kind' is missing"),
        (
            '[[channel]]\nname = "x"\nkind = "pigeon"\n',
            "unknown kind 'pigeon'; known are log, webhook, slack",
        ),
        (HOOK, "the field 'url' is missing"),
        (
            HOOK + 'url = "ftp://x"\n',
            "an address such as 'https://example.com/hook' is needed, not 'ftp://x'",
        ),
        (HOOK + 'url = "https://x"\nurl_env = "URL"\n', "give either url or url_env"),
        (
            HOOK + 'url_env = "UNSET"\n',
            "the environment has no variable 'UNSET', which url_env names; set it",
        ),
        (HOOK + 'url = "https://x"\nargv = ["a"]\n', "unknown field 'argv'; known are name, kind, severity"),
        (HOOK + 'url = "https://x"\ntimeout_s = 0\n', "timeout_s must be a number from 0.1 to 60, not 0"),
        (
            HOOK + 'url = "https://x"\nseverity = "bad"\n',
            "severity must be one of warning, critical, not 'bad'",
        ),
        ('[[channel]]\nname = "x"\nkind = "command"\nargv = "rm -rf"\n', "argv must be a list of texts"),
        (MAIL.replace('"a@b"', '"nobody"'), "'nobody' is no e-mail address"),
        (MAIL + 'encryption = "none"\nuser = "u"\npassword_env = "TOKEN"\n', "must not be sent in clear"),
        (MAIL + 'encryption = "some"\n', "encryption must be one of starttls, tls, none, not 'some'"),
    ],
)
def test_a_mistake_is_told_with_its_place_its_value_and_the_remedy(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as error:
        load(tmp_path, text)
    assert "limits.toml" in str(error.value)


def test_a_secret_is_never_repeated(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, HOOK + 'url_env = "NO_URL"\n')
    assert "the one that NO_URL holds" in str(error.value)
    assert "s3cret" not in str(error.value)


def test_an_action_that_is_known_may_be_named(tmp_path: Path) -> None:
    assert load(tmp_path, FAST + 'action = "shed"\n', ("shed",)).targets[0].handling.action == "shed"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml' cannot be read"):
        load_alerting(tmp_path / "gone.toml", CATALOGUE, {})
