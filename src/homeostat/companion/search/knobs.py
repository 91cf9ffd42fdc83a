"""The knobs of the search: how much each kind of evidence counts."""

from dataclasses import dataclass

from homeostat.act.knobs.declaration import declared
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.companion.search.fusion import Weights
from homeostat.runtime.host import Host

_WEIGHTS = (
    ("lexical", 2.0, 6.0, "weight of the words that a memory shares with the question"),
    ("turn", 0.7, 3.0, "weight of what a memory means"),
    ("window", 0.35, 3.0, "weight of what a memory and the turns before it mean"),
    ("speaker", 2.5, 6.0, "what a memory gains whose author the question names"),
    ("time", 1.0, 6.0, "what a memory gains that is of the time that the question names, or speaks of time"),
    ("asks", 0.6, 6.0, "what a memory loses that ends with a question: who asks does not answer"),
    ("before", 0.1, 1.0, "share of its score that a turn lends to the one after it"),
    ("after", 0.3, 1.0, "share of its score that a turn lends to the one before it"),
    ("hop", 0.0, 6.0, "weight of what a memory has in common with the best ones"),
    ("link", 0.4, 6.0, "share of its score that a memory lends to those that dreams have linked it to"),
    ("kind", 0.6, 6.0, "what a memory gains that names something of the kind that the question asks for"),
    ("word", 0.3, 3.0, "weight of single words of a memory that are near to what the question means"),
    ("tells", 0.6, 6.0, "weight of how much a memory tells that is new in its talk"),
)


@dataclass(frozen=True, slots=True)
class SearchKnobs:
    """Handles; each look reads them anew."""

    weights: tuple[KnobHandle[float], ...]
    candidates: KnobHandle[int]

    @classmethod
    def declared(cls, host: Host) -> "SearchKnobs":
        """Declare them."""
        declare = host.knob_set.declare
        return cls(
            tuple(
                declare(declared(f"companion_search_{name}", default, low=0.0, high=high, help=help))
                for name, default, high, help in _WEIGHTS
            ),
            declare(
                declared(
                    "companion_search_candidates",
                    100,
                    low=10,
                    high=1_000,
                    log=True,
                    help="memories that are looked at for their words",
                )
            ),
        )

    def look(self) -> Weights:
        """Return the weights as they are now."""
        return Weights(*(handle.get() for handle in self.weights))
