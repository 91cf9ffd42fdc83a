"""Outlines: blocks of XML become indented lines of `tag: text`, where the tree can be read back."""

import re
from dataclasses import dataclass

from homeostat.prompts.library.expansion import OUTLINE, RULER, indented, rewritten
from homeostat.prompts.library.fences import Fence, fences
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.outline import read_outline, write_outline
from homeostat.prompts.library.xml_tree import read_xml
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves

SHOWN = re.compile(
    r"\b(?:respon(?:d|se)|repl(?:y|ies)|answer|output|return(?:s|ed)?|emit|produce|format|schema|syntax|wrap)\b",
    re.IGNORECASE,
)
"""Words in front of a block which say that the model is to write such a block itself."""


@dataclass(frozen=True, slots=True)
class Outlines:
    """The pass `xml`: each fence of XML that parses becomes an outline if that takes fewer tokens.

    Left as they are: fences that a strict parser refuses, those whose tree has no outline, those that are
    indented and may be part of a list, and those that show the form of an answer, since the model would
    answer in another one. XML outside of fences is left too: a tool may read it. One change a file.
    """

    name: str = "xml"
    lossless: bool = True
    saves: Saves = "library"

    def propose(self, draft: Draft) -> Proposal:
        """Return the files with blocks that are shorter as outlines."""
        changes = []
        malformed = shown = 0
        for module in draft.library.modules.values():
            made = _converted(module, draft)
            malformed += made.malformed
            shown += made.shown
            if made.text != module.text:
                changes.append(
                    Change(f"{made.converted} blocks of XML as outlines", {module.path: made.text})
                )
        notes = []
        if malformed:
            notes.append(f"{malformed:,} blocks of XML are malformed and stay as they are")
        if shown:
            notes.append(f"{shown:,} blocks of XML show the form of an answer and stay as they are")
        return Proposal(tuple(changes), notes=tuple(notes))


@dataclass(slots=True)
class _Made:
    text: str
    converted: int = 0
    malformed: int = 0
    shown: int = 0


def _converted(module: Module, draft: Draft) -> _Made:
    text = module.text
    made = _Made(text)
    found = list(fences(text)) if "xml" in text else []
    if any(f.language == OUTLINE for f in found) or RULER.search(text):
        return made  # what looks like a compact form already would be read back twice
    pieces, last = [], 0
    for fence in found:
        if fence.language != "xml" or indented(text, fence):
            continue
        content = text[fence.start : fence.end]
        if read_xml(content) is None:
            made.malformed += 1
        elif SHOWN.search(_line_before(text, fence)):
            made.shown += 1
        else:
            outline = rewritten(text, fence, _outline)
            if outline is None or draft.counts.of(outline) >= draft.counts.of(content):
                continue
            start, end, block = _fenced(text, fence, outline)
            pieces += [text[last:start], block]
            last = end
            made.converted += 1
    made.text = "".join([*pieces, text[last:]])
    return made


def _outline(content: str) -> str | None:
    tree = read_xml(content)
    outline = write_outline(tree) if tree else None
    return outline if outline is not None and read_outline(outline) == tree else None


def _fenced(text: str, fence: Fence, outline: str) -> tuple[int, int, str]:
    """Return where a fence begins and ends, and what stands there with an outline in it.

    Lines of the outline are less indented than they were, so one of them could close the fence: then its
    marks become longer than any of the outline's.
    """
    start = text.rfind("\n", 0, fence.start - 1) + 1
    end = text.find("\n", fence.end) + 1 or len(text)
    opening = text[start : fence.start].replace("xml", OUTLINE, 1)
    closing = text[fence.end : end]
    mark = re.search(r"`{3,}|~{3,}", opening)
    assert mark is not None, "a fence begins with its marks"
    longest = max(map(len, re.findall(rf"^ {{0,3}}({mark[0][0]}{{3,}})", outline, re.MULTILINE)), default=0)
    if longest >= len(mark[0]):
        more = mark[0][0] * (longest + 1 - len(mark[0]))
        opening = opening.replace(mark[0], mark[0] + more, 1)
        closing = re.sub(r"[`~]+", lambda found: found[0] + more, closing, count=1)
    return start, end, opening + outline + closing


def _line_before(text: str, fence: Fence) -> str:
    """Return the last line before a fence that is not blank."""
    opening = text.rfind("\n", 0, fence.start - 1) + 1
    return text[:opening].rstrip()[-400:].rpartition("\n")[2]
