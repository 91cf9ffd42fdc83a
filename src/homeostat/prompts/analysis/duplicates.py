"""Duplicates: what stands in a library more than once: whole passages, runs of lines, and nearly the same."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from homeostat.prompts.analysis.near import near_pairs
from homeostat.prompts.analysis.repetition import Duplicate, Place
from homeostat.prompts.library.passages import Passage

BLOCK_CHARS_MIN = 60
RUN_LINES_MIN = 4
NEAR_WORDS_MIN = 20


def duplicate_blocks(passages: Sequence[Passage]) -> list[Duplicate]:
    """Return passages that stand in several places, equal but for indentation, those with most text first."""
    by_text: dict[tuple[str, ...], list[Passage]] = defaultdict(list)
    for passage in passages:
        by_text[passage.lines].append(passage)
    found = [
        Duplicate("block", places[0].text, _places(places))
        for places in by_text.values()
        if len(places) > 1 and sum(map(len, places[0].lines)) >= BLOCK_CHARS_MIN
    ]
    return sorted(found, key=_weight)


def duplicate_runs(passages: Sequence[Passage]) -> list[Duplicate]:
    """Return runs of at least four lines that stand in several places and are no whole passages there.

    Blank lines are passed over. Each place is compared with the one before it that has the same four
    lines, so the cost is linear in the lines; a text in three places is found as such where all three
    are as long.
    """
    ids: dict[str, int] = {}
    lines: list[int] = []
    where: list[tuple[int, int]] = []
    for index, passage in enumerate(passages):
        if index and passage.path != passages[index - 1].path:
            lines.append(-1 - len(lines))  # no run goes from one module into the next
            where.append((index, -1))
        for offset, line in enumerate(passage.lines):
            lines.append(ids.setdefault(line, len(ids)))
            where.append((index, offset))
    if len(lines) < 2 * RUN_LINES_MIN:
        return []
    before = _same_before(np.array(lines))
    spelled = list(ids)
    groups: dict[tuple[int, ...], set[int]] = defaultdict(set)
    start = 0
    while start < len(before):
        if before[start] < 0:
            start += 1
            continue
        end, shift = start + 1, start - before[start]
        while end < len(before) and before[end] >= 0 and end - before[end] == shift:
            end += 1
        length = end - start + RUN_LINES_MIN - 1
        if shift >= length:  # a run may not overlap itself
            run = tuple(lines[start : start + length])
            groups[run] |= {start, start - int(shift)}
        start = end
    found = []
    for run, starts in groups.items():
        places = [_place(passages, where, s, len(run)) for s in sorted(starts)]
        text = "\n".join(spelled[i] for i in run)
        if len(text) >= BLOCK_CHARS_MIN and not _whole(passages, where, min(starts), len(run)):
            found.append(Duplicate("run", text, tuple(places)))
    return sorted(found, key=_weight)


def near_duplicates(passages: Sequence[Passage]) -> list[Duplicate]:
    """Return pairs of passages that are nearly the same, those with most text first."""
    seen: dict[tuple[str, ...], Passage] = {}
    for passage in passages:
        seen.setdefault(passage.lines, passage)
    kept = [(p, words) for p in seen.values() if len(words := p.text.lower().split()) >= NEAR_WORDS_MIN]
    found = [
        Duplicate("near", kept[b][0].text, _places([kept[a][0], kept[b][0]]), round(likeness, 3))
        for a, b, likeness in near_pairs([words for _, words in kept])
    ]
    return sorted(found, key=_weight)


def _same_before(lines: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> list[int]:
    """Return for each window of lines where the same window stood last before it, -1 if nowhere."""
    windows = np.lib.stride_tricks.sliding_window_view(lines, RUN_LINES_MIN)
    last: dict[bytes, int] = {}
    before = []
    for at, window in enumerate(np.ascontiguousarray(windows)):
        key = window.tobytes()
        before.append(last.get(key, -1))
        last[key] = at
    return before


def _place(passages: Sequence[Passage], where: Sequence[tuple[int, int]], start: int, length: int) -> Place:
    (a, first), (b, last) = where[start], where[start + length - 1]
    return Place(passages[a].path, passages[a].first + first, passages[b].first + last)


def _whole(passages: Sequence[Passage], where: Sequence[tuple[int, int]], start: int, length: int) -> bool:
    """Tell whether a run is one whole passage, which is a duplicate block already."""
    (a, first), (b, last) = where[start], where[start + length - 1]
    return a == b and first == 0 and last == len(passages[a].lines) - 1


def _places(passages: Sequence[Passage]) -> tuple[Place, ...]:
    return tuple(Place(p.path, p.first, p.last) for p in passages)


def _weight(duplicate: Duplicate) -> tuple[int, str]:
    return -len(duplicate.text) * (len(duplicate.places) - 1), duplicate.text
