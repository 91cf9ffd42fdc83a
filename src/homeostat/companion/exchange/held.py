"""What is held of a person beside their messages: the kinds of vectors and the notes, by name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Held:
    """What an archive holds. `model` is the embedder's, empty where there is none."""

    model: str = ""
    kinds: tuple[str, ...] = ("turn", "window")
    notes: tuple[str, ...] = ()
