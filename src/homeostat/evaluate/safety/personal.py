"""Personal data: numbers and addresses that are valid, not only of their shape."""

import re
from collections.abc import Iterator, Sequence

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.verdict import Finding

CARD, IBAN, PHONE, EMAIL, ADDRESS = "card", "iban", "phone", "email", "ip"
SEVERITY = {CARD: 8.0, IBAN: 7.0, PHONE: 5.0, EMAIL: 4.0, ADDRESS: 3.0}

_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[^\W_](?:[\w-]{0,62}\.)){1,8}[^\W\d_]{2,24}(?![\w-])")


class Personal:
    """Finds cards, accounts, telephone numbers, and addresses of mail and machines."""

    def look(self, sentences: Sequence[Sentence]) -> list[list[Finding]]:
        """Return what is found in each sentence."""
        return [list(_found(sentence.text)) for sentence in sentences]


def _found(text: str) -> Iterator[Finding]:
    for match in _EMAIL.finditer(text) if "@" in text else ():
        yield Finding(Category.PERSONAL, SEVERITY[EMAIL], match.start(), match.end(), "pattern", EMAIL)
