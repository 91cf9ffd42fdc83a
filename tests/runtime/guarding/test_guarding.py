"""Claims about the guard at work: what it says stays, it is counted, and people review it."""

from collections.abc import Callable

import pytest

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import InputError, StoreCorrupt
from homeostat.core.query import RecordsQuery, Store
from homeostat.evaluate.safety.category import Action, Category
from homeostat.evaluate.safety.guard import Guard
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.guarding.guarding import PASSED_OVER_MAX, QUIET_NS, Guarding
from homeostat.runtime.guarding.reviews import DAILY_MAX, KEPT_DAYS, Reviews, Said
from homeostat.testing.bare_host import BareHost
from homeostat.testing.clock import ManualClock

Make = Callable[..., Guarding]
DAY_S = 86_400.0
CARD = "My card is 4111 1111 1111 1111, keep it."
SECRET = "4111"


def test_what_it_says_is_what_the_guard_says_whole_or_in_pieces(guarding: Guarding, guard: Guard) -> None:
    assert guarding.check(CARD) == guard.check(CARD)
    stream = guarding.stream()
    shown = "".join(stream.feed(CARD[at : at + 5]) for at in range(0, len(CARD), 5)) + stream.close()
    assert shown == guard.check(CARD).text
    assert stream.verdict() == guard.check(CARD)


def test_checks_and_what_was_done_are_counted_by_category_and_action(
    guarding: Guarding, host: BareHost
) -> None:
    guarding.check("Good morning to all of you.")
    guarding.check(CARD)
    stream = guarding.stream()
    stream.feed(CARD)
    stream.close()
    stream.close()
    assert host.total("safety.checks", action="allow") == 1
    assert host.total("safety.checks", action="soften") == 2
    assert host.total("safety.actions", category="personal", action="soften") == 2
    assert host.snapshot("safety.check.duration").count == 3


def test_a_persons_triggers_count_with_all_others(guarding: Guarding, host: BareHost) -> None:
    theirs = guarding.avoiding(["spiders"])
    assert theirs.check("A spider sat on my pillow.").action is Action.REPLACE
    assert guarding.check("A spider sat on my pillow.").allowed
    assert host.total("safety.actions", category="trigger", action="replace") == 1


def test_what_is_held_waits_for_people_without_its_words_or_their_names(
    guarding: Guarding, store: Store
) -> None:
    guarding.check(CARD, person="ann", place="reply", language="en")
    guarding.check("Good morning.", person="ann", place="reply")
    (found,) = guarding.reviews.waiting()  # type: ignore[union-attr]
    assert (found.place, found.action, found.category) == ("reply", Action.SOFTEN, Category.PERSONAL)
    assert CARD[found.start : found.end] == "4111 1111 1111 1111"
    kept = b"".join(record.body for record in store.read(RecordsQuery("guarding.review/shop")))
    assert kept
    assert SECRET.encode() not in kept
    assert b"ann" not in kept


def test_texts_that_are_asked_for_are_encrypted_and_open_with_the_key_alone(
    make: Make, store: Store, host: BareHost
) -> None:
    guarding = make(texts=True)
    guarding.check(CARD, person="ann")
    reviews = guarding.reviews
    assert reviews is not None
    (found,) = reviews.waiting()
    assert SECRET.encode() not in found.text
    assert reviews.opened(found) == CARD
    other = Reviews(
        "shop",
        lambda batch: True,
        store,
        host.clock,
        host.losses,
        Pseudonyms(bytes(32), "shop"),
        texts=True,
    )
    with pytest.raises(StoreCorrupt):
        other.opened(found)


def test_of_a_stream_its_words_are_kept_like_those_of_a_text(make: Make) -> None:
    guarding = make(texts=True)
    stream = guarding.stream(person="ann")
    for piece in (CARD[:20], CARD[20:]):
        stream.feed(piece)
    stream.close()
    reviews = guarding.reviews
    assert reviews is not None
    assert [reviews.opened(one) for one in reviews.waiting()] == [CARD]


def test_a_sample_of_what_was_let_pass_waits_too(make: Make) -> None:
    draws = iter([0.5, 0.05])
    guarding = make(sample=0.1, chance=lambda: next(draws))
    guarding.check("The first is not drawn.")
    guarding.check("The second is drawn.")
    (found,) = guarding.reviews.waiting()  # type: ignore[union-attr]
    assert (found.held, found.action) == (False, Action.ALLOW)


