"""The claims of shared incidents: one finding for many series, and the first mover named."""

import numpy as np
import pytest

from homeostat.stats.anomaly.detector import AnomalyDetector
from homeostat.stats.anomaly.incident import Sign, shared_incidents, sign_of


def sign(series: str, time_s: float, p: float = 1e-4, before_s: float = 5.0) -> Sign:
    return Sign(series, time_s - before_s, time_s, p)


def test_one_incident_on_twenty_metrics_is_one_finding() -> None:
    signs = [sign(f"m{i}", 1_000.0 + i) for i in range(20)]
    (incident,) = shared_incidents(signs, watched=200, window_s=60.0)
    assert len(incident.signs) == 20
    assert incident.began_s == 1_000.0


def test_signs_far_apart_are_incidents_of_their_own_in_order() -> None:
    found = shared_incidents([sign("b", 900.0), sign("a", 100.0)], watched=2, window_s=60.0)
    assert [i.signs[0].series for i in found] == ["a", "b"]


def test_a_lone_weak_sign_among_many_series_is_not_told_and_company_confirms_it() -> None:
    weak = [sign(f"m{i}", 100.0 + i, p=0.004) for i in range(20)]
    assert shared_incidents(weak[:1], watched=200, window_s=60.0) == ()
    (incident,) = shared_incidents(weak, watched=200, window_s=60.0)
    assert len(incident.signs) == 20


def test_the_first_mover_is_named_alone_only_where_the_order_is_certain() -> None:
    certain = [sign("database", 100.0), sign("api", 130.0), sign("page", 140.0)]
    assert shared_incidents(certain, 3, 60.0)[0].first_movers == ("database",)
    unsure = [sign("database", 100.0), sign("api", 103.0), sign("page", 140.0)]
    assert shared_incidents(unsure, 3, 60.0)[0].first_movers == ("database", "api")


def test_a_series_counts_once_in_an_incident() -> None:
    (incident,) = shared_incidents([sign("a", 10.0), sign("a", 20.0)], watched=1, window_s=60.0)
    assert len(incident.signs) == 1


def test_no_signs_are_no_incidents_and_too_few_watched_is_an_error() -> None:
    assert shared_incidents([], watched=5, window_s=60.0) == ()
    with pytest.raises(ValueError, match="watched is 1"):
        shared_incidents([sign("a", 1.0), sign("b", 1.0)], watched=1, window_s=60.0)


def test_a_simulated_incident_names_the_metric_that_moved_first() -> None:
    named = 0
    for seed in range(5):
        rng = np.random.default_rng(seed)
        values = rng.normal(size=(6, 1_600))
        for row in range(5):
            values[row, 1_500 + 4 * row :] += 12
        signs = []
        for row in range(6):
            detector = AnomalyDetector()
            for i, v in enumerate(values[row].tolist()):
                if (anomaly := detector.update(60.0 * i, v)) is not None:
                    signs.append(sign_of(f"m{row}", anomaly, records=30))
        incidents = [i for i in shared_incidents(signs, 6, 1_800.0) if i.began_s >= 1_500 * 60]
        named += len(incidents) == 1 and "m0" in incidents[0].first_movers and len(incidents[0].signs) >= 4
    assert named >= 4
