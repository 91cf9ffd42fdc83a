"""The pass that puts a model's rewrites in the place of modules: lossy, and only where it is asked for."""

from collections.abc import Iterable, Mapping

import msgspec

from homeostat.prompts.extraction.rewriting.answer import Answer, NoAnswer
from homeostat.prompts.extraction.rewriting.gate import faults
from homeostat.prompts.extraction.rewriting.instruction import answered_text
from homeostat.prompts.extraction.similarity import likeness_notes, likenesses
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves

REFUSED_FILE = "refused.txt"
SHOWN = 3


class Refused(msgspec.Struct, frozen=True):
    """A rewrite that did not pass the gate: of which module, why, and how it read."""

    path: str
    faults: tuple[str, ...]
    text: str

    def __str__(self) -> str:
        more = f"; and {len(self.faults) - SHOWN:,} more" if len(self.faults) > SHOWN else ""
        return f"refused the rewrite of {self.path}: {'; '.join(self.faults[:SHOWN])}{more}"


class RewritePass:
    """Takes the answers that were asked for before (`rewriter.ask`), each through the gate.

    Each module is a change of its own. What is refused is told, and written to a file with all reasons.
    """

    name = "rewrite"
    lossless = False
    saves: Saves = "library"

    def __init__(self, answers: Mapping[str, Answer | NoAnswer], texts: Mapping[str, str]) -> None:
        self._answers = answers
        self._texts = texts

    def propose(self, draft: Draft) -> Proposal:
        """Return the rewrites that may take the place of their modules."""
        changes = []
        refused = []
        for path, answer in self._answers.items():
            module = draft.library.modules.get(path)
            if module is None or module.text != self._texts[path]:
                refused.append(Refused(path, ("another pass changed the module since it was asked",), ""))
                continue
            if isinstance(answer, NoAnswer):
                refused.append(Refused(path, (f"the endpoint {answer.why}",), ""))
                continue
            text = answered_text(answer.text, module.text)
            found = faults(module, text, draft.styles, draft.counts.of)
            if not answer.finished:
                found = ("it was cut off before its end", *found)
            if found:
                refused.append(Refused(path, found, text))
            else:
                changes.append(Change(f"rewrite {path}", {path: text}))
        files = {REFUSED_FILE: refused_text(refused).encode("utf-8", "replace")} if refused else {}
        taken = {path: text for change in changes for path, text in change.texts.items()}
        notes = (
            f"{len(changes):,} of {len(self._answers):,} rewrites passed the gate",
            *likeness_notes(likenesses(self._texts, taken)),
            *map(str, refused),
        )
        return Proposal(tuple(changes), files=files, notes=notes)


def refused_text(refused: Iterable[Refused]) -> str:
    """Return refused rewrites as text, with all reasons, for a person to read."""
    lines = ["Rewrites that were refused: the modules stayed as they were.", ""]
    for one in refused:
        lines += ["=" * 80, one.path, "=" * 80, *(f"- {fault}" for fault in one.faults), "", one.text, ""]
    return "\n".join(lines)
