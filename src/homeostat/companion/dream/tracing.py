"""Tracing: whether what a scene says stands in the messages that it names."""

from collections.abc import Mapping

from homeostat.companion.dream.grammar import month_of, shown
from homeostat.companion.dream.scene import Claim, Scene
from homeostat.companion.message import Message


def untraced(scene: Scene, messages: Mapping[int, Message]) -> list[int]:
    """Return the numbers of the claims that do not trace to their sources, of the `messages` by their seqs.

    A claim traces where all its sources are there, each quote stands in one of them word for word and in the
    claim as it is shown, nothing else stands between its marks, and what it is about is in every source.
    """
    return [number for number, claim in enumerate(scene.claims) if not _traces(claim, messages)]


def _traces(claim: Claim, messages: Mapping[int, Message]) -> bool:
    sources = [messages[seq] for seq in claim.sources if seq in messages]
    if len(sources) < len(claim.sources):
        return False
    for quote in claim.quotes:
        if not any(quote in message.text for message in sources) or shown(quote) not in claim.text:
            return False
    return all(_is_about(message, word) for word in claim.about for message in sources)


def _is_about(message: Message, word: str) -> bool:
    if word in (message.author, month_of(message)):
        return True
    said = f"{message.text} {message.author}".casefold().replace("’", "'")
    return word in said
