"""The categories of harm, and what is done about them."""

from enum import StrEnum


class Category(StrEnum):
    """What kind of harm a text may do."""

    __hash__ = str.__hash__  # that of Enum is written in Python, and is called several times a sentence

    SELF_HARM = "self_harm"
    VIOLENCE = "violence"
    SEXUAL = "sexual"
    HATE = "hate"
    """Against people for the group they belong to."""
    HARASSMENT = "harassment"
    """Against one person, or a group that nobody is born into."""
    PROFANITY = "profanity"
    PERSONAL = "personal"
    """Personal data: cards, accounts, telephone numbers, addresses of mail and machines."""
    TRIGGER = "trigger"
    """What this person asked to be spared."""
    INJECTION = "injection"
    """Orders to the model in what should be data."""


class Action(StrEnum):
    """What is done about a text, from nothing to telling a human; `rank` orders them."""

    __hash__ = str.__hash__

    ALLOW = "allow"
    SOFTEN = "soften"
    """The places found are masked; a sentence that is wrong as a whole is replaced."""
    REPLACE = "replace"
    """The sentence gives way to a text of the policy."""
    BLOCK = "block"
    """The text ends before the sentence, with a text of the policy."""
    ESCALATE = "escalate"
    """As block, and a human is to be told."""

    @property
    def rank(self) -> int:
        """Return how strong it is, 0 for allow."""
        return _RANKS[self]


_RANKS = {action: rank for rank, action in enumerate(Action)}
