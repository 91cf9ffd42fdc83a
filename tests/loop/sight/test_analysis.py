"""Which requests go wrong is learned by the hour, and told."""

import numpy as np
import pytest

from homeostat.core.clock import HOUR_NS, MINUTE_NS
from homeostat.core.plant import Outcomes
from homeostat.loop.policy.schedule import NEVER, Schedule
from homeostat.loop.sight.analysis import Analysis
from homeostat.loop.sight.recent import ROWS_MAX, Recent


def requests(n: int = 4_000, treated: bool = False) -> Outcomes:
    """Requests of more than 40,000 tokens take a quarter longer; those about law fail more often."""
    random = np.random.default_rng(3)
    tokens = random.uniform(1_000, 80_000, n)
    law = (random.random(n) < 0.3).astype(np.float64)
    duration = random.lognormal(5.0, 0.2, n) * np.where(tokens > 40_000, 1.25, 1.0)
    errors = (random.random(n) < 0.02 + 0.2 * law).astype(np.float64)
    values = {"duration": duration, "errors": errors, "tokens": tokens, "law": law}
    return Outcomes(np.arange(n), values, {"trial-1": np.full(n, int(treated), np.int8)})


def learned(recent: Recent, schedule: Schedule | None = None) -> list[tuple[str, str]]:
    analysis = Analysis(recent, schedule or Schedule(), 0)
    analysis.look(HOUR_NS)
    return [(outcome, pattern.rule) for outcome, pattern in analysis.patterns]


def test_rules_tell_where_requests_are_slow_and_where_they_fail() -> None:
    recent = Recent()
    recent.observe(requests())
    found = dict(learned(recent))
    assert found["duration"].startswith("tokens > 4")
    assert found["errors"] == "law > 0"


def test_it_is_learned_once_an_hour_and_the_first_time_soon() -> None:
    recent = Recent()
    analysis = Analysis(recent, Schedule(), 0)
    analysis.look(5 * MINUTE_NS)
    recent.observe(requests())
    analysis.look(6 * MINUTE_NS)
    first = analysis.patterns
    assert first
    analysis.look(65 * MINUTE_NS)
    assert analysis.patterns is first
    analysis.look(66 * MINUTE_NS)
    assert analysis.patterns is not first


def test_nothing_is_learned_where_nobody_wants_it_or_nothing_is_known() -> None:
    recent = Recent()
    assert learned(recent) == []
    recent.observe(requests(100))
    assert learned(recent) == []
    recent.observe(requests())
    assert learned(recent, Schedule(analysis_ns=NEVER)) == []


def test_treatments_and_late_words_are_left_out() -> None:
    recent = Recent()
    recent.observe(requests(treated=True))
    nothing = np.full(10, np.nan)
    recent.observe(Outcomes(np.arange(10), {"duration": nothing, "rating": np.ones(10)}, {}))
    assert recent.columns() == {}


def test_only_the_newest_are_kept() -> None:
    recent = Recent()
    for _ in range(8):
        recent.observe(requests(3_000))
    columns = recent.columns()
    assert {column.size for column in columns.values()} == {ROWS_MAX}
    assert columns["tokens"] == pytest.approx(np.tile(requests(3_000).values["tokens"], 4)[-ROWS_MAX:])
    assert recent.columns(50)["law"].size == 50
