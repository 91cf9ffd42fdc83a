"""The reconstructed: what was likely said where something is missing. It never becomes a message."""

from typing import Literal

import msgspec


class Likely(msgspec.Struct, frozen=True):
    """Something that the person said at another time, and may have said here in other words.

    `seq` is the message; `probability` that it is this one, given that it is one of those shown.
    """

    seq: int
    words: str
    probability: float


class Reconstructed(msgspec.Struct, frozen=True, kw_only=True, tag_field="provenance", tag="reconstructed"):
    """What was likely said between the messages `before` and `after` (their seqs; 0 where there is none).

    Nothing here has the names of a message's fields, so that no store takes it for one; what is written of
    it carries `"provenance": "reconstructed"` for ever. `confidence` is the probability that what was said
    means about what the likeliest says (a cosine of .5 or more). `themes` are words it was likely about.
    `evidence` are the seqs that were looked at. `wording` is a model's, where one was asked: `worded_by`.
    """

    before: int
    after: int
    likely: tuple[Likely, ...]
    themes: tuple[str, ...]
    confidence: float
    evidence: tuple[int, ...]
    method: Literal["meaning", "words"]
    wording: str = ""
    worded_by: str = ""

    def __str__(self) -> str:
        """Return it as it may be shown: marked as reconstructed, with its confidence."""
        shown = self.wording or (self.likely[0].words if self.likely else "nothing to go by")
        return f"[reconstructed, {self.confidence:.0%} sure] {shown}"
