"""The stages: what a dream does while it holds a person's memory, or computes; each returns what it found.

They are plain functions of a memory: the pipeline runs them one after the other, elsewhere.
"""

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.companion.dream import diary
from homeostat.companion.dream.derived import Derived, Link, Resolution
from homeostat.companion.dream.features import Features, features_now
from homeostat.companion.dream.joints import remembered
from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.replay import Chosen, Floats, Weighing, narrowed, pooled, weighed
from homeostat.companion.dream.scene import Dream, How, Reason, Replayed, Steering
from homeostat.companion.dream.telling import Telling, Ties
from homeostat.companion.dream.tracing import untraced
from homeostat.companion.dream.triggers import Near, Triggers
from homeostat.companion.dream.wishes import Wishes, keep_wishes, wishes_of
from homeostat.companion.message import Message
from homeostat.companion.store.people import Memory
from homeostat.companion.store.words import Words
from homeostat.core.assignment import unit_number
from homeostat.core.embedder import Embedder
from homeostat.core.errors import HomeostatError
from homeostat.evaluate.emotion.match import EmotionMatch
from homeostat.evaluate.evaluator import judged
from homeostat.evaluate.passage import Context, Segment, Source

TAIL_MAX = 1_024
POOL = 4
"""Times as many memories are looked at as are replayed."""

MATCHED_MAX = 24
CALLED = 0.8
"""How much it speaks for a memory that it was asked for."""

Present = Callable[[Memory], tuple[NDArray[np.int64], Floats] | None]
"""Says how present memories are: seqs, ascending, and strengths from 0 to 1; None where nobody knows."""

Known = Callable[[Memory, Sequence[int]], Iterable[Derived]]
"""Says what was derived from messages, by their seqs."""


class NoConsent(HomeostatError):
    """The person has not said that they want to be dreamed for, or not while they are away."""


@dataclass(frozen=True, slots=True)
class Begun:
    """What a dream begins with."""

    wishes: Wishes
    seed: int
    generation: int
    dreamt: frozenset[int]


@dataclass(slots=True)
class Prepared:
    """What a dream is made of: the telling, why each memory was chosen, and the messages by their seqs."""

    telling: Telling
    chosen: Chosen
    messages: dict[int, Message]
    triggers: Triggers
    near: Near


