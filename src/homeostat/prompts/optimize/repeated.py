"""Repeated passages: told by their beginning where they stand once already, if that is shorter."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from homeostat.prompts.graph.styles import KINDS
from homeostat.prompts.library.canonical import MARKDOWN
from homeostat.prompts.library.expansion import RULER, SIGN
from homeostat.prompts.library.repeats import REPEAT, Stretch, beginning, repeat_of, stretches
from homeostat.prompts.optimize.draft import Draft
from homeostat.prompts.optimize.pass_ import Change, Proposal, Saves

SAVED_MIN = 20
"""Tokens that a reference must save: for fewer it is not worth to send a reader elsewhere."""

HOMES_MAX = 50
"""Files in which one passage may stay, for others to refer to: it bounds the search for one that fits."""


@dataclass(frozen=True, slots=True)
class _Place:
    path: str
    stretch: Stretch


@dataclass(frozen=True, slots=True)
class Repeated:
    """The pass `repeats`: passages that stand elsewhere too, and rulers of one sign, told by their length.

    A passage is replaced only by a reference to a place that a model has before it whenever it reads this
    one: earlier in the same file, in what is always loaded, or in what every entry point that may load this
    file loads for certain. Blocks of code stay. One change a file; the reference's own tokens are counted.
    """

    name: str = "repeats"
    lossless: bool = True
    saves: Saves = "library"

    def propose(self, draft: Draft) -> Proposal:
        """Return the files with passages that can be told in fewer tokens."""
        told: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
        for place, line in _references(draft):
            told[place.path].append((place.stretch.start, place.stretch.end, line))
        changes = []
        for path, module in draft.library.modules.items():
            text = module.text
            for start, end, line in sorted(told.get(path, ()), reverse=True):
                text = text[:start] + line + text[end:]
            if path.lower().endswith(MARKDOWN) and not RULER.search(module.text):
                text = _rulers_told(text)
            if text != module.text:
                count = len(told.get(path, ()))
                what = f"{count} passages that stand elsewhere" if count else "rulers told by their length"
                changes.append(Change(what, {path: text}))
        return Proposal(tuple(changes))


def _rulers_told(text: str) -> str:
    pieces, last = [], 0
    for stretch in stretches(text):
        told = SIGN.sub(lambda m: f"{m[1]}×{len(m[0])}", stretch.text)
        pieces += [text[last : stretch.start], told]
        last = stretch.end
    return "".join([*pieces, text[last:]])


def _references(draft: Draft) -> Iterator[tuple[_Place, str]]:
    """Return the places whose passage is told elsewhere in fewer tokens, and the line that tells it."""
    by_text: dict[str, list[_Place]] = defaultdict(list)
    passages: dict[str, list[str]] = {}
    called = {e.path for e in draft.understood.entries}
    parts = [p for p in draft.library.modules if p not in called]
    for path in dict.fromkeys([*draft.understood.always_loaded, *parts, *draft.library.modules]):
        text = draft.library.modules[path].text
        if not path.lower().endswith(MARKDOWN) or "\r" in text or REPEAT.search(text):
            continue
        found = list(stretches(text))
        passages[path] = list(dict.fromkeys(s.text for s in found))
        for stretch in found:
            by_text[stretch.text].append(_Place(path, stretch))
    company = _Company(draft)
    for text, places in by_text.items():
        tokens = draft.counts.of(text) if len(places) > 1 else 0
        if tokens < SAVED_MIN:
            continue
        homes: dict[str, str | None] = {}
        for place in places:
            home = next((h for h in homes if company.has(place.path, h)), None)
            begin = homes[home] if home is not None else None
            line = repeat_of(None if home == place.path else home, begin) if begin is not None else None
            if line is not None and draft.counts.of(line) + SAVED_MIN <= tokens:
                yield place, line
            elif len(homes) < HOMES_MAX:
                homes.setdefault(place.path, beginning(text, (t for t in passages[place.path] if t != text)))


class _Company:
    """Tells which modules a model has before it whenever it reads another one."""

    def __init__(self, draft: Draft) -> None:
        understood = draft.understood
        self._always = frozenset(understood.always_loaded)
        loaded = [frozenset(understood.graph.closure([e.path], KINDS[:1])) for e in understood.entries]
        self._certain: dict[str, frozenset[str]] = {}
        for entry, certain in zip(understood.entries, loaded, strict=True):
            for module in understood.graph.closure([entry.path], KINDS[:2]):
                self._certain[module] = self._certain.get(module, certain) & certain

    def has(self, reader: str, other: str) -> bool:
        if reader == other or other in self._always:
            return True
        return reader not in self._always and other in self._certain.get(reader, ())
