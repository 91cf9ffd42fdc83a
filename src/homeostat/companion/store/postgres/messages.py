"""Writing messages: rows and their words change together, in one transaction a call."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from homeostat.companion.message import Message, NewMessage
from homeostat.companion.store.accepted import (
    checked_id,
    checked_messages,
    checked_rows,
    checked_text,
    checked_time,
)
from homeostat.companion.store.chunked import chunked
from homeostat.companion.store.people import NewRows
from homeostat.companion.store.postgres.handle import Handle, Rows, State
from homeostat.companion.store.postgres.index import Change, Index
from homeostat.companion.store.postgres.reading import COLUMNS, Body, message, opened, sealed
from homeostat.companion.store.postgres.schema import SCHEMA
from homeostat.companion.store.postgres.seal import Seal
from homeostat.companion.store.postgres.vectors import keep_rows, kind_of, remove_rows
from homeostat.core.errors import InputError

CHUNK = 1_000
"""Messages that one statement reads or writes: an answer to each comes soon, whatever many are asked for."""

_KNOWN = (
    f"SELECT id, seq, body FROM {SCHEMA}.messages"  # noqa: S608
    " WHERE person = %(person)s AND id = ANY(%(ids)b::bytea[])"
)
_LAST = (
    "SELECT t.talk, m.seq, m.body FROM unnest(%(talks)s::bigint[]) AS t (talk) CROSS JOIN LATERAL"  # noqa: S608
    f" (SELECT seq, body FROM {SCHEMA}.messages WHERE person = %(person)s AND talk = t.talk"
    " ORDER BY seq DESC LIMIT 1) AS m"
)
_ADD = (
    f"INSERT INTO {SCHEMA}.messages SELECT %(person)s, * FROM unnest(%(seqs)s::bigint[],"  # noqa: S608
    " %(ids)b::bytea[], %(talks)s::bigint[], %(authors)s::bigint[], %(owns)s::boolean[],"
    " %(ats)s::bigint[], %(bodies)b::bytea[])"
)
_GROWN = (
    f"UPDATE {SCHEMA}.people SET count = count + %(count)s, last = %(last)s, words = words + %(words)s"  # noqa: S608
    " WHERE person = %(person)s"
)
_CHANGED = (
    f"UPDATE {SCHEMA}.people SET count = count - %(count)s, generation = generation + 1,"  # noqa: S608
    " words = words + %(words)s WHERE person = %(person)s"
)
_REWRITE = f"UPDATE {SCHEMA}.messages SET body = %(body)b WHERE person = %(person)s AND seq = %(seq)s"  # noqa: S608
_REMOVE = f"DELETE FROM {SCHEMA}.messages WHERE person = %(person)s AND seq = ANY(%(seqs)s::bigint[])"  # noqa: S608
_PLACED = (
    "SELECT m.seq, m.body, b.seq, b.body, f.seq, f.body"  # noqa: S608
    f" FROM {SCHEMA}.messages AS m"
    f" LEFT JOIN LATERAL (SELECT seq, body FROM {SCHEMA}.messages WHERE person = %(person)s"
    " AND talk = m.talk AND seq < m.seq ORDER BY seq DESC LIMIT 1) AS b ON true"
    f" LEFT JOIN LATERAL (SELECT seq, body FROM {SCHEMA}.messages WHERE person = %(person)s"
    " AND talk = m.talk AND seq > m.seq ORDER BY seq LIMIT 1) AS f ON true"
    " WHERE m.person = %(person)s AND m.id = ANY(%(ids)b::bytea[])"
)


class PostgresMessages:
    """Writing of one person's messages."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle

    def add(self, messages: Sequence[NewMessage], rows: NewRows | None = None) -> list[int]:
        """Keep messages, with the rows of those that are new; return their seqs."""
        checked_messages(messages)
        if rows is not None:
            checked_rows(rows.kind, rows.rows, len(messages))
        if not messages:
            return []
        with self._handle.writing() as (transaction, state):
            return _Adding(self._handle, transaction, state).add(messages, rows)

    def edit(self, id: str, text: str, edited_us: int) -> Message | None:
        """Replace a message's text everywhere."""
        checked_text(checked_id(id), text)
        checked_time(id, edited_us)
        seal = self._handle.seal
        with self._handle.writing() as (rows, _):
            neighbours = _neighbours(rows, seal, [seal.digest(b"id", id)])
            if not neighbours:
                return None
            ((seq, found),) = neighbours.items()
            old = found.body
            new = Body(old.id, old.talk, old.author, old.offset_min, edited_us, text)
            rows.do(_REWRITE, seq=seq, body=sealed(seal, seq, new))
            of = self._handle.words.of
            before, was, now = of(found.before[1]) if found.before else Counter[str](), of(old.text), of(text)
            changes = [Change(seq, before + was, before + now)]
            if found.follower is not None:
                follower, said = found.follower
                changes.append(Change(follower, was + of(said), now + of(said)))
            words = Index(rows, seal).change(changes)
            remove_rows(rows, seal, [seq])
            rows.do(_CHANGED, count=0, words=words)
            (row,) = rows.all(
                f"SELECT {COLUMNS} FROM {SCHEMA}.messages AS m WHERE person = %(person)s AND seq = %(seq)s",  # noqa: S608
                seq=seq,
            )
        return message(seal, row)

    def remove(self, ids: Sequence[str]) -> int:
        """Forget messages, their words and their vectors."""
        if not ids:
            return 0
        seal = self._handle.seal
        with self._handle.writing() as (rows, _):
            removed = _neighbours(rows, seal, [seal.digest(b"id", id) for id in ids])
            if removed:
                index, changes, words = Index(rows, seal), self._removals(removed), 0
                while some := list(islice(changes, CHUNK)):
                    words += index.change(some)
                for seqs in chunked(list(removed), CHUNK):
                    rows.do(_REMOVE, seqs=seqs)
                remove_rows(rows, seal, removed)
                rows.do(_CHANGED, count=len(removed), words=words)
        return len(removed)

    def _removals(self, removed: "dict[int, _Neighbours]") -> Iterator[Change]:
        """Return what changes in the index: those that go, and those that follow others from now on."""
        of = self._handle.words.of
        nothing = Counter[str]()
        for seq, found in removed.items():
            was = of(found.body.text)
            yield Change(seq, (of(found.before[1]) if found.before else nothing) + was, nothing)
            if found.follower is not None and found.follower[0] not in removed:
                follower, said = found.follower
                before = found.before
                while before is not None and before[0] in removed:
                    before = removed[before[0]].before
                own = of(said)
                yield Change(follower, was + own, (of(before[1]) if before else nothing) + own)


