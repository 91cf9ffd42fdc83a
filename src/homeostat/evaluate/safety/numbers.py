"""Numbers of cards and bank accounts, found by their check digits (ISO/IEC 7812-1, ISO 13616)."""

import re
from collections.abc import Iterator

Place = tuple[int, int]

_GAP = r"[ \-.\u00a0\u2007\u2009\u2010-\u2013\u202f]{1,2}"
_RUN = re.compile(rf"(?<!\d)\d(?:(?:{_GAP})?\d){{12,}}(?!\d)")
_GROUP = re.compile(r"\d+")
_CARD_DIGITS = range(13, 20)
_FIRST = range(2, 7)

_IBAN = re.compile(rf"(?<![^\W_])[A-Za-z]{{2}}\d{{2}}(?:(?:{_GAP})?[A-Za-z0-9]){{11,30}}")
_LENGTHS = {
    country: length
    for length, countries in {
        15: "NO", 16: "BE", 18: "DK FI FO GL NL", 19: "MK SI", 20: "AT BA EE KZ LT LU XK", 21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA", 23: "AE GI IL IQ TL", 24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST", 26: "IS TR", 27: "FR GR IT MC MR SM", 28: "AL AZ BY CY DO GT HU LB PL SV",
        29: "BR EG PS QA UA", 30: "JO KW MU", 31: "MT SC", 32: "LC",
    }.items()
    for country in countries.split()
}  # fmt: skip
"""How many letters and figures an account has, by country (SWIFT's registry of IBANs)."""


def cards(text: str) -> Iterator[Place]:
    """Give the places of numbers that may be a card's, whole or in groups: 13 to 19 digits, right by Luhn."""
    for run in _RUN.finditer(text):
        groups = [(at.start() + run.start(), at.end() + run.start()) for at in _GROUP.finditer(run[0])]
        first = 0
        while first < len(groups):
            last = _card(text, groups, first)
            if last is None:
                first += 1
            else:
                yield groups[first][0], groups[last][1]
                first = last + 1


def _card(text: str, groups: list[Place], first: int) -> int | None:
    """Return the last group of the longest card that begins with a group."""
    if int(text[groups[first][0]]) not in _FIRST:
        return None
    digits, found = "", None
    for last in range(first, len(groups)):
        digits += text[slice(*groups[last])]
        if len(digits) >= _CARD_DIGITS.stop:
            break
        if len(digits) in _CARD_DIGITS and is_card(digits):
            found = last
    return found


def is_card(digits: str) -> bool:
    """Whether digits alone could be a card's number."""
    numbers = [int(digit) for digit in digits]
    if len(numbers) not in _CARD_DIGITS or numbers[0] not in _FIRST or len(set(numbers)) == 1:
        return False
    twice = (number * 2 - 9 * (number > 4) for number in numbers[-2::-2])
    return (sum(numbers[::-2]) + sum(twice)) % 10 == 0


def ibans(text: str) -> Iterator[Place]:
    """Give the places of accounts: as long as their country's are, with the right remainder by 97."""
    at = 0
    while (match := _IBAN.search(text, at)) is not None:
        at = match.start() + 1
        length = _LENGTHS.get(match[0][:2].upper(), 0)
        signs = [place for place, sign in enumerate(match[0]) if sign.isalnum()]
        if not length or len(signs) < length:
            continue
        end = match.start() + signs[length - 1] + 1
        if not text[end : end + 1].isalnum() and is_iban(match[0][: end - match.start()]):
            yield match.start(), end
            at = end


def is_iban(text: str) -> bool:
    """Whether a text is an account with its check digits."""
    plain = "".join(sign for sign in text.upper() if sign.isalnum())
    if len(plain) != _LENGTHS.get(plain[:2]) or not plain.isascii():
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1
