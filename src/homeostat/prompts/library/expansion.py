"""Expansion: the compact forms of a text read back: outlines as XML, rulers told by their length as rulers.

Everything that understands a text reads its expansion, so that a tag in compact form is still a tag.
"""

import re
from collections.abc import Callable

from homeostat.prompts.library.fences import Fence, fences
from homeostat.prompts.library.outline import outline_as_xml

OUTLINE = "outline"
"""The language of a fence that holds an outline."""

RULED = r"([─━═▬▀▄█░▒▓■●•·–—…])"
RULER = re.compile(rf"^{RULED}×(\d{{2,3}})(?=\r?$)", re.MULTILINE)
"""A line of one sign, told as that sign and how often it stands there: `─×80`."""

SIGN = re.compile(rf"^{RULED}\1{{9,998}}(?=\r?$)", re.MULTILINE)
"""A ruler as it is drawn."""


def expanded(text: str) -> str:
    """Return a text with its compact forms read back; each line stays the line that it is."""
    if "×" in text:
        text = RULER.sub(lambda m: m[1] * int(m[2]), text)
    if OUTLINE not in text:
        return text
    return replace_fences(text, OUTLINE, "xml", outline_as_xml)


def replace_fences(text: str, language: str, other: str, rewrite: Callable[[str], str | None]) -> str:
    """Return a text whose fences in one language are in another, with their contents rewritten.

    Contents are given without their last line end and with `\\n` between lines; a text that has other line
    ends gets them back. A fence for which None is returned stays as it is, and so does one that is indented:
    it may be part of a list, whose indentation its content would need.
    """
    pieces, last = [], 0
    for fence in fences(text):
        if fence.language != language or indented(text, fence):
            continue
        content = rewritten(text, fence, rewrite)
        name = _language_at(text, fence, language)
        if content is None or name < 0:
            continue
        pieces += [text[last:name], other, text[name + len(language) : fence.start], content]
        last = fence.end
    return "".join([*pieces, text[last:]])


def indented(text: str, fence: Fence) -> bool:
    """Tell whether the line that opens a fence begins with a blank."""
    return text.startswith(" ", text.rfind("\n", 0, fence.start - 1) + 1)


def rewritten(text: str, fence: Fence, rewrite: Callable[[str], str | None]) -> str | None:
    """Return what a function makes of a fence's content, with the line ends that it had."""
    content = text[fence.start : fence.end]
    ending = "\r\n" if content.endswith("\r\n") else "\n"
    made = rewrite(content.removesuffix(ending).replace("\r\n", "\n"))
    return None if made is None else made.replace("\n", ending) + ending


def _language_at(text: str, fence: Fence, language: str) -> int:
    """Return where a fence's language is written, -1 where it is written in another way."""
    return text.find(language, text.rfind("\n", 0, fence.start - 1) + 1, fence.start)