class _Adding:
    """Adding one batch."""

    def __init__(self, handle: Handle, rows: Rows, state: State) -> None:
        self._seal = handle.seal
        self._terms = handle.words.of
        self._rows = rows
        self._last = state.last
        self._index = Index(rows, handle.seal)
        self._before: dict[int, Counter[str]] = {}

    def add(self, messages: Sequence[NewMessage], new_rows: NewRows | None) -> list[int]:
        seqs, fresh = self._apart(messages)
        first = self._last + 1
        for number, some in enumerate(chunked(fresh, CHUNK)):
            self._add(first + number * CHUNK, some)
        if fresh and new_rows is not None:
            kind = kind_of(self._rows, self._seal, new_rows.kind, new_rows.model, new_rows.rows.shape[1])
            given = dict(zip(seqs, new_rows.rows, strict=True))
            keep_rows(
                self._rows, self._seal, kind, {seq: given[seq] for seq in range(first, first + len(fresh))}
            )
        return seqs

    def _apart(self, messages: Sequence[NewMessage]) -> tuple[list[int], list[tuple[bytes, NewMessage]]]:
        """Return the seqs of all, and those that are new, with the digests of their ids."""
        ids = [self._seal.digest(b"id", new.id) for new in messages]
        known: dict[bytes, tuple[int, str, int]] = {}
        for some in chunked(ids, CHUNK):
            for id, seq, body in self._rows.all(_KNOWN, ids=some):
                kept = opened(self._seal, seq, body)
                known[id] = (seq, kept.text, kept.edited_us)
        seqs, fresh = [], []
        for id, new in zip(ids, messages, strict=True):
            if id not in known:
                fresh.append((id, new))
                known[id] = (self._last + len(fresh), new.text, 0)
            seq, text, edited_us = known[id]
            # A sender that repeats itself does not know of the edit, which stands.
            if text != new.text and not edited_us:
                raise InputError(
                    f"message {new.id!r} is kept with another text: give it an id of its own, or edit it"
                )
            seqs.append(seq)
        return seqs, fresh

    def _add(self, first: int, fresh: Sequence[tuple[bytes, NewMessage]]) -> None:
        seal, new = self._seal, [message for _, message in fresh]
        talks = [seal.number(b"talk", m.talk) for m in new]
        unknown = sorted(set(talks) - self._before.keys())
        if unknown:
            for talk, seq, body in self._rows.all(_LAST, talks=unknown):
                self._before[talk] = self._terms(opened(seal, seq, body).text)
        seqs = range(first, first + len(new))
        with self._rows.together():
            self._rows.do(
                _ADD,
                seqs=list(seqs),
                ids=[id for id, _ in fresh],
                talks=talks,
                authors=[seal.number(b"author", m.author) for m in new],
                owns=[m.own for m in new],
                ats=[m.at_us for m in new],
                bodies=[
                    sealed(seal, seq, Body(m.id, m.talk, m.author, m.offset_min, 0, m.text))
                    for seq, m in zip(seqs, new, strict=True)
                ],
            )
            words = self._index.append(self._documents(seqs, talks, new))
            self._rows.do(_GROWN, count=len(new), last=seqs[-1], words=words)

    def _documents(
        self, seqs: Iterable[int], talks: Sequence[int], new: Sequence[NewMessage]
    ) -> Iterable[tuple[int, Counter[str]]]:
        for seq, talk, m in zip(seqs, talks, new, strict=True):
            own = self._terms(m.text)
            before = self._before.get(talk)
            self._before[talk] = own
            yield seq, own if before is None else before + own


@dataclass(frozen=True, slots=True)
class _Neighbours:
    """A message, and the seqs and texts of those before and after it in its talk."""

    body: Body
    before: tuple[int, str] | None
    follower: tuple[int, str] | None


def _neighbours(rows: Rows, seal: Seal, ids: list[bytes]) -> dict[int, _Neighbours]:
    """Return messages by seq; those that are not kept are left out."""

    def said(seq: int | None, body: bytes) -> tuple[int, str] | None:
        return None if seq is None else (seq, opened(seal, seq, body).text)

    return {
        seq: _Neighbours(opened(seal, seq, body), said(*before), said(*follower))
        for some in chunked(ids, CHUNK)
        for seq, body, *rest in rows.all(_PLACED, ids=some)
        for before, follower in [(rest[:2], rest[2:])]
    }
