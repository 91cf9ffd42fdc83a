"""The outcome: what each pass of an optimisation did, saved and had taken back."""

import msgspec

from homeostat.prompts.optimize.billing import Bill
from homeostat.prompts.optimize.draft import Weight
from homeostat.prompts.optimize.pass_ import Saves
from homeostat.prompts.proof.verification import Verification


class Reverted(msgspec.Struct, frozen=True):
    """A change that was taken back: what it was, the files it touched, and why."""

    what: str
    paths: tuple[str, ...]
    why: str


class PassOutcome(msgspec.Struct, frozen=True):
    """What one pass did. `before` and `after` are equal where all of it was taken back.

    The USD are those of a round of runs (`optimize/billing.py`).
    """

    name: str
    lossless: bool
    saves: Saves
    before: Weight
    after: Weight
    before_usd: float
    after_usd: float
    files_changed: int
    changes: int
    reverted: tuple[Reverted, ...]
    notes: tuple[str, ...]
    took_ms: float


class Outcome(msgspec.Struct, frozen=True):
    """What a whole pipeline did, in its order; every count is one of `tokenizer`.

    `warnings` name entry points that lose the provider's cache.
    """

    tokenizer: str
    before: Weight
    after: Weight
    bill_before: Bill
    bill_after: Bill
    passes: tuple[PassOutcome, ...]
    verification: Verification
    warnings: tuple[str, ...]
