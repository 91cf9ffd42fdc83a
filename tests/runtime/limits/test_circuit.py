"""The circuit opens on too many failures, and half-open lets no more than its probes through."""

from hypothesis import given
from hypothesis import strategies as st

from homeostat.runtime.limits.circuit import Circuit, Phase, Rules, State
from homeostat.runtime.limits.outcome import Outcome

SECOND_NS = 1_000_000_000


def circuit(**changed: float) -> Circuit:
    values = {
        "failure_share": 0.5,
        "slow_share": 0.8,
        "calls_min": 4,
        "open_s": 5.0,
        "probes": 3,
        "probe_s": 60.0,
    }
    rules = Rules(**{**values, **changed})  # type: ignore[arg-type]
    return Circuit(lambda: rules, lambda: 10.0)


def state(of: Circuit) -> State:
    return of.phase.state


def end(of: Circuit, now_s: float, *outcomes: Outcome) -> None:
    for outcome in outcomes:
        phase = of.admit(round(now_s * SECOND_NS))
        assert phase is not None
        of.record(phase, round(now_s * SECOND_NS), outcome)


def test_it_opens_at_the_share_of_failures_and_not_below_the_least_number_of_calls() -> None:
    few = circuit()
    end(few, 0, Outcome.FAILED, Outcome.FAILED, Outcome.FAILED)
    assert state(few) is State.CLOSED
    end(few, 0, Outcome.FAILED)
    assert state(few) is State.OPEN
    some = circuit()
    end(some, 0, Outcome.OK, Outcome.OK, Outcome.OK, Outcome.FAILED, Outcome.FAILED)
    assert state(some) is State.CLOSED
    end(some, 0, Outcome.FAILED)
    assert state(some) is State.OPEN


def test_failures_older_than_the_window_do_not_count() -> None:
    found = circuit()
    end(found, 0, Outcome.FAILED, Outcome.FAILED, Outcome.FAILED)
    end(found, 10.5, Outcome.FAILED)
    assert state(found) is State.CLOSED


def test_slow_calls_open_it_by_a_share_of_their_own() -> None:
    found = circuit()
    end(found, 0, Outcome.OK, Outcome.SLOW, Outcome.SLOW, Outcome.SLOW)
    assert state(found) is State.CLOSED
    end(found, 0, Outcome.SLOW)
    assert state(found) is State.OPEN


def test_each_time_it_opens_again_without_having_closed_it_stays_open_twice_as_long_up_to_8_times() -> None:
    found, now = circuit(), 0
    found.open(now)
    lengths = []
    for _ in range(6):
        lengths.append(found.retry_after_s(now))
        now = found.phase.until_ns
        end(found, now / SECOND_NS, Outcome.FAILED)
    assert lengths == [5, 10, 20, 40, 40, 40]
    now = found.phase.until_ns
    end(found, now / SECOND_NS, Outcome.OK, Outcome.OK, Outcome.OK)
    assert state(found) is State.CLOSED
    found.open(now)
    assert found.retry_after_s(now) == 5


def test_a_probe_that_is_given_up_makes_room_for_another() -> None:
    found = circuit(probes=1)
    found.open(0)
    now = 5 * SECOND_NS
    probe = found.admit(now)
    assert probe is not None
    assert found.admit(now) is None
    found.record(probe, now, Outcome.ABANDONED)
    assert found.admit(now) is probe


def test_probes_that_never_come_back_count_as_failed() -> None:
    found = circuit(probes=1)
    found.open(0)
    assert found.admit(5 * SECOND_NS) is not None
    assert found.admit(64 * SECOND_NS) is None
    assert state(found) is State.HALF_OPEN
    assert found.admit(65 * SECOND_NS) is None
    assert state(found) is State.OPEN


def test_what_was_begun_before_it_opened_says_nothing_about_now() -> None:
    found = circuit(probes=1)
    late = [found.admit(0) for _ in range(4)]
    end(found, 0, *[Outcome.FAILED] * 4)
    probe = found.admit(5 * SECOND_NS)
    for phase in late:
        assert phase is not None
        found.record(phase, 5 * SECOND_NS, Outcome.OK)
    assert found.phase is probe
    assert state(found) is State.HALF_OPEN


STEPS = st.lists(
    st.one_of(
        st.just("admit"),
        st.tuples(st.integers(0, 30), st.sampled_from(Outcome)),
        st.floats(0.0, 30.0),
    ),
    max_size=200,
)


@given(STEPS, st.integers(1, 4))
def test_no_half_open_phase_lets_more_calls_through_than_its_probes(
    steps: list[str | float | tuple[int, Outcome]], probes: int
) -> None:
    found, now = circuit(probes=probes, calls_min=2), 0
    flying: list[Phase] = []
    let_through: dict[int, int] = {}
    kept = []
    for step in steps:
        if step == "admit":
            phase = found.admit(now)
            if phase is not None:
                assert phase.state is not State.OPEN
                kept.append(phase)
                flying.append(phase)
                let_through[id(phase)] = let_through.get(id(phase), 0) + 1
        elif isinstance(step, float):
            now += round(step * SECOND_NS)
        elif isinstance(step, tuple) and flying:
            phase = flying.pop(step[0] % len(flying))
            found.record(phase, now, step[1])
            if step[1] is Outcome.ABANDONED:
                let_through[id(phase)] -= 1
        for phase in kept:
            if phase.state is State.HALF_OPEN:
                assert let_through[id(phase)] <= probes
