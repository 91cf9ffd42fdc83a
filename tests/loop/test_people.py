"""Claims about the experience that an application holds: hs.experience and hs.feedback."""

from pathlib import Path

import pytest

from homeostat.core.errors import ConfigError, InputError
from homeostat.loop.homeostat import Homeostat
from homeostat.loop.kept_here import SUFFIX
from homeostat.testing.forked import forked


def shop(path: Path) -> Homeostat:
    return Homeostat("shop", store=path, collect=False)


def test_what_one_run_kept_the_next_one_knows_and_people_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    for _ in range(2):
        with shop(path) as hs:
            for i in range(6):
                hs.feedback(user=f"user {i}", rating=8)
                hs.experience().interaction(f"user {i}")
    with shop(path) as hs:
        found = hs.experience().figures()
    assert found.people == 6
    assert found.sessions == 12
    assert found.feedback["rating"].people == 6
    assert path.with_name(path.name + SUFFIX).exists()


def test_a_users_feedback_about_a_request_counts_for_its_arms_and_for_the_person(tmp_path: Path) -> None:
    with shop(tmp_path / "h.db") as hs:
        hs.tracer.requests.govern()
        with hs.operation("answer") as request:
            request_id = request.request_id
        assert hs.feedback(request_id, user="ann", rating=7)
        rows, _, _ = hs.tracer.requests.take()
        assert rows[-1].reported == {"rating": 7.0}
        hs.flush()
        assert hs.experience().held("ann") == 1


def test_without_a_user_feedback_is_about_the_request_alone(tmp_path: Path) -> None:
    with shop(tmp_path / "h.db") as hs:
        assert not hs.feedback("unknown", usefulness=0.3)
        with pytest.raises(InputError, match="no instrument"):
            hs.feedback(user="ann", usefulness=0.3)


def test_it_is_declared_once(tmp_path: Path) -> None:
    with shop(tmp_path / "h.db") as hs:
        first = hs.experience(track=("feedback",), keep_days=10)
        assert hs.experience() is first
        with pytest.raises(ConfigError, match="declared already"):
            hs.experience(keep_days=20)


def test_without_a_store_it_is_refused_with_what_to_do() -> None:
    with Homeostat("shop", keep=False) as hs, pytest.raises(ConfigError, match="keep=False"):
        hs.experience()


def test_a_forked_child_keeps_beside_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with shop(path) as hs:
        experience = hs.experience()
        experience.interaction("parent")

        def child() -> None:
            experience.interaction("child")
            experience.interaction("parent")
            hs.close()

        assert forked(child) == 0
        experience.interaction("parent")
    with shop(path) as hs:
        found = hs.experience().figures()
    assert (found.people, found.sessions, found.interactions) == (2, 3, 4)


def test_where_metrics_go_to_an_endpoint_people_are_kept_on_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "h.db"
    monkeypatch.setenv("HOMEOSTAT_STORE", str(path))
    monkeypatch.setenv("HOMEOSTAT_ENDPOINT", "http://127.0.0.1:9")
    hs = Homeostat("shop", collect=False)
    assert hs.settings.endpoint is not None
    for i in range(6):
        assert hs.feedback(user=str(i), rating=8)
    hs.close(timeout_s=0.1)
    monkeypatch.delenv("HOMEOSTAT_ENDPOINT")
    with shop(path) as hs:
        assert hs.experience().figures().feedback["rating"].value == 8.0
