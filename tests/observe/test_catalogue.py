from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError
from homeostat.core.metric import Better, Kind
from homeostat.observe.catalogue import COLLECTORS, SOURCES, load_catalogue

GOOD = """
[[metric]]
name = "answer.quality"
unit = "ratio"
kind = "gauge"
better = "higher"
help = "How good the answers are."
target = 0.9
warning = 0.8
critical = 0.5
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "metrics.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_entry_has_a_sentence_of_help_a_newcomer_can_read() -> None:
    for metric in load_catalogue().values():
        assert metric.help.endswith("."), metric.name
        assert 20 <= len(metric.help) <= 130, metric.name


def test_every_source_that_is_listed_is_used_and_none_is_both() -> None:
    used = {m.collector for m in load_catalogue().values()}
    assert set(COLLECTORS) | set(SOURCES) == used | {"application"}
    assert not set(COLLECTORS) & set(SOURCES)


def test_a_users_file_changes_bounds_and_keeps_the_rest(tmp_path: Path) -> None:
    path = written(
        tmp_path, '[[metric]]\nname = "llm.duration"\ntarget = 800\njudged_by = "p99"\ncritical = "none"'
    )
    before, after = load_catalogue()["llm.duration"], load_catalogue(path)["llm.duration"]
    assert (after.target, after.judged_by, after.critical) == (800.0, "p99", None)
    assert (after.warning, after.help) == (before.warning, before.help)


def test_a_users_file_adds_metrics_of_the_application(tmp_path: Path) -> None:
    metric = load_catalogue(written(tmp_path, GOOD))["answer.quality"]
    assert (metric.kind, metric.better, metric.collector) == (Kind.GAUGE, Better.HIGHER, "application")
    assert metric.judged_by == "last"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("help", "helf", "unknown field 'helf'"),
        ('unit = "ratio"', "", "'unit' is missing"),
        ('unit = "ratio"', "unit = 7", "unit must be a text, not 7"),
        ('kind = "gauge"', 'kind = "gouge"', "unknown kind 'gouge'; known are histogram, counter, gauge"),
        ('better = "higher"', 'better = "up"', "unknown better 'up'"),
        ('better = "higher"', 'better = "neither"', "target makes no sense"),
        ("critical = 0.5", "critical = 0.85", "critical = 0.85 lies on the good side of warning = 0.8"),
        ("warning = 0.8", "", None),
        ("target = 0.9", 'target = "high"', "target must be a number or \"none\", not 'high'"),
        ("target = 0.9", "target = nan", "target must be a number"),
        ("target = 0.9", "target = true", "target must be a number"),
        ("target = 0.9", 'collector = "abacus"', "unknown collector 'abacus'"),
        ("target = 0.9", 'judged_by = "p99"', "unknown judged_by 'p99'; known are last, mean, min, max"),
        ('name = "answer.quality"', "name = 3", "a metric needs a name"),
        ("[[metric]]", "[[metrik]]", "unknown field 'metrik'"),
        ("[[metric]]", "[metric]", "begins with [[metric]]"),
        ("[[metric]]", "[[metric", "not valid TOML"),
    ],
)
def test_a_mistake_is_refused_with_its_value(tmp_path: Path, old: str, new: str, message: str | None) -> None:
    path = written(tmp_path, GOOD.replace(old, new))
    if message is None:
        load_catalogue(path)
        return
    with pytest.raises(ConfigError) as caught:
        load_catalogue(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_name_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there twice"):
        load_catalogue(written(tmp_path, GOOD + GOOD))


def test_the_nature_of_a_known_metric_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="unit is 'ms' and cannot become 's'"):
        load_catalogue(written(tmp_path, '[[metric]]\nname = "llm.duration"\nunit = "s"'))


def test_a_changed_bound_must_fit_the_others(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="warning = 20000 lies on the good side of target = 30000"):
        load_catalogue(written(tmp_path, '[[metric]]\nname = "llm.duration"\ntarget = 30000'))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="absent"):
        load_catalogue(tmp_path / "absent.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "metrics.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_catalogue(path)
