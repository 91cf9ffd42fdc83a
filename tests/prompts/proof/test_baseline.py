"""What got worse since the baseline is told; what got better, or new, is not."""

from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError
from homeostat.prompts.analysis.load_time import load_ms
from homeostat.prompts.proof.baseline import Baseline, Budget, read_baseline, regressions, write_baseline

NOW_NS = 1_763_600_000_000_000_000


def of(
    tokens: int, load: float = 1.0, model: str = "claude-sonnet-4-5", name: str = "command /go"
) -> Baseline:
    return Baseline("cl100k_base", model, {name: Budget(tokens, load)})


def worse(before: Baseline, now: Baseline, threshold: float = 0.02) -> list[str]:
    return [r.what for r in regressions(before, now, threshold, NOW_NS)]


def test_growth_above_the_threshold_is_told_with_what_it_costs() -> None:
    assert worse(of(10_000), of(10_200)) == []
    assert worse(of(10_000), of(10_201)) == ["tokens", "first USD", "again USD"]
    assert worse(of(10_000), of(9_000)) == []


def test_falling_below_what_the_provider_caches_is_worse_though_tokens_fall() -> None:
    assert worse(of(1_100), of(1_000)) == ["again USD"]


def test_loading_is_slower_only_where_it_is_by_far() -> None:
    assert worse(of(10, 1.0), of(10, 5.9)) == []
    assert worse(of(10, 4.0), of(10, 11.9)) == []
    assert worse(of(10, 4.0), of(10, 12.1)) == ["load ms"]


def test_an_entry_point_that_is_gone_is_told_and_a_new_one_is_not() -> None:
    (gone,) = regressions(of(10), of(10, name="command /new"), 0.02, NOW_NS)
    assert str(gone) == "command /go is gone"


def test_counts_of_another_tokenizer_or_model_are_not_compared() -> None:
    with pytest.raises(ConfigError, match="the baseline's model is 'claude-sonnet-4-5', now it is 'gpt-4o'"):
        worse(of(10), of(10, model="gpt-4o"))


def test_a_baseline_comes_back_from_its_file(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", of(12_345))
    assert read_baseline(tmp_path / "b.json") == of(12_345)
    assert (tmp_path / "b.json").read_text().count("\n") > 5


def test_a_file_that_is_no_baseline_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"b\.json.*--write makes one"):
        read_baseline(tmp_path / "b.json")
    (tmp_path / "b.json").write_text('{"tokenizer": 3}')
    with pytest.raises(ConfigError, match=r"b\.json is no baseline"):
        read_baseline(tmp_path / "b.json")


def test_the_fastest_of_the_rounds_is_the_time_to_load(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("a")
    moments = iter(
        [0, 9_000_000, 10_000_000, 12_000_000, 20_000_000, 27_000_000, 30, 8_000_030, 40, 9_000_040]
    )
    assert load_ms(tmp_path, ["a.md"], lambda: next(moments)) == 2.0
