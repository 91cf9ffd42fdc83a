"""Reading: what was derived of a person, put together from their messages as they are now."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.dream.derived import Derived, Fact, Link, Merged, Resolution
from homeostat.companion.dream.integrate import kept
from homeostat.companion.dream.integrate.kept import RELATIONS, WHYS, Page, number_of
from homeostat.companion.message import Message
from homeostat.companion.store.people import Memory

Messages = dict[int, Message]


def derived(memory: Memory, seqs: Sequence[int]) -> list[Derived]:
    """Return what was derived from these messages: links, facts, what says the same, what took whose place.

    Everything is read from messages that are as they were when it was derived; of others there is nothing.
    """
    page = kept.whole(memory, kept.head_of(memory))
    wanted = np.asarray(seqs, np.int64)
    stated = _with_rivals(page.stated, wanted)
    linked = page.linked[np.isin(page.linked["later"], wanted) | np.isin(page.linked["earlier"], wanted)]
    same = _with_copies(page.rows, wanted)
    sources = np.unique(np.concatenate((stated["seq"], linked["later"], linked["earlier"], same["seq"])))
    messages = _as_they_were(memory, page, sources)
    return [*_links(linked, messages), *_told(stated, wanted, messages), *_merged(same, messages)]


def _with_rivals(stated: NDArray[np.void], seqs: NDArray[np.int64]) -> NDArray[np.void]:
    """Return the statements of messages, and those that cannot hold beside one of them."""
    own = np.isin(stated["seq"], seqs)
    keys = np.unique(stated["key"][own])
    return stated[own | np.isin(stated["key"], keys[keys != 0])]


def _with_copies(rows: NDArray[np.void], seqs: NDArray[np.int64]) -> NDArray[np.void]:
    numbers = np.unique(rows["words"][np.isin(rows["seq"], seqs)])
    return rows[np.isin(rows["words"], numbers[numbers != 0])]


def _as_they_were(memory: Memory, page: Page, seqs: NDArray[np.int64]) -> Messages:
    places = np.searchsorted(page.rows["seq"], seqs)
    texts = dict(zip(seqs.tolist(), page.rows["text"][places].tolist(), strict=True))
    found = memory.reading.by_seq(seqs.tolist())
    return {message.seq: message for message in found if number_of(message.text) == texts[message.seq]}


def _links(linked: NDArray[np.void], messages: Messages) -> Iterator[Link]:
    for later, earlier, why, weight in linked.tolist():
        if later in messages and earlier in messages:
            yield Link(sources=(earlier, later), why=WHYS[why], weight=weight)


def _told(
    stated: NDArray[np.void], seqs: NDArray[np.int64], messages: Messages
) -> Iterator[Fact | Resolution]:
    wanted = set(seqs.tolist())
    rivals: defaultdict[int, list[Fact]] = defaultdict(list)
    for row in stated:
        message = messages.get(int(row["seq"]))
        if message is None:
            continue
        fact = _fact(message, row)
        if message.seq in wanted:
            yield fact
        if row["key"]:
            rivals[int(row["key"])].append(fact)
    for facts in rivals.values():
        yield from _resolved(facts)


def _fact(message: Message, row: np.void) -> Fact:
    begin, end = int(row["begin"]), int(row["end"])
    return Fact(
        sources=(message.seq,),
        who=message.author,
        relation=RELATIONS[row["relation"]],
        value=message.text[begin:end],
        begin=begin,
        end=end,
        at_us=message.at_us,
        about=message.text[int(row["about_begin"]) : int(row["about_end"])],
    )


def _resolved(facts: list[Fact]) -> Iterator[Resolution]:
    """Tell which facts were held before the last one, each value once."""
    *before, last = sorted(facts, key=lambda fact: (fact.at_us, fact.sources))
    said = {(last.relation, last.value.casefold())}
    for fact in reversed(before):
        what = (fact.relation, fact.value.casefold())
        if what not in said and fact.sources != last.sources:
            said.add(what)
            sources = tuple(sorted((*fact.sources, *last.sources)))
            yield Resolution(sources=sources, holds=last, held=fact)


def _merged(rows: NDArray[np.void], messages: Messages) -> Iterator[Merged]:
    groups: defaultdict[int, list[int]] = defaultdict(list)
    for row in rows:
        if int(row["seq"]) in messages:
            groups[int(row["words"])].append(int(row["seq"]))
    for seqs in groups.values():
        if len(seqs) > 1:
            yield Merged(sources=tuple(seqs), kept=seqs[0])
