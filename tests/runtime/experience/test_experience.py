"""Claims about what is kept of people's experience, and what is not."""

from collections.abc import Callable

import msgspec
import pytest

from homeostat.core.batch import Batch
from homeostat.core.clock import DAY_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import ConfigError, InputError, StoreBusy, StoreCorrupt
from homeostat.core.query import RecordsQuery, Store
from homeostat.evaluate.experience.events import Choice
from homeostat.runtime.experience import book
from homeostat.runtime.experience.book import KINDS
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import OUT_BELIEVED_NS, Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.experience.sealing import Sealing
from homeostat.runtime.experience.visits import FEATURES_MAX
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock
from homeostat.testing.written_at_once import written_at_once

Make = Callable[..., Experience]


def everything(store: Store) -> bytes:
    """Return all that the store keeps of experience, keys and bodies."""
    kinds = [f"experience.{name}/shop" for name in (*KINDS.values(), "out")]
    return b" ".join(
        r.key.encode() + r.body for kind in kinds for r in store.read(RecordsQuery(kind, limit=1_000))
    )


def use_all(experience: Experience, user: str) -> None:
    """Do everything that can be tracked."""
    experience.interaction(user, "search")
    with experience.task("export", user) as task:
        task.retry()
    experience.asked(user, "rating")
    experience.feedback(user, rating=8, thumbs=1, recommend=9, statements=[4, 2] * 5)
    experience.prefer(user, "tone", "curt and rather secret")
    experience.adapted(user, "shorter")
    experience.adapted(user, "shorter", accepted=True)


def test_everything_that_happens_becomes_a_figure(experience: Experience, clock: ManualClock) -> None:
    for i in range(6):
        use_all(experience, f"user {i}")
        clock.advance(1.0)
        use_all(experience, f"user {i}")
    found = experience.figures()
    assert (found.people, found.sessions, found.interactions) == (6, 6, 6)
    assert {name: f.value for name, f in found.feedback.items()} == {
        "rating": 8.0,
        "thumbs": 1.0,
        "recommend": 1.0,
        "usability": 75.0,
    }
    assert found.feedback["rating"].response_rate == 1.0
    assert found.completion.value == 1.0
    assert found.tasks[0].clean.value == 0.0
    assert found.preferences.value == 1.0
    assert found.adaptations.value == 1.0
    assert found.features[0].share.value == 1.0


def test_what_is_offered_again_does_not_undo_what_was_said_of_it(
    experience: Experience, clock: ManualClock
) -> None:
    for i in range(6):
        experience.adapted(str(i), "shorter")
        experience.adapted(str(i), "shorter", accepted=i < 3)
    clock.advance(60.0)
    for i in range(12):
        experience.adapted(str(i), "shorter")
    found = experience.figures().adaptations
    assert (found.value, found.n, found.people) == (0.5, 6, 6)
    assert found.response_rate == 0.5
    experience.adapted("5", "shorter", accepted=True)
    assert experience.figures().adaptations.value == pytest.approx(4 / 6)


def test_neither_names_nor_choices_are_kept(experience: Experience, store: Store) -> None:
    use_all(experience, "ann@example.org")
    kept = everything(store)
    assert len(kept) > 500
    for secret in (b"ann", b"example", b"curt", b"secret"):
        assert secret not in kept


def test_the_pseudonym_needs_the_key_and_differs_by_service() -> None:
    own = Pseudonyms(bytes(32), "shop").person("ann")
    assert own == Pseudonyms(bytes(32), "shop").person("ann")
    assert own != Pseudonyms(b"\x01" * 32, "shop").person("ann")
    assert own != Pseudonyms(bytes(32), "bank").person("ann")
    assert Pseudonyms(bytes(32), "shop").person("") != Pseudonyms(bytes(32), "shop").person("")


def test_half_an_hour_without_an_interaction_ends_a_session(
    experience: Experience, clock: ManualClock
) -> None:
    for minutes in (0, 29, 29, 31):
        clock.advance(minutes * 60.0)
        experience.interaction("ann")
    experience.close()
    assert experience.figures().sessions == 2


def test_a_session_block_ends_its_session(experience: Experience) -> None:
    for _ in range(3):
        with experience.session("ann"):
            experience.interaction("ann")
    found = experience.figures()
    assert (found.sessions, found.interactions) == (3, 6)


def test_a_session_is_on_disk_from_its_first_interaction_and_again_each_minute(
    experience: Experience, make: Make, clock: ManualClock
) -> None:
    experience.interaction("ann")
    experience.interaction("ann")
    assert make().figures().interactions == 1
    clock.advance(60.0)
    experience.interaction("ann")
    assert make().figures().interactions == 3


