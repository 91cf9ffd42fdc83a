"""The outcome: what each pass of an optimisation did, saved and had taken back."""

import msgspec

from homeostat.prompts.optimize.draft import Weight
from homeostat.prompts.optimize.pass_ import Saves


class Reverted(msgspec.Struct, frozen=True):
    """A change that was taken back: what it was, the files it touched, and why."""

    what: str
    paths: tuple[str, ...]
    why: str


class PassOutcome(msgspec.Struct, frozen=True):
    """What one pass did. `before` and `after` are equal where all of it was taken back."""

    name: str
    lossless: bool
    saves: Saves
    before: Weight
    after: Weight
    files_changed: int
    changes: int
    reverted: tuple[Reverted, ...]
    notes: tuple[str, ...]
    took_ms: float


class Outcome(msgspec.Struct, frozen=True):
    """What a whole pipeline did, in its order; every count is one of `tokenizer`."""

    tokenizer: str
    before: Weight
    after: Weight
    passes: tuple[PassOutcome, ...]
