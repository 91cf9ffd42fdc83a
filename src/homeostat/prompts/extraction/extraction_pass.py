"""The pass that extracts: lossy, and only where it is asked for."""

from homeostat.prompts.extraction.budget import Budget
from homeostat.prompts.extraction.extraction import Extractor
from homeostat.prompts.extraction.passage import dropped_passages, dropped_text
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
        changes = [Change(f"extract {path}", {path: cut.text()}) for path, cut in found.cuts.items()]
        tokens = {p: (draft.tokens(p), draft.counts.of(c.text())) for p, c in found.cuts.items()}
        passages = [d for path, cut in found.cuts.items() for d in dropped_passages(path, cut)]
        files = {DROPPED_FILE: dropped_text(passages, tokens).encode("utf-8", "replace")} if passages else {}
        notes = [f"{len(passages):,} passages dropped, listed in {DROPPED_FILE}"] if passages else []
        return Proposal(tuple(changes), files=files, notes=(*notes, *map(str, found.exceeded)))
