"""The passage: what an evaluator reads, piece by piece."""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec


class Segment(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A piece of what is judged: a sentence, a turn of talk or a scene.

    `at_us` is when it was said, in us since 1970; `sources` are the ids of what it says that it rests on.
    """

    text: str
    author: str = ""
    at_us: int | None = None
    sources: tuple[str, ...] = ()


class Source(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Something that is known, which what is judged may rest on: a memory, a document."""

    id: str
    text: str
    author: str = ""
    at_us: int | None = None


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the passage. An evaluator that needs more than there is says nothing.

    `likes` and `dislikes` are what the person prefers and asked to avoid, in their words; `learned` are
    weights of topics between -1 and 1, from what they did. `now_us` is what `yesterday` is counted from.
    `picture` and `sound` are the bytes of what is shown and heard with the passage.
    """

    sources: tuple[Source, ...] = ()
    likes: tuple[str, ...] = ()
    dislikes: tuple[str, ...] = ()
    learned: Mapping[str, float] = MappingProxyType({})
    question: str = ""
    language: str = "en"
    now_us: int | None = None
    picture: bytes | None = None
    sound: bytes | None = None
