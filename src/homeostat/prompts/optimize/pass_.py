"""The pass: one way to make a library lean. It proposes; the pipeline judges and applies.

The contract, in three lines:

1. `propose(draft)` is pure: it returns a `Proposal` and changes nothing; the same draft gives the same one.
2. Each `Change` of it stands or falls alone: it is taken back, and said, where it does not save what the pass
   `saves`, or where the gate finds a fault; so put into one change what makes sense only together, and no
   module into two.
3. The gate is `homeostat prompts verify` on the draft before and after: nothing that it looks for may go.
   Where a pass is `lossless`, each text must besides expand to what it was: forms that `library/` can read
   back do so by themselves, and for any other change of words the `Edit`s say which line stood there before.

A new pass is a class in a room of its own that satisfies `Pass`, with a line in `app/prompts/passes.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.proof.claims import Edit

Saves = Literal["library", "loaded", "billed"]
"""What a pass makes smaller: the tokens of all modules; those that entry points load by hard references (the
sum over entry points); or the USD billed with the provider's prompt cache for a round of runs, in which
each entry point is run twice in turn."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that a pass does: new texts by path (a new path is a new module), and modules that go.

    `what` says in a few words what it is, for people. `edits` as the contract says.
    """

    what: str
    texts: Mapping[str, str]
    removed: tuple[str, ...] = ()
    edits: tuple[Edit, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a pass would do.

    `orders` (by path of entry point) replaces the order in which entry points are put together; it must name
    the modules of the closure, each once. `files` are written beside the library and are no prompts (a plan
    as JSON). `notes` are for people.
    """

    changes: tuple[Change, ...] = ()
    orders: Mapping[str, tuple[str, ...]] | None = None
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Pass(Protocol):
    """One way to make a library lean."""

    @property
    def name(self) -> str:
        """One word, for `--passes` and `--skip`."""
        ...

    @property
    def lossless(self) -> bool:
        """Whether all words stay; a lossy pass runs only where it is asked for by name."""
        ...

    @property
    def saves(self) -> Saves:
        """What must be smaller afterwards."""
        ...

    def propose(self, draft: Draft) -> Proposal:
        """Return what would be done to a library."""
        ...