class Stages:
    """What the stages need of the companion. Safe for threads."""

    def __init__(
        self,
        knobs: DreamKnobs,
        now_us: Callable[[], int],
        embedder: Embedder | None = None,
        present: Present | None = None,
        known: Known | None = None,
    ) -> None:
        self._knobs = knobs
        self._now_us = now_us
        self._embedder = embedder
        self._present = present
        self._known = known
        self._words = Words()

    def initialise(self, memory: Memory, how: How) -> Begun:
        """Look whether the person wants it so, and where they stand. Raises NoConsent."""
        wishes = wishes_of(memory.notes)
        if not wishes.consent:
            raise NoConsent("the person has not said that they want to be dreamed for")
        if not wishes.allow(how):
            raise NoConsent("the person wants dreams when they ask for them, and not while they are away")
        extent = memory.extent()
        dreams = diary.dreams_of(memory)
        seed = unit_number(f"{memory.person}\0{extent.last}\0{extent.generation}\0{len(dreams)}")
        return Begun(wishes, seed, extent.generation, frozenset(diary.dreamt(dreams[-4:])))

    def prepare(self, memory: Memory, begun: Begun, steering: Steering) -> Prepared:
        """Choose what to replay, and say why."""
        knobs = self._knobs
        count = knobs.replay.get()
        features = features_now(memory, TAIL_MAX)
        weighing = Weighing(
            self._now_us(),
            None if self._present is None else self._present(memory),
            begun.dreamt,
        )
        triggers = Triggers(begun.wishes.triggers, self._words, self._embedder)
        near = triggers.near(memory)
        chosen = self._pool(features, weighing, begun, count * POOL)
        ties = self._ties(memory, chosen)
        messages = self._fetched(memory, chosen, triggers, near)
        by_seq = {message.seq: remembered(message) for message in messages}
        chosen = narrowed(chosen, list(by_seq), count)
        telling = Telling(
            [by_seq[seq] for seq in sorted(chosen)],
            chosen,
            ties,
            random.Random(begun.seed),  # noqa: S311 - to be the same again
            length=knobs.length.get(),
            compression=knobs.compression.get(),
            temperature=knobs.temperature.get(),
        )
        kept = {seq: by_seq[seq].message for seq in chosen}
        prepared = Prepared(telling, chosen, kept, triggers, near)
        if steering.follow:
            self.call_up(memory, prepared, steering.follow)
        return prepared

    def call_up(self, memory: Memory, prepared: Prepared, themes: Iterable[str]) -> None:
        """Add memories of themes that are to be followed."""
        words = sorted({word for theme in themes for word in self._words.asked([*theme.split()])})
        if not words:
            return
        seqs = memory.lexical.match(words, MATCHED_MAX)[0].tolist()
        called: Chosen = {seq: {Reason.ASKED: CALLED} for seq in seqs if seq not in prepared.chosen}
        messages = self._fetched(memory, called, prepared.triggers, prepared.near)
        new = {message.seq: called[message.seq] for message in messages}
        prepared.chosen.update(new)
        prepared.messages.update((message.seq, message) for message in messages)
        prepared.telling.add([remembered(message) for message in messages], new)

    def keep(self, memory: Memory, dream: Dream, messages: Mapping[int, Message]) -> int | None:
        """Put a dream into the diary; return how many old ones went for it, None where nothing is kept.

        Scenes whose sources were edited or removed since they were told are left out, and what the person
        wishes by now holds.
        """
        generation = memory.extent().generation
        wishes = wishes_of(memory.notes)
        if not wishes.consent:
            return None
        triggers = Triggers(wishes.triggers, self._words)
        seqs = sorted(diary.dreamt_in(dream.scenes))
        there = {message.seq: message for message in memory.reading.by_seq(seqs)}
        same = {seq: m for seq, m in there.items() if seq in messages and m.text == messages[seq].text}
        scenes = tuple(
            scene
            for scene in dream.scenes
            if set(scene.sources) <= same.keys()
            and not untraced(scene, same)
            and not triggers.in_text(scene.words)
        )
        if not scenes:
            return None
        told = diary.dreamt_in(scenes)
        replayed = tuple(one for one in dream.replayed if one.seq in told)
        left = msgspec.structs.replace(dream, scenes=scenes, replayed=replayed)
        dropped = diary.add(memory, left, {seq: same[seq] for seq in told}, generation)
        if not wishes_of(memory.notes).consent:  # another server took it back since: whoever is last clears
            diary.clear(memory.notes)
            return None
        return dropped

    def wish(self, memory: Memory, wishes: Wishes) -> None:
        """Keep what a person wishes, and let the diary be so: without consent there is none."""
        keep_wishes(memory.notes, wishes)
        if not wishes.consent:
            diary.clear(memory.notes)
        elif wishes.triggers:
            triggers = Triggers(wishes.triggers, self._words)
            diary.sift(memory, lambda scene: not triggers.in_text(scene.words))

    def _ties(self, memory: Memory, chosen: Chosen) -> Ties:
        """Return what is known to tie these memories together; what contradicts them is chosen as well."""
        ties = Ties()
        for one in () if self._known is None else self._known(memory, sorted(chosen)):
            if isinstance(one, Resolution):
                pair = frozenset((one.held.sources[0], one.holds.sources[0]))
                ties.against[pair] = one
                for seq in pair:
                    chosen.setdefault(seq, {})[Reason.CONTRADICTORY] = 1.0
            elif isinstance(one, Link):
                ties.near[frozenset(one.sources)] = one.weight
        return ties

    def _pool(self, features: Features, weighing: Weighing, begun: Begun, count: int) -> Chosen:
        weights = weighed(features, weighing)
        rng = np.random.default_rng(begun.seed)
        novelty, temperature = self._knobs.novelty.get(), self._knobs.temperature.get()
        return pooled(features, weights, weighing, count, novelty, temperature, rng)

    def _fetched(self, memory: Memory, chosen: Chosen, triggers: Triggers, near: Near) -> list[Message]:
        """Return the messages that may be told, each text once."""
        seen: set[str] = set()
        found = []
        for message in memory.reading.by_seq(list(chosen)):
            same = message.text.strip().casefold()
            if same not in seen and not triggers.spares(message, near):
                seen.add(same)
                found.append(message)
        return found


def replayed(prepared: Prepared) -> tuple[Replayed, ...]:
    """Return what was chosen, in the order of time, and why."""
    return tuple(Replayed(seq=seq, reasons=prepared.chosen[seq]) for seq in sorted(prepared.chosen))


def resonance(dream: Dream, messages: Mapping[int, Message]) -> float | None:
    """Return how near the feeling of scenes is to that of their sources, 0 to 1; None where none has one."""
    segments = [Segment(text=s.words, sources=tuple(map(str, s.sources))) for s in dream.scenes]
    score = judged(EmotionMatch(), segments, known(messages, Steering()))
    return None if score is None else score.value


def told(dream: Dream) -> tuple[Segment, ...]:
    """Return a dream as evaluators read it: its claims, each with its sources."""
    claims = (claim for scene in dream.scenes for claim in scene.claims)
    return tuple(Segment(text=claim.text, sources=tuple(map(str, claim.sources))) for claim in claims)


def known(messages: Mapping[int, Message], steering: Steering) -> Context:
    """Return what a dream may rest on, and what it was asked to follow and avoid.

    Where it was to follow nothing there is nothing that it could fit; to have avoided something is no merit.
    """
    sources = tuple(Source(id=str(seq), text=one.text) for seq, one in messages.items())
    if not steering.follow:
        return Context(sources=sources)
    return Context(sources=sources, likes=steering.follow, dislikes=steering.avoid or ())