def test_a_task_that_raises_is_not_done_and_the_error_goes_on(experience: Experience) -> None:
    for i in range(6):
        with pytest.raises(ZeroDivisionError), experience.task("export", str(i)):
            raise ZeroDivisionError
        with experience.task("leave", str(i)) as task:
            task.leave()
    tasks = {t.task: t for t in experience.figures().tasks}
    assert tasks["export"].done.value == 0.0
    assert tasks["export"].errors.value == 1.0
    assert tasks["leave"].done.value == 0.0
    assert tasks["leave"].errors.value == 0.0


def test_the_time_of_a_task_is_that_of_its_block(experience: Experience, clock: ManualClock) -> None:
    for i in range(6):
        with experience.task("export", str(i)):
            clock.advance(12.0)
    assert experience.figures().tasks[0].seconds.value == pytest.approx(12.0)


def test_answered_again_on_the_same_day_it_replaces_the_answer(
    experience: Experience, clock: ManualClock
) -> None:
    for i in range(5):
        for rating in (2, 4, 9):
            experience.feedback(str(i), rating=rating)
    assert experience.figures().feedback["rating"].value == 9.0
    assert experience.figures().feedback["rating"].n == 5
    clock.advance(86_400.0)
    experience.feedback("0", rating=9)
    assert experience.figures().feedback["rating"].n == 6


def test_answers_about_different_requests_stand_beside_one_another(experience: Experience) -> None:
    for request in ("a", "b", "a"):
        experience.feedback("ann", request_id=request, thumbs=1)
    assert experience.held("ann") == 2


def test_feedback_of_nobody_counts_as_one_person_each_time(experience: Experience) -> None:
    for _ in range(6):
        experience.feedback(rating=5)
    assert experience.figures().feedback["rating"].people == 6


def test_who_opts_out_is_forgotten_at_once_and_nothing_more_is_kept(
    experience: Experience, store: Store
) -> None:
    use_all(experience, "ann")
    assert experience.held("ann") > 5
    forgotten = experience.opt_out("ann")
    assert forgotten > 5
    use_all(experience, "ann")
    assert not experience.feedback("ann", rating=1)
    experience.close()
    assert experience.held("ann") == 0
    assert experience.opted_out("ann")
    experience.opt_in("ann")
    assert experience.feedback("ann", rating=1)
    assert experience.held("ann") == 1


def test_an_opt_out_in_another_process_is_never_counted_and_soon_known(
    experience: Experience, make: Make, clock: ManualClock
) -> None:
    other = make()
    for i in range(6):
        other.feedback(str(i), rating=9)
    experience.opt_out("0")
    other.feedback("0", rating=1)
    assert other.figures().feedback["rating"].people == 5
    assert other.held("0") == 0
    clock.advance(OUT_BELIEVED_NS / SECOND_NS + 1)
    assert not other.feedback("0", rating=1)


