"""Claims about knobs and switches of an application, through the object that it holds."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator

import pytest

from homeostat import Homeostat
from homeostat.act.knobs import shadows
from homeostat.core.assignment import assign
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.plant import CONTROL, TREATMENT, Outcomes, Plant, Split, Steering
from homeostat.observe.request import Request
from homeostat.testing.eventually import until
from homeostat.testing.forked import forked


@pytest.fixture
def hs() -> Iterator[Homeostat]:
    with Homeostat("svc", keep=False) as hs:
        yield hs


def outcomes(hs: Homeostat) -> dict[str, Outcomes]:
    return {o.operation: o for o in hs.knobs.plant.outcomes()}


def in_treatment(trial: str) -> str:
    return next(user for user in "abcdefghijkl" if assign(trial, user, 0.5) == TREATMENT)


def in_control(trial: str) -> str:
    return next(user for user in "abcdefghijkl" if assign(trial, user, 0.5) == CONTROL)


def test_a_knob_has_its_default_until_it_is_steered(hs: Homeostat) -> None:
    batch = hs.knob("batch", 8, low=1, high=64, help="documents embedded together")
    share = hs.knob("share", 0.5, low=0.0, high=1.0, scope="request")
    cached = hs.knob("cached", True)
    model = hs.knob("model", "small", choices=["small", "large"], scope="request")
    assert (batch.get(), share.get(), cached.get(), model.get()) == (8, 0.5, True, "small")
    plant: Plant = hs.knobs.plant
    plant.steer(Steering({"batch": 16, "share": 0.25, "cached": False, "model": "large"}))
    assert (batch.get(), share.get(), cached.get(), model.get()) == (16, 0.25, False, "large")
    with hs.operation("answer"):
        assert (batch.get(), share.get(), cached.get(), model.get()) == (16, 0.25, False, "large")
    assert set(plant.knobs) == {"batch", "share", "cached", "model"}


def test_a_knob_declared_within_a_request_can_be_read_there(hs: Homeostat) -> None:
    hs.knobs.plant.steer(Steering({}))
    with hs.operation("answer"):
        assert hs.knob("depth", 3, low=1, high=9, scope="request").get() == 3
        assert hs.knob("width", 4, low=1, high=9, scope="request").get() == 4


def test_a_trial_gives_each_user_a_value_and_its_outcomes_their_arms(hs: Homeostat) -> None:
    depth = hs.knob("depth", 3, low=1, high=9, scope="request")
    hs.knobs.plant.steer(Steering({}, (Split("t", {"depth": 7}),)))
    for user in "abcdefgh":
        with hs.request("answer", user=user) as request:
            request.outcome(depth=depth.get())
    assert depth.get() == 3
    found = outcomes(hs)["answer"]
    arms = [assign("t", user, 0.5) for user in "abcdefgh"]
    assert found.arms["t"].tolist() == arms
    assert found.values["depth"].tolist() == [7.0 if arm else 3.0 for arm in arms]


def test_what_makes_no_sense_is_told(hs: Homeostat) -> None:
    hs.knob("batch", 8, low=1, high=64)
    hs.require("batch <= 32", "memory")
    hs.forbid(lambda c: c["batch"] == 13, "bad luck")
    with pytest.raises(InputError, match="memory"):
        hs.knobs.plant.steer(Steering({"batch": 33}))
    with pytest.raises(InputError, match="bad luck"):
        hs.knobs.plant.steer(Steering({"batch": 13}))
    with pytest.raises(ConfigError, match="domain"):
        hs.knob("batch", 8, low=1, high=65)


def test_feedback_comes_to_the_arm(hs: Homeostat) -> None:
    hs.knob("depth", 3, low=1, high=9, scope="request")
    hs.knobs.plant.steer(Steering({}, (Split("t", {"depth": 7}),)))
    with hs.request("answer", user=in_treatment("t")) as request:
        pass
    assert hs.feedback(request.request_id, rating=1)
    assert not hs.feedback("unknown", rating=1)
    found = outcomes(hs)["answer"]
    assert found.arms["t"].tolist() == [TREATMENT, TREATMENT]
    assert found.values["rating"][1] == 1.0


def fast(question: str) -> list[str]:
    return [question]


def thorough(question: str) -> list[str]:
    if question == "hard":
        raise LookupError(question)
    return sorted(question.split())


def test_a_switch_runs_the_implementation_that_its_knob_says_and_measures_it(hs: Homeostat) -> None:
    rank = hs.switch("rank", fast=fast, thorough=thorough)
    assert rank("b a") == ["b a"]
    hs.knobs.plant.steer(Steering({"rank": "thorough"}))
    assert rank("b a") == ["a", "b"]
    with pytest.raises(LookupError):
        rank("hard")
    for option, errors in (("fast", 0), ("thorough", 1)):
        assert hs.snapshot("operation.duration", operation=f"rank.{option}").count == 1 + errors
    assert hs.snapshot("operation.duration", operation="rank").count == 3
    assert outcomes(hs)["rank"].values["errors"].tolist() == [0.0, 1.0]


def test_a_switch_outside_of_any_operation_is_a_request_and_gets_its_arm(hs: Homeostat) -> None:
    rank = hs.switch("rank", fast=fast, thorough=thorough)
    hs.knobs.plant.steer(Steering({}, (Split("t", {"rank": "thorough"}),)))
    ran = [float(len(rank("b a"))) for _ in range(60)]
    arms = outcomes(hs)["rank"].arms["t"]
    assert [1.0 + arm for arm in arms] == ran
    assert 0 < arms.sum() < 60


def test_a_shadow_runs_beside_with_a_row_of_its_own_and_only_the_controls_result_is_used(
    hs: Homeostat,
) -> None:
    rank = hs.switch("rank", fast=fast, thorough=thorough)
    hs.knobs.plant.steer(Steering({}, (Split("s", {"rank": "thorough"}, share=1.0, shadow=True),)))
    rows: list[Outcomes] = []
    for question in ("b a", "hard"):
        with hs.operation("answer"), hs.llm("m") as call:
            call.usage(input_tokens=1, output_tokens=2)
            assert rank(question) == [question]

        def arrived() -> bool:
            rows.extend(o for o in hs.knobs.plant.outcomes() if o.operation)
            return sum(o.ended_ns.size for o in rows if o.operation == "rank") % 2 == 0

        until(arrived)
    shadowed = [o for o in rows if o.operation == "rank"]
    arms = [arm for o in shadowed for arm in o.arms["s"].tolist()]
    errors = [error for o in shadowed for error in o.values["errors"].tolist()]
    assert sorted(zip(arms, errors, strict=True)) == [
        (CONTROL, 0),
        (CONTROL, 0),
        (TREATMENT, 0),
        (TREATMENT, 1),
    ]
    whole = [o for o in rows if o.operation == "answer"]
    assert [arm for o in whole for arm in o.arms["s"].tolist()] == [-1, -1]
    assert [tokens for o in whole for tokens in o.values["tokens"].tolist()] == [3.0, 3.0]
    assert hs.losses.totals() == {}


def test_what_a_shadow_spends_and_reports_never_reaches_the_request(hs: Homeostat) -> None:
    def asking(tokens: int) -> int:
        with hs.llm("m") as call:
            call.usage(input_tokens=tokens, output_tokens=0)
        with hs.operation("inner") as inner:
            inner.outcome(quality=tokens)
        return tokens

    done = threading.Event()

    def other(tokens: int) -> int:
        asking(tokens * 100)
        done.set()
        return 0

    rank = hs.switch("rank", one=asking, other=other)
    hs.knobs.plant.steer(Steering({}, (Split("s", {"rank": "other"}, share=1.0, shadow=True),)))
    with hs.operation("answer"):
        assert rank(7) == 7
        assert done.wait(60)
    until(lambda: len(hs.tracer.requests._rows) == 3)
    found = outcomes(hs)
    assert found["answer"].values["tokens"].tolist() == [7.0]
    assert found["answer"].values["quality"].tolist() == [7.0]
    by_arm = dict(zip(found["rank"].arms["s"].tolist(), found["rank"].values["tokens"].tolist(), strict=True))
    assert by_arm == {CONTROL: 7.0, TREATMENT: 700.0}
    assert found[""].ended_ns.size == 1


def test_shadows_are_bounded_and_those_left_out_have_no_control_either(hs: Homeostat) -> None:
    go = threading.Event()
    rank = hs.switch("rank", one=lambda: 1, other=lambda: go.wait(60) and 2)
    hs.knobs.plant.steer(Steering({}, (Split("s", {"rank": "other"}, share=1.0, shadow=True),)))
    with hs.operation("answer"):
        assert [rank() for _ in range(shadows.SHADOWS_MAX + 3)] == [1] * (shadows.SHADOWS_MAX + 3)
    go.set()
    until(lambda: len(hs.tracer.requests._rows) == 2 * shadows.SHADOWS_MAX + 1)
    assert (
        sorted(outcomes(hs)["rank"].arms["s"].tolist())
        == [0] * shadows.SHADOWS_MAX + [1] * shadows.SHADOWS_MAX
    )
    assert hs.losses.totals() == {"shadow.no_room": 3}


def test_an_async_switch_works_alike_and_its_shadow_is_a_task(hs: Homeostat) -> None:
    async def quick(x: int) -> int:
        await asyncio.sleep(0)
        return x

    async def slow(x: int) -> int:
        await asyncio.sleep(0.001)
        if x == 3:
            raise LookupError
        return -x

    rank = hs.switch("rank", quick=quick, slow=slow)

    async def run() -> None:
        assert await rank(1) == 1
        hs.knobs.plant.steer(Steering({"rank": "slow"}))
        assert await rank(1) == -1
        hs.knobs.plant.steer(Steering({"rank": "quick"}, (Split("s", {"rank": "slow"}, 1.0, shadow=True),)))
        async with hs.operation("answer"):
            assert await asyncio.gather(rank(2), rank(3)) == [2, 3]
        await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))

    asyncio.run(run())
    found = outcomes(hs)
    assert sorted(found["rank"].arms["s"].tolist()) == [-1, 0, 0, 1, 1]
    assert found["rank"].values["errors"].sum() == 1.0
    assert found["answer"].arms["s"].tolist() == [-1]


def test_a_shadow_task_that_is_cancelled_gives_its_place_back(hs: Homeostat) -> None:
    async def quick() -> int:
        return 1

    async def endless() -> int:
        await asyncio.sleep(3600)
        return 2

    rank = hs.switch("rank", quick=quick, endless=endless)
    hs.knobs.plant.steer(Steering({}, (Split("s", {"rank": "endless"}, 1.0, shadow=True),)))

    async def run() -> None:
        async with hs.operation("answer"):
            for _ in range(shadows.SHADOWS_MAX):
                assert await rank() == 1

    for _ in range(2):
        asyncio.run(run())
    assert hs.losses.totals() == {}


def test_generators_are_switched_at_their_first_step_each_request_to_its_own(hs: Homeostat) -> None:
    def words(text: str) -> Iterator[str]:
        yield from text.split()

    def letters(text: str) -> Iterator[str]:
        yield from text

    parts = hs.switch("parts", words=words, letters=letters)
    assert list(parts("a bc")) == ["a", "bc"]
    hs.knobs.plant.steer(Steering({}, (Split("t", {"parts": "letters"}),)))
    alone = [len(list(parts("abc"))) for _ in range(60)]
    for user in "abcdefgh":
        with hs.request("answer", user=user):
            stream = parts("abc")
            assert next(stream) == ("a" if assign("t", user, 0.5) else "abc")
            stream.close()  # type: ignore[attr-defined]
    found = outcomes(hs)
    assert alone == [3 if arm else 1 for arm in found["parts"].arms["t"].tolist()]
    assert 60 < sum(alone) < 180
    assert hs.snapshot("operation.duration", operation="parts.letters").count > 10
    with pytest.raises(InputError, match="shadow"):
        hs.knobs.plant.steer(Steering({}, (Split("s", {"parts": "letters"}, shadow=True),)))


def test_async_generators_are_switched_alike(hs: Homeostat) -> None:
    async def words(text: str) -> AsyncIterator[str]:
        for word in text.split():
            yield word

    async def letters(text: str) -> AsyncIterator[str]:
        for letter in text:
            await asyncio.sleep(0)
            yield letter

    parts = hs.switch("parts", words=words, letters=letters)

    async def run() -> None:
        assert [part async for part in parts("a bc")] == ["a", "bc"]
        hs.knobs.plant.steer(Steering({"parts": "letters"}))
        async with hs.operation("answer"):
            assert [part async for part in parts("abc")] == ["a", "b", "c"]
            async for part in parts("abc"):
                assert part == "a"
                break

    asyncio.run(run())
    assert hs.snapshot("operation.duration", operation="parts.words").count == 1
    assert outcomes(hs)["answer"].values["errors"].tolist() == [0.0]


def test_what_cannot_be_switched_between_is_refused(hs: Homeostat) -> None:
    async def coroutine() -> int:
        return 1

    def generator() -> Iterator[int]:
        yield 1

    with pytest.raises(ConfigError, match="at least two"):
        hs.switch("a", one=fast)
    with pytest.raises(ConfigError, match="'two' of switch 'a' must be a function"):
        hs.switch("a", one=fast, two=3)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="function and generator"):
        hs.switch("a", one=fast, two=generator)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="coroutine function and function"):
        hs.switch("a", one=coroutine, two=lambda: 1)
    hs.knob("batch", 8, low=1, high=9)
    with pytest.raises(ConfigError, match="'batch' was declared"):
        hs.switch("batch", one=fast, two=thorough)


def test_values_survive_a_fork_and_trials_do_not(hs: Homeostat) -> None:
    depth = hs.knob("depth", 3, low=1, high=9, scope="request")
    hs.knobs.plant.steer(Steering({"depth": 5}, (Split("t", {"depth": 7}),)))
    treated = in_treatment("t")
    with hs.request("answer", user=treated):
        assert depth.get() == 7

    def child() -> None:
        with hs.request("answer", user=treated):
            assert depth.get() == 5
        hs.knobs.plant.steer(Steering({"depth": 6}))
        assert depth.get() == 6
        assert not outcomes(hs)

    assert forked(child) == 0
    with hs.request("answer", user=treated):
        assert depth.get() == 7
    assert depth.get() == 5


def test_pinning_by_hand_in_the_middle_of_a_trial_ends_it_for_all_requests(hs: Homeostat) -> None:
    depth = hs.knob("depth", 3, low=1, high=9, scope="request")
    hs.knobs.plant.steer(Steering({}, (Split("t", {"depth": 7}),)))
    with hs.request("answer", user=in_treatment("t")):
        assert depth.get() == 7
        depth.pin(4)
        assert depth.get() == 4
    with hs.request("answer", user=in_control("t")) as request:
        assert depth.get() == 4
        current: Request = request.request
        assert current.arms.by_trial == {}
