"""Personal data by its check digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.errors import ConfigError
from homeostat.evaluate.safety.folding import Folding
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.numbers import cards, ibans, is_card, is_iban
from homeostat.evaluate.safety.personal import Personal
from homeostat.evaluate.safety.policy import policy
from homeostat.evaluate.safety.sentence import sentence

GUARD = Guard(policy("adult"))
PERSONAL = Personal()


def kinds(text: str, personal: Personal = PERSONAL) -> list[str]:
    return [finding.kind for finding in personal.look([sentence(text, Folding())])[0]]


def luhn(digits: str) -> str:
    return next(digits + last for last in "0123456789" if _sum(digits + last) % 10 == 0)


def _sum(digits: str) -> int:
    return sum(sum(divmod(int(digit) * (1 + at % 2), 10)) for at, digit in enumerate(reversed(digits)))


CARDS = st.tuples(st.sampled_from("3456"), st.text("0123456789", min_size=11, max_size=17)).map(
    lambda parts: luhn("".join(parts))
)
GAPS = st.sampled_from(["", " ", "-", "  ", "."])


@given(CARDS, GAPS, st.integers(2, 6), st.text("ab .,\n", max_size=20), st.text("ab .,\n", max_size=20))
def test_no_valid_card_is_left_in_what_is_shown(
    card: str, gap: str, group: int, before: str, after: str
) -> None:
    if not is_card(card):
        return
    written = gap.join(card[at : at + group] for at in range(0, len(card), group))
    shown = GUARD.check(f"{before} {written} {after}").text
    assert not list(cards(shown))
    assert card not in shown.replace(gap or " ", "")


@given(st.integers(10**17, 10**18 - 1), st.sampled_from(["", " ", "-"]), st.text("ab .,", max_size=20))
def test_no_valid_account_is_left_in_what_is_shown(number: int, gap: str, around: str) -> None:
    check = 98 - int(f"{number}131400") % 97
    account = f"DE{check:02}{number}"
    assert is_iban(account)
    written = gap.join(account[at : at + 4] for at in range(0, len(account), 4))
    shown = GUARD.check(f"{around} {written} {around}").text
    assert "[iban]" in shown
    assert not list(ibans(shown))


@given(CARDS, st.integers(1, 9))
def test_one_wrong_digit_is_no_card(card: str, change: int) -> None:
    wrong = card[:-1] + str((int(card[-1]) + change) % 10)
    assert not is_card(wrong)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("My address is ann.lee+x@mail.example.co.uk.", ["email"]),
        ("GB82 WEST 1234 5698 7654 32", ["iban"]),
        ("12 4111111111111111 99", ["card"]),
        ("+49 30 901820", ["phone"]),
        ("(415) 555-2671", ["phone"]),
        ("call 4155552671", ["phone"]),
        ("the server at 8.8.8.8", ["ip"]),
        ("2001:4860:4860::8888", ["ip"]),
        ("4155552671 rows", []),
        ("192.168.0.1, 127.0.0.1 and version 1.2.3", []),
        ("2026-11-20 12:30, 20.11.2026", []),
        ("GB82 WEST 1234 5698 7654 33", []),
        ("a@b, @ann, 3.14159265358979", []),
    ],
)
def test_numbers_are_found_where_they_are_valid(text: str, found: list[str]) -> None:
    assert kinds(text) == found


def test_a_number_without_a_code_is_one_of_the_region() -> None:
    assert kinds("Ruf 030 901820 an", Personal("DE")) == ["phone"]
    with pytest.raises(ConfigError, match="'Mars'"):
        Personal("Mars")