class Queue:
    """What waits in front of a store until it is written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._batches: list[Batch] = []

    def __call__(self, batch: Batch) -> bool:
        self._batches.append(batch)
        return True

    def write(self) -> None:
        """Write what waits."""
        for batch in self._batches:
            self._store.write(batch)
        self._batches.clear()


def test_what_still_waits_to_be_written_when_somebody_is_forgotten_is_forgotten_too(
    make: Make, store: Store, clock: ManualClock
) -> None:
    queue = Queue(store)
    experience = make(queue)
    for i in range(6):
        experience.feedback(str(i), rating=9)
    clock.advance(1.0)
    assert experience.forget("0") == 0
    clock.advance(1.0)
    experience.feedback("1", thumbs=1)
    queue.write()
    assert (experience.held("0"), experience.events("0")) == (0, [])
    assert experience.figures().feedback["rating"].people == 5
    queue.write()
    assert len(store.read(RecordsQuery("experience.answer/shop"))) == 6
    experience.feedback("0", rating=9)
    queue.write()
    assert experience.held("0") == 1


def test_an_opt_out_holds_while_it_waits_to_be_written(make: Make, store: Store, clock: ManualClock) -> None:
    queue = Queue(store)
    experience = make(queue)
    experience.opt_out("ann")
    clock.advance(OUT_BELIEVED_NS / SECOND_NS + 1)
    assert not experience.feedback("ann", rating=9)
    queue.write()
    assert store.read(RecordsQuery("experience.answer/shop")) == ()
    experience.opt_in("ann")
    queue.write()
    clock.advance(OUT_BELIEVED_NS / SECOND_NS + 1)
    assert experience.feedback("ann", rating=9)


def test_who_is_told_that_they_are_forgotten_is(make: Make, host: BareHost) -> None:
    full = make(offer=lambda batch: False)
    for want in (full.forget, full.opt_out, full.opt_in):
        with pytest.raises(StoreBusy, match="try again"):
            want("ann")
    assert not full.opted_out("ann")
    assert host.losses.totals()["experience.not_kept"] == 3


def test_a_task_under_way_when_its_person_opts_out_is_not_kept(
    experience: Experience, host: BareHost
) -> None:
    with experience.task("export", "ann"):
        experience.opt_out("ann")
    assert experience.held("ann") == 0
    assert host.snapshot("experience.task.completed", task="export").count == 0


def test_a_session_is_whole_in_the_store_once_its_person_was_silent_and_anybody_does_something(
    experience: Experience, make: Make, clock: ManualClock
) -> None:
    for _ in range(3):
        experience.interaction("ann")
    clock.advance(31 * 60.0)
    experience.interaction("bob")
    assert make().figures().interactions == 4


def test_what_was_chosen_can_be_held_against_nobody_elses_choice(
    experience: Experience, store: Store
) -> None:
    for user, preference in (("ann", "tone"), ("bob", "tone"), ("ann", "length")):
        experience.prefer(user, preference, "short")
    kept = [
        msgspec.msgpack.decode(r.body, type=Choice)
        for r in store.read(RecordsQuery("experience.choice/shop"))
    ]
    assert len({choice.choice for choice in kept}) == 3


def test_who_came_before_the_events_that_are_looked_at_is_no_newcomer(
    make: Make, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "READ_MAX", 40)
    experience = make()
    for _ in range(10):
        for i in range(6):
            experience.interaction(str(i))
        clock.advance(3 * 86_400.0)
    found = experience.figures()
    assert found.cut
    assert found.retention.cohorts == ()
    assert found.retention.returned.n == 0


def test_figures_are_over_no_more_days_than_are_kept(make: Make) -> None:
    found = make(keep_days=7).figures(days=30)
    assert (found.now_ns - found.since_ns) / DAY_NS == 7.0


def test_forgetting_takes_everything_of_one_person_and_nothing_of_others(experience: Experience) -> None:
    use_all(experience, "ann")
    use_all(experience, "bob")
    before = experience.held("bob")
    assert experience.forget("ann") == before
    experience.close()
    assert experience.held("ann") == 0
    assert experience.held("bob") == before


def test_events_end_after_the_days_that_are_declared(make: Make, clock: ManualClock, store: Store) -> None:
    short = make(keep_days=7)
    for i in range(6):
        short.feedback(str(i), rating=9)
    clock.advance(7 * 86_400.0 + 1)
    assert short.figures().feedback["rating"].n == 0
    store.maintain(clock.now_ns())
    assert short.held("0") == 0


@pytest.mark.parametrize(
    "use",
    [
        lambda e: e.interaction("ann"),
        lambda e: e.task("export", "ann"),
        lambda e: e.prefer("ann", "tone", 1),
        lambda e: e.adapted("ann", "shorter"),
    ],
)
def test_what_is_not_declared_is_refused(make: Make, use: Callable[[Experience], object]) -> None:
    with pytest.raises(ConfigError, match="not declared"):
        use(make(track=("feedback",)))


def test_the_declaration_names_what_is_kept_for_how_long_and_what_never_is(make: Make) -> None:
    told = make(track=("feedback", "sessions"), keep_days=30).declaration.told()
    assert set(told["kept"]) == {"feedback", "sessions"}  # type: ignore[call-overload]
    assert told["kept_days"] == 30
    assert "anything that you write or are told elsewhere" in told["never"]  # type: ignore[operator]


@pytest.mark.parametrize("declared", [{"track": ("mood",)}, {"track": ()}, {"keep_days": 0}])
def test_a_declaration_that_makes_no_sense_is_refused(make: Make, declared: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"track takes|keep_days must"):
        make(**declared)


def test_bad_answers_are_refused_and_nothing_of_them_is_kept(experience: Experience) -> None:
    for answers in ({"rating": 11}, {"rating": 8, "stars": 3}, {"thumbs": 0.5}, {}):
        with pytest.raises(InputError):
            experience.feedback("ann", **answers)
    with pytest.raises(InputError, match="no instrument"):
        experience.asked("ann", "mood")
    assert experience.held("ann") == 0


def test_names_are_bounded_and_short(experience: Experience, host: BareHost) -> None:
    for i in range(FEATURES_MAX + 3):
        experience.interaction("ann", f"feature {i}")
    assert host.losses.totals()["experience.features_over_limit"] == 3
    with pytest.raises(ConfigError, match="1 to 64 printable"):
        experience.task("x" * 65, "ann")
    for i in range(64):
        experience.task(f"task {i}", "ann")
    with pytest.raises(ConfigError, match="made up"):
        experience.task("one more", "ann")


def test_past_a_days_entries_events_are_dropped_and_counted(
    experience: Experience, host: BareHost, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "ENTRIES_A_DAY", 3)
    kept = [experience.feedback(str(i), rating=5) for i in range(5)]
    assert kept == [True, True, True, False, False]
    assert host.losses.totals()["experience.over_limit"] == 2
    clock.advance(DAY_NS / SECOND_NS)
    assert experience.feedback("9", rating=5)


def test_where_the_queue_is_full_it_says_so_and_counts(make: Make, host: BareHost) -> None:
    full = make(offer=lambda batch: False)
    assert not full.feedback("ann", rating=5)
    assert host.losses.totals()["experience.not_kept"] >= 1


def test_each_event_is_a_metric_at_once_and_figures_are_when_they_are_asked_for(
    experience: Experience, host: BareHost, clock: ManualClock
) -> None:
    for i in range(6):
        use_all(experience, str(i))
    clock.advance(15 * 86_400.0)
    experience.interaction("0")
    assert host.snapshot("experience.rating", service="shop").mean == 8.0
    assert host.snapshot("experience.task.completed", task="export").mean == 1.0
    assert host.total("experience.task.retries", task="export") == 6.0
    assert host.total("experience.interactions", feature="search") == 6.0
    assert host.total("experience.sessions") == 7.0
    assert host.snapshot("experience.returned").count == 0
    experience.figures()
    assert host.snapshot("experience.returned").mean == 0.0
    assert host.snapshot("experience.response_rate", instrument="rating").mean == 1.0


def test_a_store_that_is_away_does_not_hurt_who_is_counted(
    make: Make, host: BareHost, store: Store, clock: ManualClock
) -> None:
    experience = make(offer=lambda batch: True)
    experience.interaction("ann")
    store.close()
    clock.advance(MINUTE_NS / SECOND_NS)
    experience.interaction("ann")
    assert host.total("experience.interactions") == 2.0
    assert any(reason == "internal_error.experience.out" for reason in host.losses.totals())


def test_a_comment_is_kept_only_where_it_is_declared_and_then_encrypted(
    experience: Experience, make: Make, store: Store
) -> None:
    with pytest.raises(ConfigError, match="comments are not declared"):
        experience.feedback("ann", comment="the queue is slow")
    asked = make(track=("feedback", "comments"))
    assert asked.feedback("ann", comment="the queue is slow")
    (record,) = store.read(RecordsQuery("experience.comment/shop"))
    assert b"queue" not in record.body
    assert [text for _, text in asked.comments()] == ["the queue is slow"]
    (event,) = asked.events("ann")
    assert event["comment"] == "the queue is slow"
    with pytest.raises(InputError, match="at most 1000 characters"):
        asked.feedback("ann", comment="x" * 1_001)
    asked.opt_out("ann")
    assert asked.comments() == []
    assert store.read(RecordsQuery("experience.comment/shop")) == ()


def test_comments_under_a_lost_key_do_not_keep_others_from_being_read(
    make: Make, store: Store, host: BareHost, clock: ManualClock
) -> None:
    declared = Declaration(service="shop", track=("feedback", "comments"))
    offer = written_at_once(store)
    before = Experience(host, declared, offer, store, Pseudonyms(b"\x01" * 32, "shop"))
    before.feedback("ann", comment="under the key that was lost")
    clock.advance(1.0)
    now = make(track=declared.track)
    with pytest.raises(StoreCorrupt, match="does not open"):
        now.comments()
    now.feedback("ann", comment="the queue is slow")
    assert [text for _, text in now.comments()] == ["the queue is slow"]
    assert host.losses.totals()["experience.comment_sealed"] == 2


def test_a_comment_opens_with_its_key_and_for_its_person_alone() -> None:
    sealed = Sealing(bytes(32)).seal("slow", "ann")
    assert Sealing(bytes(32)).open(sealed, "ann") == "slow"
    for key, person in ((bytes(32), "bob"), (b"\x01" * 32, "ann")):
        with pytest.raises(StoreCorrupt, match="does not open"):
            Sealing(key).open(sealed, person)
