"""Personal data: numbers and addresses that are valid, not only of the right shape."""

import ipaddress
import re
from collections.abc import Iterator, Sequence
from typing import Any

from homeostat.core.errors import ConfigError, NotAvailable
from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.numbers import cards, ibans
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.verdict import Finding

CARD, IBAN, PHONE, EMAIL, IP = "card", "iban", "phone", "email", "ip"
SEVERITY = {CARD: 8.0, IBAN: 7.0, PHONE: 5.0, EMAIL: 4.0, IP: 3.0}

_EMAIL = re.compile(
    r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,24}(?![\w-])"
)
_IPV4 = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![\w:])")
_DIGITS = re.compile(r"\d[\W_]{0,3}\d[\W_]{0,3}\d[\W_]{0,3}\d")
_PHONE = re.compile(r"(?<![\w+])(?:\+|\(\+?|00)?\d(?:[ ()./\u00a0\u2011-]{0,3}\d){6,16}(?!\w)")
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d\d?\.\d\d?\.\d{4}|\d\d?/\d\d?/\d{4}")
_CALLED = re.compile(
    r"\b(?:call|phone|tel|telephone|mobile|cell|text|number|whatsapp|fax|ring|reach)\b", re.IGNORECASE
)


class Personal:
    """Finds cards, accounts, telephone numbers, and addresses of mail and machines.

    A telephone number without a country's code is one where it is valid in `region`, and is written as one or
    said to be one. Safe for threads; 2 us where there is nothing. Raises NotAvailable where `phonenumbers` is
    not installed, ConfigError for a region that it does not know.
    """

    def __init__(self, region: str = "US") -> None:
        try:
            import phonenumbers
        except ImportError as error:
            raise NotAvailable("the guard needs phonenumbers: pip install 'homeostat[safety]'") from error
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ConfigError(f"no region is named {region!r}: give two letters as in ISO 3166, US or DE")
        self._region = region
        self._phones: Any = phonenumbers

    def look(self, sentences: Sequence[Sentence]) -> list[list[Finding]]:
        """Return what is found in each sentence."""
        return [list(self._of(sentence.text)) for sentence in sentences]

    def _of(self, text: str) -> Iterator[Finding]:
        if "@" in text:
            yield from (_finding(EMAIL, *match.span()) for match in _EMAIL.finditer(text))
        if ":" in text:
            yield from _addresses(text, _IPV6)
        if _DIGITS.search(text) is None:
            return
        taken: list[tuple[int, int]] = []
        for kind, places in ((CARD, cards(text)), (IBAN, ibans(text))):
            for start, end in places:
                taken.append((start, end))
                yield _finding(kind, start, end)
        yield from _addresses(text, _IPV4)
        for match in _PHONE.finditer(text):
            start, end = match.span()
            if all(end <= a or start >= b for a, b in taken) and self._is_phone(match[0], text):
                yield _finding(PHONE, start, end)

    def _is_phone(self, number: str, text: str) -> bool:
        """Whether a number is a valid one of the plan of its country, and is meant as one."""
        abroad = number.lstrip("(").startswith(("+", "00"))
        if not abroad and (_DATE.match(number) or (number.isdecimal() and _CALLED.search(text) is None)):
            return False
        if abroad and not number.lstrip("(").startswith("+"):
            number = "+" + number.lstrip("(")[2:]
        try:
            return bool(self._phones.is_valid_number(self._phones.parse(number, self._region)))
        except self._phones.NumberParseException:
            return False


def _addresses(text: str, shape: re.Pattern[str]) -> Iterator[Finding]:
    """Give the addresses of machines that can be reached by all; those of a house network are no secret."""
    for match in shape.finditer(text):
        try:
            if ipaddress.ip_address(match[0]).is_global:
                yield _finding(IP, *match.span())
        except ValueError:
            continue


def _finding(kind: str, start: int, end: int) -> Finding:
    return Finding(Category.PERSONAL, SEVERITY[kind], start, end, "pattern", kind)
