"""One step of the loop, from how things stand to what is to be done."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.change import Change, Move
from homeostat.core.order import Mode, Pin, Restore, SetMode, Try, Undo, Unpin
from homeostat.core.proof import Decision, Effect, Proof
from homeostat.loop.cycle import step
from homeostat.loop.rules.acts import Advise, Begin, Conclude, Put, Refuse, Resign, Soothe, Switch
from homeostat.loop.rules.keeping import KEPT_BY
from homeostat.loop.rules.state import Limits, LoopState
from homeostat.loop.rules.view import View
from homeostat.prove.ledger.entry import EntryKind

START = {"batch": 8, "cache": 100}
LIMITS = Limits(trials_max=1, rest_ns=10, kept_per_hour_max=2)
HOUR_NS = 3_600_000_000_000


def change(knob="batch", before=8, after=16):
    return Change((Move(knob, before, after),), by="climb", reason="it helped before")


def proof(decision):
    effect = Effect("objective", None, None, -0.2, None)
    return Proof(decision, "because", effect, (), (), 100, 100, 0, 1, "requests")


def acting(**more):
    return replace(LoopState(START, START, mode=Mode.ACT), **more)


def trying():
    return step(acting(), View(0, proposals=(change(),)), LIMITS)[0]


def test_what_is_proven_is_kept_and_the_rest_is_rolled_back():
    state, acts = step(trying(), View(5, proofs={"trial-1": proof(Decision.KEEP)}), LIMITS)
    assert state.configuration == {"batch": 16, "cache": 100}
    assert isinstance(acts[0], Conclude)
    assert [held.trial for held in state.held] == ["trial-1"]
    state, _ = step(trying(), View(5, proofs={"trial-1": proof(Decision.ROLL_BACK)}), LIMITS)
    assert state.configuration == START
    assert not state.running
    assert not state.held


def test_a_trial_changes_nothing_before_it_is_decided():
    state = trying()
    assert state.configuration == START
    assert [trial.trial for trial in state.running] == ["trial-1"]


def test_advice_that_reads_the_same_is_not_written_again_and_ends_with_the_mode():
    state, _ = step(acting(mode=Mode.ADVISE), View(0, proposals=(change("heat", 0.7, 1.0682249943),)), LIMITS)
    state, done = step(state, View(1, proposals=(change("heat", 0.7, 1.0682251234),)), LIMITS)
    assert done == ()
    assert len(state.advised) == 1
    state, _ = step(state, View(2, orders=(SetMode(by="ann", mode=Mode.OBSERVE),)), LIMITS)
    assert state.advised == ()


def test_observing_and_advising_begin_nothing():
    for mode, acts in ((Mode.OBSERVE, 0), (Mode.ADVISE, 1)):
        state, done = step(acting(mode=mode), View(0, proposals=(change(),)), LIMITS)
        assert not state.running
        assert len(done) == acts
        assert all(isinstance(act, Advise) for act in done)


def test_the_same_advice_is_given_once():
    state, _ = step(acting(mode=Mode.ADVISE), View(0, proposals=(change(),)), LIMITS)
    assert step(state, View(1, proposals=(change(),)), LIMITS)[1] == ()


def test_trials_wait_for_one_another_and_rest_in_between():
    state = trying()
    assert step(state, View(1, proposals=(change("cache", 100, 50),)), LIMITS)[1] == ()
    state, _ = step(state, View(5, proofs={"trial-1": proof(Decision.ROLL_BACK)}), LIMITS)
    assert step(state, View(14, proposals=(change(),)), LIMITS)[1] == ()
    assert step(state, View(15, proposals=(change(),)), LIMITS)[1] == (Begin("trial-2", change()),)


def test_trials_side_by_side_never_share_a_knob():
    two = replace(LIMITS, trials_max=2)
    proposals = (change(), change("batch", 8, 4), change("cache", 100, 50))
    _, acts = step(acting(), View(0, proposals=proposals), two)
    assert [act.change.moves[0].knob for act in acts] == ["batch", "cache"]


def test_no_more_changes_are_kept_in_an_hour_than_allowed():
    state = acting(kept_ns=(1, 2))
    assert step(state, View(3, proposals=(change(),)), LIMITS)[1] == ()
    assert step(state, View(HOUR_NS + 3, proposals=(change(),)), LIMITS)[1] != ()


def test_the_kill_switch_restores_every_default_and_ends_all():
    state, _ = step(trying(), View(5, proofs={"trial-1": proof(Decision.KEEP)}), LIMITS)
    state, _ = step(state, View(20, proposals=(change("cache", 100, 50),)), LIMITS)
    state, acts = step(state, View(21, orders=(Restore(by="ann"),), proposals=(change(),)), LIMITS)
    assert state.configuration == START
    assert state.mode is Mode.OBSERVE
    assert (state.running, state.held, state.pinned) == ((), (), {})
    assert [type(act) for act in acts] == [Resign, Put, Switch]


def test_a_kept_change_that_turns_out_worse_is_reverted():
    state, _ = step(trying(), View(5, proofs={"trial-1": proof(Decision.KEEP)}), LIMITS)
    state, acts = step(state, View(9, lost={"trial-1": proof(Decision.ROLL_BACK)}), LIMITS)
    assert state.configuration == START
    assert not state.held
    assert acts[0].kind is EntryKind.REVERTED


def test_a_trial_ends_the_watch_on_the_same_knob():
    state, _ = step(trying(), View(5, proofs={"trial-1": proof(Decision.KEEP)}), LIMITS)
    state, _ = step(state, View(20, proposals=(change("batch", 16, 32),)), LIMITS)
    assert not state.held
    assert state.running


def test_a_pinned_knob_is_moved_by_nobody_else():
    state, acts = step(trying(), View(1, orders=(Pin(by="ann", knob="batch", value=4),)), LIMITS)
    assert state.configuration["batch"] == 4
    assert [type(act) for act in acts] == [Resign, Put]
    state, acts = step(state, View(20, proposals=(change("batch", 4, 8),)), LIMITS)
    assert acts == ()
    state, _ = step(state, View(21, orders=(Unpin(by="ann", knob="batch"),)), LIMITS)
    assert step(state, View(22, proposals=(change("batch", 4, 8),)), LIMITS)[1] != ()


def test_a_knob_that_is_pinned_as_it_is_is_written_down_as_pinned():
    state, acts = step(trying(), View(1, orders=(Pin(by="ann", knob="batch", value=START["batch"]),)), LIMITS)
    assert [type(act) for act in acts] == [Resign, Put]
    assert acts[1].kind is EntryKind.PINNED
    assert acts[1].change.moves[0].after == START["batch"]
    assert state.pinned == {"batch": START["batch"]}


def test_undoing_takes_back_or_says_why_not():
    state, _ = step(trying(), View(5, proofs={"trial-1": proof(Decision.KEEP)}), LIMITS)
    view = View(6, orders=(Undo(by="ann", number=3),), undone={3: change("batch", 16, 8)})
    state, acts = step(state, view, LIMITS)
    assert state.configuration == START
    assert acts[0].kind is EntryKind.UNDONE
    _, acts = step(state, View(7, orders=(Undo(by="ann", number=9),)), LIMITS)
    assert isinstance(acts[0], Refuse)
    assert "no entry 9" in acts[0].reason


def test_a_person_may_try_in_any_mode_but_not_on_top_of_a_trial():
    state, acts = step(
        acting(mode=Mode.OBSERVE), View(0, orders=(Try(by="ann", values={"batch": 9}),)), LIMITS
    )
    assert isinstance(acts[0], Begin)
    _, acts = step(state, View(0, orders=(Try(by="ann", values={"batch": 10}),)), LIMITS)
    assert isinstance(acts[0], Refuse)


def test_leaving_act_ends_trials():
    state, acts = step(trying(), View(1, orders=(SetMode(by="ann", mode=Mode.ADVISE),)), LIMITS)
    assert not state.running
    assert [type(act) for act in acts] == [Resign, Switch]


ORDERS = st.sampled_from(
    [
        Restore(by="x"),
        SetMode(by="x", mode=Mode.ACT),
        SetMode(by="x", mode=Mode.ADVISE),
        Pin(by="x", knob="batch", value=3),
        Unpin(by="x", knob="batch"),
        Try(by="x", values={"cache": 7}),
        Undo(by="x", number=1),
    ]
)


@given(
    st.lists(
        st.tuples(
            st.lists(ORDERS, max_size=2),
            st.sampled_from(list(Decision)) | st.none(),
            st.booleans(),
            st.sampled_from([change(), change("cache", 100, 5)]),
        ),
        max_size=30,
    )
)
def test_a_knob_moves_only_by_a_kept_trial_an_order_or_a_reversal(steps):
    state, now = acting(), 0
    for orders, decision, lost, proposal in steps:
        now += 7
        proofs = {t.trial: proof(decision) for t in state.running} if decision else {}
        losing = {h.trial: proof(Decision.ROLL_BACK) for h in state.held} if lost else {}
        before = state
        view = View(now, orders=tuple(orders), proofs=proofs, lost=losing, proposals=(proposal,))
        state, acts = step(state, view, LIMITS)
        if state.configuration != before.configuration:
            kept = any(isinstance(a, Conclude) and a.proof.decision is Decision.KEEP for a in acts)
            assert kept or any(isinstance(a, Put) for a in acts)
        assert len(state.running) <= LIMITS.trials_max + sum(isinstance(o, Try) for o in orders) + len(
            before.running
        )
        knobs = [k for t in state.running for k in t.knobs]
        assert len(knobs) == len(set(knobs))


def test_a_trial_that_can_tell_nothing_ends_with_the_reason():
    state, acts = step(trying(), View(5, useless={"trial-1": "nobody reads it"}), LIMITS)
    assert not state.running
    assert acts == (Resign("trial-1", change(), "nobody reads it"),)


def test_a_limit_from_outside_is_obeyed_at_once_and_ends_trials_of_its_knobs():
    lower = change("batch", 8, 2)
    resting = replace(trying(), rest_until_ns=1_000)
    state, acts = step(resting, View(5, musts=(lower,)), LIMITS)
    assert state.configuration == {"batch": 2, "cache": 100}
    assert not state.running
    ended, put = acts
    assert ended == Resign("trial-1", change(), "a limit goes before: it helped before")
    assert (put.change, put.kind) == (lower, EntryKind.OBEYED)


def test_nobody_obeys_a_limit_for_a_pinned_knob_or_while_only_observing():
    for state in (acting(mode=Mode.OBSERVE), acting(pinned={"batch": 8})):
        after, acts = step(state, View(5, musts=(change("batch", 8, 2),)), LIMITS)
        assert after.configuration == START
        assert acts == ()


def test_what_is_taken_back_tells_who_had_proposed_it():
    state, _ = step(trying(), View(5, proofs={"trial-1": proof(Decision.KEEP)}), LIMITS)
    _, (put,) = step(state, View(6, lost={"trial-1": proof(Decision.ROLL_BACK)}), LIMITS)
    assert put.change.labels[KEPT_BY] == "climb"


def test_a_resource_that_runs_short_is_relieved_and_then_given_time():
    short = {"memory": "system.memory.utilization is 97%, above 85%"}
    state, acts = step(acting(), View(0, short=short), LIMITS)
    assert acts == (Soothe("memory", "resources", short["memory"]),)
    state, acts = step(state, View(LIMITS.relief_every_ns - 1, short=short), LIMITS)
    assert acts == ()
    state, acts = step(state, View(LIMITS.relief_every_ns, short={**short, "io": "slow"}), LIMITS)
    assert [act.resource for act in acts] == ["memory", "io"]


def test_only_one_that_acts_relieves():
    for mode in (Mode.OBSERVE, Mode.ADVISE):
        assert step(acting(mode=mode), View(0, short={"memory": "97%"}), LIMITS)[1] == ()
