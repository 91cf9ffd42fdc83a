"""The pass that extracts: lossy, and only where it is asked for."""

from collections.abc import Iterator, Sequence

from homeostat.prompts.extraction.budget import Budget
from homeostat.prompts.extraction.extraction import Exceeded, Extractor
from homeostat.prompts.extraction.passage import dropped_passages, dropped_text, exceeded_text
from homeostat.prompts.extraction.similarity import likeness_notes, likenesses
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves

DROPPED_FILE = "dropped.txt"


class ExtractionPass:
    """Keeps of each module, or of what each command loads, what a budget allows: all that binds, then
    what is central.

    Each module is a change of its own; all that is dropped is written to a file for a person to read.
    """

    name = "extract"
    lossless = False
    saves: Saves = "library"

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def propose(self, draft: Draft) -> Proposal:
        """Return the modules that are cut, and the list of what was dropped."""
        texts = {path: module.text for path, module in draft.library.modules.items()}
        extractor = Extractor(draft.styles, draft.counts.of)
        if self._budget.per == "module":
            found = extractor.by_module(texts, self._budget)
        else:
            closures = [(e.name, draft.closure(e)) for e in draft.understood.entries]
            found = extractor.by_command(texts, closures, self._budget)
        cuts = {path: cut.text() for path, cut in found.cuts.items()}
        tokens = {path: (draft.tokens(path), draft.counts.of(text)) for path, text in cuts.items()}
        passages = [d for path, cut in found.cuts.items() for d in dropped_passages(path, cut)]
        listed = dropped_text(passages, tokens) + exceeded_text(found.exceeded)
        return Proposal(
            tuple(Change(f"extract {path}", {path: text}) for path, text in cuts.items()),
            files={DROPPED_FILE: listed.encode("utf-8", "replace")} if passages or found.exceeded else {},
            notes=(*_notes(len(passages), found.exceeded), *likeness_notes(likenesses(texts, cuts))),
        )


def _notes(passages: int, exceeded: Sequence[Exceeded]) -> Iterator[str]:
    if passages:
        yield f"{passages:,} passages dropped, listed in {DROPPED_FILE}"
    if exceeded:
        yield f"{len(exceeded):,} budgets could not be kept, listed there too; the first: {exceeded[0]}"
