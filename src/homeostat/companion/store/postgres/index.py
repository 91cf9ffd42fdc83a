"""The index: which messages have a word, and how many words each has, in blocks of messages.

A message has its own terms and those of the message before it in its talk. Words are there as digests.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from homeostat.companion.store.chunked import chunked
from homeostat.companion.store.postgres.bm25 import PACKED, packed, placed, without
from homeostat.companion.store.postgres.handle import Rows
from homeostat.companion.store.postgres.schema import SCHEMA
from homeostat.companion.store.postgres.seal import Seal
from homeostat.companion.store.telling import rarest
from homeostat.companion.store.words import length

CHUNK = 10_000
"""Postings that one statement writes."""

_FIND = (
    f"SELECT false, word, block, body FROM {SCHEMA}.postings"  # noqa: S608
    " WHERE person = %(person)s AND word = ANY(%(words)s::bigint[])"
    f" UNION ALL SELECT true, 0, block, body FROM {SCHEMA}.lengths WHERE person = %(person)s"
)
_LENGTHS = (
    f"SELECT block, body FROM {SCHEMA}.lengths"  # noqa: S608
    " WHERE person = %(person)s AND block = ANY(%(blocks)s::integer[])"
)
_OF_BLOCKS = (
    f"SELECT word, block, body FROM {SCHEMA}.postings WHERE person = %(person)s"  # noqa: S608
    " AND (word, block) IN (SELECT * FROM unnest(%(words)s::bigint[], %(blocks)s::integer[]))"
)
_PUT = (
    f"INSERT INTO {SCHEMA}.postings AS p SELECT %(person)s, *"  # noqa: S608
    " FROM unnest(%(words)s::bigint[], %(blocks)s::integer[], %(bodies)b::bytea[])"
    " ON CONFLICT (person, word, block) DO UPDATE SET body = "
)
_APPEND = _PUT + "p.body || excluded.body"
_REPLACE = _PUT + "excluded.body"
_REMOVE = (
    f"DELETE FROM {SCHEMA}.postings WHERE person = %(person)s"  # noqa: S608
    " AND (word, block) IN (SELECT * FROM unnest(%(words)s::bigint[], %(blocks)s::integer[]))"
)
_APPEND_LENGTHS = (
    f"INSERT INTO {SCHEMA}.lengths AS l SELECT %(person)s, *"  # noqa: S608
    " FROM unnest(%(blocks)s::integer[], %(bodies)b::bytea[])"
    " ON CONFLICT (person, block) DO UPDATE SET body = l.body || excluded.body"
)
_SET_LENGTHS = f"UPDATE {SCHEMA}.lengths SET body = %(body)b WHERE person = %(person)s AND block = %(block)s"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Change:
    """A message that is kept already, with the terms that it had and those that it has now."""

    seq: int
    before: Counter[str]
    after: Counter[str]


class Index:
    """The words of one person, within one transaction."""

    def __init__(self, rows: Rows, seal: Seal) -> None:
        self._rows = rows
        self._seal = seal
        self._numbers: dict[str, int] = {}

    def find(self, terms: Sequence[str]) -> tuple[list[list[tuple[int, bytes]]], dict[int, bytes]]:
        """Return the blocks of each of the telling ones among terms, and the lengths of messages by block."""
        words = dict(zip(self._of(terms), terms, strict=True))
        found: dict[str, list[tuple[int, bytes]]] = {term: [] for term in terms}
        lengths: dict[int, bytes] = {}
        for is_length, word, block, body in self._rows.all(_FIND, words=list(words)):
            if is_length:
                lengths[block] = body
            else:
                found[words[word]].append((block, body))
        counted = [
            (term, sum(len(body) for _, body in blocks) // PACKED.itemsize) for term, blocks in found.items()
        ]
        return [found[term] for term in rarest(counted)], lengths

    def append(self, documents: Iterable[tuple[int, Counter[str]]]) -> int:
        """Add new messages, in the order of their seqs without a gap; return how many words they have."""
        bodies: dict[tuple[int, int], bytearray] = defaultdict(bytearray)
        lengths: dict[int, bytearray] = defaultdict(bytearray)
        words = 0
        for seq, terms in documents:
            block, place = placed(seq)
            for word, count in zip(self._of(terms), terms.values(), strict=True):
                bodies[word, block] += packed(place, count)
            size = length(terms)
            lengths[block] += size.to_bytes(PACKED.itemsize, "little")
            words += size
        self._write(_APPEND, bodies)
        self._rows.do(_APPEND_LENGTHS, blocks=list(lengths), bodies=[bytes(b) for b in lengths.values()])
        return words

    def change(self, changes: Sequence[Change]) -> int:
        """Change the terms of messages, each given once; return by how many words there are more."""
        gone: dict[tuple[int, int], list[int]] = defaultdict(list)
        come: dict[tuple[int, int], bytearray] = defaultdict(bytearray)
        sizes: dict[int, dict[int, int]] = defaultdict(dict)
        words = 0
        for change in changes:
            block, place = placed(change.seq)
            for word in self._of(change.before):
                gone[word, block].append(place)
            for word, count in zip(self._of(change.after), change.after.values(), strict=True):
                come[word, block] += packed(place, count)
            sizes[block][place] = length(change.after)
            words += length(change.after) - length(change.before)
        bodies = {
            at: without(body, gone[at]) if at in gone else body
            for at, body in self._bodies([*gone, *come]).items()
        }
        for at, new in come.items():
            bodies[at] = bodies.get(at, b"") + bytes(new)
        self._write(_REPLACE, {at: body for at, body in bodies.items() if body})
        for some in chunked([at for at, body in bodies.items() if not body], CHUNK):
            self._rows.do(_REMOVE, words=[word for word, _ in some], blocks=[block for _, block in some])
        self._resize(sizes)
        return words

    def _resize(self, sizes: Mapping[int, Mapping[int, int]]) -> None:
        """Set how many words messages have, by block and place."""
        kept = dict(self._rows.all(_LENGTHS, blocks=list(sizes)))
        for block, changed in sizes.items():
            body = np.frombuffer(kept[block], PACKED).copy()
            body[list(changed)] = list(changed.values())
            self._rows.do(_SET_LENGTHS, block=block, body=body.tobytes())

    def _bodies(self, wanted: Sequence[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
        found: dict[tuple[int, int], bytes] = {}
        for some in chunked(list(dict.fromkeys(wanted)), CHUNK):
            words, blocks = [word for word, _ in some], [block for _, block in some]
            for word, block, body in self._rows.all(_OF_BLOCKS, words=words, blocks=blocks):
                found[word, block] = body
        return found

    def _write(self, statement: str, bodies: Mapping[tuple[int, int], bytes | bytearray]) -> None:
        for some in chunked(sorted(bodies), CHUNK):
            self._rows.do(
                statement,
                words=[word for word, _ in some],
                blocks=[block for _, block in some],
                bodies=[bytes(bodies[at]) for at in some],
            )

    def _of(self, terms: Iterable[str]) -> list[int]:
        """Return the digests of terms."""
        known = self._numbers
        numbers = []
        for term in terms:
            number = known.get(term)
            if number is None:
                number = known[term] = self._seal.number(b"word", term)
            numbers.append(number)
        return numbers
