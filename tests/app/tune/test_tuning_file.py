"""The file of a tuning: what it says, and how its errors are told."""

from pathlib import Path

import pytest

from homeostat.app.tune.tuning_file import Bound, Goal, load_tuning
from homeostat.core.errors import ConfigError
from homeostat.core.knob import Choices, Floats, Integers

GOOD = """
minimize = "cost"
maximize = ["quality"]
[knob.batch]
low = 1
high = 64
log = true
default = 8
[knob.share]
low = 0
high = 1
default = 0.5
[knob.engine]
choices = ["a", "b"]
default = "a"
[knob.cache]
default = false
[[target]]
measure = "p95_ms"
at_most = 250
[read]
cost = 'cost=(\\S+)'
"""


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "tune.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_gives_knobs_goals_and_bounds(tmp_path: Path) -> None:
    tuning = load_tuning(written(tmp_path, GOOD))
    assert [knob.domain for knob in tuning.knobs.values()] == [
        Integers(1, 64, log=True),
        Floats(0, 1),
        Choices(("a", "b")),
        Choices((False, True)),
    ]
    assert tuning.goals == (Goal("cost"), Goal("quality", lower=False))
    assert tuning.bounds == (Bound("p95_ms", 250.0, upper=True),)
    assert tuning.measures == ("cost", "quality", "p95_ms")


def test_another_knob_or_target_is_another_tuning_a_larger_budget_is_not(tmp_path: Path) -> None:
    first = load_tuning(written(tmp_path, GOOD)).fingerprint
    assert load_tuning(written(tmp_path, "evaluations = 9\n" + GOOD)).fingerprint == first
    assert load_tuning(written(tmp_path, GOOD.replace("250", "260"))).fingerprint != first
    assert load_tuning(written(tmp_path, GOOD.replace("64", "32"))).fingerprint != first


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("minimize", "minimise"), "unknown field 'minimise'"),
        (('minimize = "cost"\nmaximize = ["quality"]', ""), "say what shall get better"),
        (("at_most = 250", ""), "give either at_most or at_least"),
        (("at_most = 250", "at_most = 0"), "must not be 0"),
        (("high = 64", "high = 'x'"), "high must be a number, not 'x'"),
        (("default = 8", "default = 99"), "knob 'batch'"),
        (("default = 8", ""), "say the value in use today"),
        (('choices = ["a", "b"]', 'choices = ["a", "b"]\nlow = 1'), "low does not go with choices"),
        (("cost=(", "cost=["), "is no regular expression"),
        (("(\\S+)", "\\S+"), "put the number in a group"),
        (("cost = 'cost", "coast = 'cost"), "'coast' is no measure"),
        (("[[target]]", "[target]"), "begins with"),
    ],
)
def test_an_error_names_the_entry_and_the_remedy(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ConfigError, match=r"tune\.toml") as caught:
        load_tuning(written(tmp_path, GOOD.replace(*change)))
    assert said in str(caught.value)


def test_a_search_that_there_is_not_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="safe, evolution"):
        load_tuning(written(tmp_path, "search = 'magic'\n" + GOOD))
