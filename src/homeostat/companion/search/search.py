"""Search: finds the memories of one person that answer a question."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.dream.integrate.kinds import asked
from homeostat.companion.dream.integrate.lexicon import Lexicon
from homeostat.companion.dream.knobs import DREAMS
from homeostat.companion.finding import Hit
from homeostat.companion.message import Message
from homeostat.companion.residents import Residents
from homeostat.companion.search.connected import Connected
from homeostat.companion.search.following import Following
from homeostat.companion.search.fusion import (
    BROADER_SPEAKER,
    Evidence,
    Scores,
    Weights,
    best,
    leading,
    neighbouring,
    timely,
    windowed,
    z_scored,
)
from homeostat.companion.search.index import Index
from homeostat.companion.search.knobs import SearchKnobs
from homeostat.companion.search.query import Query, gist, read
from homeostat.companion.store.people import EVERYTHING, Memory, Within
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.rows import to_rows
from homeostat.runtime.host import Host

DIRECT = 0.3
"""Share of the hits that are the best by direct evidence, whatever dreams derived."""


class Search:
    """A finder: by words, by meaning of turns and of windows, by who is named and what time, by neighbours.

    Without an embedder, and for messages whose rows are not made yet, it finds by words. A message is found
    from the moment on that it is stored. What dreams derived is looked at where the knob of dreams is on for
    the request. Safe for threads, as long as each holds the memory that it searches.
    """

    def __init__(
        self,
        host: Host,
        embedder: Embedder | None,
        residents: Residents,
        lexicon: Lexicon | None = None,
    ) -> None:
        self._lexicon = lexicon
        self._following = Following(host, embedder, residents)
        self._knobs = SearchKnobs.declared(host)
        self._dreams = host.knob_set.declare(DREAMS)
        self._clock = host.clock

    def gist(self, memory: Memory, text: str) -> str:
        """Return a question without the names of those who take part: all talk of them is near to these."""
        return gist(text, self._following.index(memory).names)

    def said(self, memory: Memory, message: Message, row: NDArray[np.int8] | None) -> None:
        """Take a message that was kept a moment ago into the index that there is, with its row."""
        self._following.said(memory.person, message, row)

    def find(
        self,
        memory: Memory,
        text: str,
        k: int,
        *,
        vector: NDArray[np.float32] | None = None,
        within: Within = EVERYTHING,
        but: Sequence[int] = (),
        now_us: int | None = None,
    ) -> list[Hit]:
        """Return up to `k` memories that answer a text, the best first, none of the seqs in `but`.

        `vector` is that of the question, or of its gist; without one it is answered by words alone.
        `yesterday` and the like are counted from `now_us`, by default the clock's. A hit's `why` adds up to
        its score.
        """
        index = self._following.index(memory)
        if k <= 0 or not index.count:
            return []
        now = self._clock.now_ns() // 1_000 if now_us is None else now_us
        query = read(text, index.names, now, index.offset_min)
        weights = self._knobs.look()
        row = None if vector is None else to_rows(vector)
        allowed = index.within(within)
        if allowed is None:
            allowed = np.ones(index.count, np.bool_)
        places, here = index.places_of(np.asarray(but, np.int64))
        allowed[places[here]] = False
        evidence, told = self._evidence(index, query, row, weights, allowed, places[here])
        scores = evidence.total(allowed & told)
        connected = index.connected if self._dreams.get() else None
        places = best(scores, k if connected is None else 2 * k)
        if connected is not None:
            if query.several or (query.little and row is not None):
                kinds = self._broaden(connected, evidence, query, row, weights, scores)
                scores = evidence.total(allowed & (told | kinds))
                places = np.concatenate((places[: int(DIRECT * k)], best(scores, 2 * k)))
            places = connected.distinct(places, k)
            places = places[np.argsort(-scores[places], kind="stable")]
        if weights.hop and len(places) == k > 1:
            places = self._second_pass(index, evidence, scores, k, weights)
        seqs = index.seq[places].tolist()
        found = {m.seq: m for m in memory.reading.by_seq(seqs)}
        hits = []
        for place, seq in zip(places.tolist(), seqs, strict=True):
            why = evidence.of(place)
            hits.append(Hit(message=found[seq], score=sum(why.values()), why=why))
        return hits

    def _evidence(
        self,
        index: Index,
        query: Query,
        row: NDArray[np.int8] | None,
        weights: Weights,
        allowed: NDArray[np.bool_],
        but: NDArray[np.intp],
    ) -> tuple[Evidence, NDArray[np.bool_]]:
        """Return what speaks for each memory, and for which of them anything does.

        The places `but` lend nothing to others: a message is most like itself.
        """
        said = index.words.scores(query.words, index.before)
        leaders = best(
            np.where(allowed & (said > 0), said, np.float32(-np.inf)), self._knobs.candidates.get()
        )
        lexical = np.zeros(index.count, np.float32)
        lexical[leaders] = np.float32(weights.lexical) * leading(said[leaders])
        turn, window = _dense(index, row)
        turn *= np.float32(weights.turn)
        window *= np.float32(weights.window)
        near = lexical + turn + window
        near[but] = 0
        neighbours = neighbouring(near, index.before, weights)
        parts = {"lexical": lexical, "turn": turn, "window": window, "neighbours": neighbours}
        parts["asks"] = index.asks * np.float32(-weights.asks)
        if query.named:
            parts["speaker"] = np.isin(index.author, list(query.named)) * np.float32(weights.speaker)
        if query.spans or query.asks_when:
            time = timely(index.at_us, query.spans)
            if query.asks_when:
                np.maximum(time, index.dated, out=time)
            parts["time"] = time * np.float32(weights.time)
        if turn.any() or window.any():
            return Evidence(parts), np.ones(index.count, np.bool_)
        return Evidence(parts), lexical + neighbours > 0

    def _broaden(
        self,
        connected: Connected,
        evidence: Evidence,
        query: Query,
        row: NDArray[np.int8] | None,
        weights: Weights,
        scores: Scores,
    ) -> NDArray[np.bool_]:
        """Add what dreams derived to the evidence for a question that may mean several things.

        Returns which memories name something of the kind that is asked for.
        """
        parts, count = evidence.parts, len(scores)
        parts["link"] = connected.links.spread(scores) * np.float32(weights.link)
        parts["kind"] = connected.of_kind(asked(query.meaning), count) * np.float32(weights.kind)
        parts["tells"] = connected.telling(count) * np.float32(weights.tells)
        if row is not None and self._lexicon is not None and self._lexicon.name == connected.lexicon:
            parts["word"] = connected.words.near(self._lexicon, row, count) * np.float32(weights.word)
        if "speaker" in parts:
            parts["speaker"] *= np.float32(BROADER_SPEAKER)
        return parts["kind"] > 0

    def _second_pass(
        self, index: Index, evidence: Evidence, scores: Scores, k: int, weights: Weights
    ) -> NDArray[np.intp]:
        """Return the first half of the hits as it is, then what is also like one of these."""
        candidates = best(scores, max(k, self._knobs.candidates.get()))
        first, others = candidates[: k // 2], candidates[k // 2 :]
        hop = np.zeros(index.count, np.float32)
        hop[others] = np.float32(weights.hop) * index.alike(others, first)
        evidence.parts["hop"] = hop
        again = best(scores[others] + hop[others], k - len(first))
        return np.concatenate((first, others[again]))


def _dense(index: Index, row: NDArray[np.int8] | None) -> tuple[Scores, Scores]:
    """Return the z-scores of turns and of windows, 0 where there are no rows."""
    if row is None or index.turns is None:
        return np.zeros(index.count, np.float32), np.zeros(index.count, np.float32)
    cosines, here = index.turns.cosines(row), index.turns.here
    return z_scored(cosines, here), z_scored(*windowed(cosines, here, index.before))
