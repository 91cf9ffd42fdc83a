"""Whether texts expand to what they were: the check of what is said to have lost nothing."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable

from homeostat.prompts.graph.references import references
from homeostat.prompts.graph.styles import Styles
from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.front_matter import FrontMatter
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.repeats import unfolded
from homeostat.prompts.proof.check import Check, Missing
from homeostat.prompts.proof.claims import Claims, Edit
from homeostat.prompts.proof.evidence import joined, plain
from homeostat.prompts.proof.reading import Reading

WORDS_SHOWN = 8


def texts_expand(before: Library, after: Library, styles: Styles, claims: Claims, reading: Reading) -> Check:
    """Check that modules expand to what they were, but for lines that the claims name."""
    edits: dict[str, list[Edit]] = defaultdict(list)
    lost = []
    for edit in claims.edits:
        edits[edit.path].append(edit)
        if not references(edit.was, FrontMatter(), styles):
            lost.append(Missing(edit.path, edit.line, f"is no reference, but reads otherwise: {edit.was}"))
    lossy = frozenset(claims.lossy)
    compared = [m for p, m in unfolded(before).modules.items() if p not in lossy]
    texts = unfolded(after).modules
    gone = any(m.path not in texts for m in compared)
    there = {line for text in texts.values() for line in _flat_lines(text.text)} if gone else set()
    for module in compared:
        now = texts.get(module.path)
        if now is None:
            line = _lost_line(module, edits[module.path], there)
            if line is not None:
                lost.append(Missing(module.path, 0, f"is gone, and stands in no other module: {line}"))
        elif not _same(module, now, edits[module.path], reading):
            lost.append(Missing(module.path, 0, _difference(module, now)))
    return Check("texts that expand to what they were", len(compared), tuple(lost))


def _lost_line(module: Module, edits: Iterable[Edit], there: Collection[str]) -> str | None:
    """Return a line of a module that is gone which stands nowhere else, None where there is none."""
    known = {_flat(edit.was) for edit in edits}
    lines = filter(None, _flat_lines(module.text))
    return next((line for line in lines if line not in known and line not in there), None)


def _flat_lines(text: str) -> list[str]:
    return plain(expanded(text)).split("\n")


def _same(was: Module, now: Module, edits: Iterable[Edit], reading: Reading) -> bool:
    if was.text == now.text or reading.canonical(was) == reading.canonical(now):
        return True
    left, right = _counted(was.text), _counted(now.text)
    changed = False
    for edit in edits:
        left.subtract(_counted(edit.was))
        right.subtract(_counted(edit.now))
        changed = True
    return changed and left == right


def _counted(text: str) -> Counter[str]:
    return Counter(plain(expanded(text)).split())


def _flat(text: str) -> str:
    return joined(plain(expanded(text)))


def _difference(was: Module, now: Module) -> str:
    """Return the first words that are others now."""
    left, right = _flat(was.text).split(" "), _flat(now.text).split(" ")
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), None)
    if at is None:
        at = min(len(left), len(right))
        if len(left) == len(right):
            return "the words are the same, but not what they are in"
    return f"was {' '.join(left[at : at + WORDS_SHOWN])!r}, is {' '.join(right[at : at + WORDS_SHOWN])!r}"
