"""The answer: what a model made of a module, and what that was billed as."""

import msgspec


class Answer(msgspec.Struct, frozen=True):
    """A model's text with its tokens as the provider counts them, 0 where it does not say.

    `finished` is False where a limit cut it off.
    """

    text: str
    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    finished: bool = True


class NoAnswer(msgspec.Struct, frozen=True):
    """A request that brought no answer, however often it was sent: why."""

    why: str
