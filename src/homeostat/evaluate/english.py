"""English, or not: told by the share of function words, where there are enough words to tell."""

WORDS_MIN = 8
"""Of fewer words nothing is told: they pass for English."""

COMMON_MIN = 0.2
"""Below this share of English function words a text is in another language: 0.3% of LoCoMo's turns are.
Danish, French, German and Spanish sentences that were tried have 0 to 19%; Dutch comes near to English."""


def is_foreign(words: int, common: int) -> bool:
    """Tell whether a text of so many words, so many of them English function words, is in another language.

    >>> is_foreign(words=16, common=3), is_foreign(words=16, common=6), is_foreign(words=3, common=0)
    (True, False, False)
    """
    return words >= WORDS_MIN and common < COMMON_MIN * words
