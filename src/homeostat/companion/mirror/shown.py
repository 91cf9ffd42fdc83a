"""What is held about a person, in words and numbers that they can read, correct or have forgotten."""

from collections.abc import Mapping

import msgspec

from homeostat.companion.mirror.decisions.decisions import Decisions
from homeostat.companion.mirror.learned import Learned
from homeostat.companion.mirror.voice import habits
from homeostat.companion.mirror.voice.drift import EMOTICONS, Drift, drift
from homeostat.evaluate.emotion import affect
from homeostat.evaluate.function_words import FORMS, FUNCTION_WORDS

TOPICS = 12
TOPIC_TIMES_MIN = 3
_NOT_TOPICS = FUNCTION_WORDS | frozenset(FORMS) | affect.GLAD | affect.TROUBLED

EXPLAINED = {
    "length": "how long the messages are, on average",
    "capitals": "how often a message begins with a capital letter",
    "punctuation": "how messages end",
    "emoticons": "how often emoticons and emoji are used",
    "forms": "short forms and words of talk that are used most",
    "topics": "words with a content of their own that are used most",
    "mood": "glad and troubled words and signs, counted; it says what was written, not what was felt",
    "hours": "the hours of the day in which most is written, in the person's own time",
    "answers": "how long an answer usually takes, at most",
}
"""The aspects that can be corrected, and what each says."""


class Aspect(msgspec.Struct, frozen=True):
    """One thing that is held: what was learned, from how much, and what the person says instead."""

    name: str
    explanation: str
    learned: str
    based_on: int
    corrected: str | None = None

    @property
    def value(self) -> str:
        """What counts: the person's own word, else what was learned."""
        return self.learned if self.corrected is None else self.corrected


class Shown(msgspec.Struct, frozen=True):
    """All that the mirror holds about a person; `drift` is how their voice changed, `bytes` what it takes."""

    on: bool
    messages: int
    aspects: list[Aspect]
    drift: list[Drift]
    decisions: int
    choices: dict[str, float]
    names_hidden: int
    bytes: int


def shown(
    learned: Learned, decisions: Decisions, corrections: Mapping[str, str], *, on: bool, size: int
) -> Shown:
    """Return what is held, as plain data."""
    values = described(learned) if learned.messages else {}
    aspects = [
        Aspect(name, explanation, *values.get(name, ("", 0)), corrections.get(name))
        for name, explanation in EXPLAINED.items()
    ]
    total = sum(decisions.root.choices.values())
    choices = {name: round(weight / total, 3) for name, weight in sorted(decisions.root.choices.items())}
    return Shown(
        on,
        learned.messages,
        aspects,
        drift(learned.blocks),
        decisions.count,
        choices,
        len(learned.names),
        size,
    )


def described(learned: Learned) -> dict[str, tuple[str, int]]:
    """Return by aspect what was learned, in words, and from how many messages, words or answers."""
    n = learned.messages
    found = dict(zip(habits.NAMES, learned.habits, strict=True))

    def share(name: str) -> str:
        return f"{found[name] / n:.0%}"

    characters = sum(learned.habits[: habits.CLASSES]) / n
    emoticons = sum(found[name] for name in EMOTICONS) / n
    forms = sorted((form for form in FORMS if learned.words.get(form)), key=lambda form: -learned.words[form])
    topics = sorted(
        (
            word
            for word, times in learned.words.items()
            if times >= TOPIC_TIMES_MIN and len(word) > 2 and word not in _NOT_TOPICS and not word.isdigit()
        ),
        key=lambda word: (-learned.words[word], word),
    )
    glad = sum(learned.words.get(word, 0) for word in affect.GLAD) + learned.glad_signs
    troubled = sum(learned.words.get(word, 0) for word in affect.TROUBLED) + learned.troubled_signs
    hours = sorted(range(24), key=lambda hour: -learned.rhythm.hours[hour])[:3]
    wait_s = learned.rhythm.usual_wait_s
    return {
        "length": (f"{characters:.0f} characters", n),
        "capitals": (share("begins with a capital"), n),
        "punctuation": (
            f"full stop {share('ends with a full stop')}, question {share('ends with a question mark')}, "
            f"exclamation {share('ends with an exclamation mark')}",
            n,
        ),
        "emoticons": (f"{emoticons:.2f} a message", n),
        "forms": (", ".join(forms[:TOPICS]), learned.words_total),
        "topics": (", ".join(topics[:TOPICS]), learned.words_total),
        "mood": (f"{glad} glad, {troubled} troubled", learned.words_total),
        "hours": (", ".join(f"{hour}:00" for hour in sorted(hours) if learned.rhythm.hours[hour]), n),
        "answers": ("" if wait_s is None else f"{wait_s} s", sum(learned.rhythm.waits)),
    }
