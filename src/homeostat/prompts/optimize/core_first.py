"""Core first: the order in which prompts are put together, so that they share what a provider caches."""

from collections import Counter
from dataclasses import dataclass

from homeostat.prompts.library.placeholders import PLACEHOLDER
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Proposal, Saves


@dataclass(frozen=True, slots=True)
class CoreFirst:
    """The pass `order`: what most entry points load comes first, what a placeholder changes comes last.

    A provider caches exact prefixes, so two prompts share what they begin with, and a run finds its own
    prompt again up to the first placeholder. No text changes: the order is for whoever puts prompts together,
    and a tool that loads files by itself does not follow it.
    """

    name: str = "order"
    lossless: bool = True
    saves: Saves = "billed"

    def propose(self, draft: Draft) -> Proposal:
        """Return the order of each entry point that loads more than itself."""
        closures = {e.path: draft.closure(e) for e in draft.understood.entries}
        shared = Counter(module for closure in closures.values() for module in closure)
        changing = {p for p, m in draft.library.modules.items() if PLACEHOLDER.search(m.text)}

        def place(module: str) -> tuple[bool, int, str]:
            return module in changing, -shared[module], module

        orders = {p: tuple(sorted(c, key=place)) for p, c in closures.items()}
        orders = {p: order for p, order in orders.items() if order != closures[p]}
        return Proposal(orders=orders or None)
