"""A load test from end to end: histories, a server, the crowd, and whether all that was promised is kept."""

import asyncio
import os
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import uuid4

from homeostat.app.companion.child import CompanionChild
from homeostat.app.companion.node import CompanionNode
from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.access.grant import Scope
from homeostat.companion.loadtest.crowd import Plan, crowd
from homeostat.companion.loadtest.habits import Habits
from homeostat.companion.loadtest.histories import Remembering, lay_down
from homeostat.companion.loadtest.result import LoadResult, Usage, Watch, missing
from homeostat.companion.loadtest.speakers import Speakers, name_of
from homeostat.companion.store.people import People
from homeostat.loop.homeostat import Homeostat
from homeostat.prove.load.replay import replay
from homeostat.prove.load.replay_result import ReplayProgress, ReplayResult
from homeostat.runtime.embed.opening import embedder_at

CHECKED_PEOPLE = 500
PAGE = 1_000
LASTS_S = 86_400.0

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a load test is: a folder of its own, which it fills, and the embedder of both sides."""

    folder: Path
    embedder: str = "none"
    store: str | None = None
    resident_mb: int = 512

    @property
    def options(self) -> CompanionOptions:
        """How a node is wired there."""
        return CompanionOptions(
            self.folder, store=self.store, resident_mb=self.resident_mb, embedder=self.embedder
        )

    @property
    def arguments(self) -> tuple[str, ...]:
        """What the server is started with."""
        store = () if self.store is None else ("--store", self.store)
        return (*store, "--embedder", self.embedder, "--resident-mb", str(self.resident_mb))


def load_test(habits: Habits, plan: Plan, site: Site, progress: Progress) -> LoadResult:
    """Lay down histories where there are none yet, start a server, play the plan, and look what was kept.

    The server and the crowd share this machine: what the crowd itself costs is in its lateness.
    """
    begin_us = time.time_ns() // 1_000
    token = prepared(habits, plan, site, begin_us, progress)
    run = uuid4().hex[:8]
    with ExitStack() as stack:
        child = stack.enter_context(CompanionChild(site.folder, site.arguments))
        watch = stack.enter_context(Watch(child.pid))
        speakers = Speakers(child.url, token, run, begin_us)
        played = asyncio.run(_played(habits, plan, speakers, progress))
        usage: Usage | None = watch.usage
    checked, lost = _checked(site, speakers, progress)
    return LoadResult(
        plan=plan,
        source=habits.source,
        embedder=site.embedder,
        replay=played,
        minutes=speakers.minutes,
        without_hits=speakers.without_hits,
        checked=checked,
        lost=lost,
        people_seen=len(speakers.promised),
        usage=usage,
    )


def prepared(habits: Habits, plan: Plan, site: Site, begin_us: int, progress: Progress) -> str:
    """Lay down the histories that are not there yet, and return a token that reads and writes."""
    hs = Homeostat("companion_load", collect=False)
    embedder = embedder_at(hs, site.embedder, os.environ)
    node = CompanionNode(site.options, None if embedder is None else Remembering(embedder))
    try:
        lay_down(node.people, habits, plan.people, plan.history, node.enrichment.catch_up, begin_us, progress)
        scopes = frozenset({Scope.READ, Scope.WRITE})
        token, _ = node.access.issue(scopes, label="load test", lasts_s=LASTS_S)
        return token.text
    finally:
        node.close()
        hs.close()


async def _played(habits: Habits, plan: Plan, speakers: Speakers, progress: Progress) -> ReplayResult:
    def report(now: ReplayProgress) -> None:
        words = f"{now.sent:,} said, {now.in_flight} open, {now.failed} failed"
        progress(words, round(now.elapsed_s), round(plan.duration_s))

    async with speakers:
        return await replay(crowd(habits, plan), speakers, progress=report)


def _checked(site: Site, speakers: Speakers, progress: Progress) -> tuple[int, int]:
    """Read what was promised to the first people; return how many messages, and how many are not kept."""
    node = CompanionNode(site.options)
    try:
        checked = lost = 0
        some = list(islice(speakers.promised.items(), CHECKED_PEOPLE))
        for number, (person, promised) in enumerate(some):
            progress("looking whether all is kept", number, len(some))
            checked += len(promised)
            lost += missing(_kept(node.people, name_of(person), promised[0][1] - 1), promised)
        return checked, lost
    finally:
        node.close()


def _kept(people: People, name: str, after: int) -> list[tuple[str, int]]:
    kept: list[tuple[str, int]] = []
    with people.open(name) as memory:
        while messages := memory.reading.after(after, PAGE):
            kept.extend((message.id, message.seq) for message in messages)
            after = messages[-1].seq
    return kept
