"""The follow model learns what follows what, within bounds."""

from random import Random

from homeostat.prompts.serving.follow_model import FOLLOWERS_MAX, FollowModel
from homeostat.prompts.serving.loading_ahead import worth_loading
from homeostat.prompts.serving.module_cache import ReadCost


def test_probabilities_come_near_those_of_the_chain_that_they_are_learned_from() -> None:
    rng = Random(1)
    model: FollowModel[str] = FollowModel()
    item = "a"
    for _ in range(3_000):
        model.note("s", item)
        item = rng.choices("abc", [1, 7, 2])[0] if item == "a" else "a"
    likely = dict(model.likely("a"))
    assert abs(likely["b"] - 7 / 9) < 0.15  # an item after itself teaches nothing
    assert abs(likely["c"] - 2 / 9) < 0.15
    assert model.likely("b")[0][0] == "a"


def test_sessions_that_take_turns_are_told_apart() -> None:
    model: FollowModel[str] = FollowModel()
    for _ in range(10):
        for session, item in (("x", "a"), ("y", "m"), ("x", "b"), ("y", "n")):
            model.note(session, item)
    assert model.likely("a")[0][0] == "b"
    assert [k for k, _ in model.likely("m")] == ["n"]


def test_what_changed_is_learned_anew() -> None:
    model: FollowModel[str] = FollowModel()
    for follower in ["b"] * 200 + ["c"] * 60:
        model.note("s", "a")
        model.note("s", follower)
    assert model.likely("a")[0][0] == "c"


def test_followers_sessions_and_items_are_bounded() -> None:
    model: FollowModel[int] = FollowModel()
    for i in range(30_000):
        model.note(i % 15_000, 0)
        model.note(i % 15_000, i)
    assert len(model.likely(0)) <= FOLLOWERS_MAX
    assert len(model._last) <= 10_000
    assert len(model._followers) <= 4_096


def test_once_is_not_enough_to_load_ahead_where_waiting_is_work() -> None:
    model: FollowModel[str] = FollowModel()
    model.note("s", "a")
    model.note("s", "b")
    local, remote = ReadCost(110e3, 100e3), ReadCost(20e6, 100e3)
    (_, once), *_ = model.likely("a")
    assert not worth_loading(once, local)
    assert worth_loading(once, remote)
    assert not worth_loading(0.0, remote)