def test_what_people_say_gives_figures_with_their_size_that_others_see(make: Make) -> None:
    guarding, elsewhere = make(), make()
    for _ in range(20):
        guarding.check(CARD, language="en")
    reviews = elsewhere.reviews
    assert reviews is not None
    waiting = reviews.waiting()
    for number, one in enumerate(waiting):
        elsewhere.decide(one.id, Said(verdict="wrong" if number == 0 else "right"), "token")
    figures = {one.category: one for one in guarding.accuracy().reviewed}
    held = figures["personal"].held_rightly
    assert (held.n, held.value) == (20, 0.95)
    assert held.low is not None
    assert held.high is not None
    assert held.low < 0.95 < held.high
    assert figures["personal"].passed_rightly.n == 0
    assert reviews.counts() == (0, 20)


def test_who_says_it_again_replaces_what_they_said(guarding: Guarding, host: BareHost) -> None:
    guarding.check(CARD)
    (found,) = guarding.reviews.waiting()  # type: ignore[union-attr]
    guarding.decide(found.id, Said(verdict="right"))
    host.clock.advance(1)  # type: ignore[attr-defined]
    guarding.decide(found.id, Said(verdict="wrong", action=Action.ALLOW))
    (overall, _) = guarding.accuracy().reviewed
    assert (overall.held_rightly.n, overall.held_rightly.value) == (1, 0.0)


@pytest.mark.parametrize(
    ("id", "said", "why"),
    [
        ("nobody.1", Said(verdict="right"), "there is no review"),
        ("", Said(verdict="right", action=Action.BLOCK), "leave them out"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(guarding: Guarding, id: str, said: Said, why: str) -> None:
    guarding.check(CARD)
    (found,) = guarding.reviews.waiting()  # type: ignore[union-attr]
    with pytest.raises(InputError, match=why):
        guarding.decide(id or found.id, said)


def test_the_queue_is_bounded_by_the_day_and_what_does_not_fit_is_counted(
    make: Make, host: BareHost, clock: ManualClock
) -> None:
    guarding = make()
    for _ in range(DAILY_MAX + 3):
        guarding.check(CARD)
    assert guarding.reviews.counts()[0] == DAILY_MAX  # type: ignore[union-attr]
    assert host.losses.totals() == {"guarding.reviews_full": 3}
    clock.advance((KEPT_DAYS + 1) * DAY_S)
    assert guarding.reviews.counts() == (0, 0)  # type: ignore[union-attr]


def test_a_store_that_takes_nothing_costs_a_review_and_no_check(make: Make, host: BareHost) -> None:
    guarding = make(offer=lambda batch: False)
    assert guarding.check(CARD).action is Action.SOFTEN
    assert host.losses.totals() == {"guarding.reviews_not_kept": 1}


def test_who_is_forgotten_has_no_reviews(guarding: Guarding) -> None:
    guarding.check(CARD, person="ann")
    guarding.check(CARD, person="bob")
    assert guarding.forget("ann") == 1
    assert guarding.reviews.counts() == (1, 0)  # type: ignore[union-attr]


DUTCH = "Wij hebben gisteren met de buren gekookt, en het was heel mooi."
GERMAN = "Wir haben gestern mit den Nachbarn gekocht, und es war sehr schön."


@pytest.mark.parametrize(
    ("text", "said", "counted"),
    [
        (DUTCH, "", "nl"),
        (GERMAN, "", None),
        ("We cooked with the neighbours, and it was lovely.", "", None),
        ("Good morning!", "", None),
        ("Good morning!", "nl-BE", "nl"),
        (DUTCH, "en", None),
    ],
)
def test_a_text_in_a_language_that_is_not_covered_is_counted_as_that(
    guarding: Guarding, host: BareHost, text: str, said: str, counted: str | None
) -> None:
    guarding.check(text, language=said)
    stream = guarding.stream(language=said)
    for at in range(0, len(text), 7):
        stream.feed(text[at : at + 7])
    stream.close()
    assert host.total("safety.not_covered") == (2 if counted else 0)
    if counted:
        assert host.total("safety.not_covered", language=counted) == 2


def test_reviews_know_the_language_that_the_words_tell(make: Make) -> None:
    guarding = make()
    guarding.check(f"{GERMAN} {CARD}")
    (found,) = guarding.reviews.waiting()  # type: ignore[union-attr]
    assert found.language == "de"


def test_canaries_give_way_to_work_but_not_for_ever(guarding: Guarding, clock: ManualClock) -> None:
    guarding.check("Good morning.")
    assert [guarding.probe() for _ in range(PASSED_OVER_MAX + 1)] == [False] * PASSED_OVER_MAX + [True]
    clock.advance(QUIET_NS / SECOND_NS)
    assert guarding.probe()
