"""The node of a companion: one running server's parts, wired."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from threading import Thread
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from homeostat.app.companion.crisis_hook import crisis_hook
from homeostat.app.companion.door import Door
from homeostat.app.companion.dreams import Wishing
from homeostat.app.companion.feedback import TRACK
from homeostat.app.companion.models import Models
from homeostat.app.companion.options import CompanionOptions
from homeostat.app.companion.pages.sessions import OUTCOMES, Sessions
from homeostat.app.companion.threads import Threads
from homeostat.app.feedback.origins import Origins
from homeostat.companion.access.access import Access
from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.audit_key import audit_key
from homeostat.companion.access.grant import Scope
from homeostat.companion.access.opening import cabinet_at
from homeostat.companion.archaeology.archaeology import Archaeology
from homeostat.companion.canaries import Canaries, canary_words
from homeostat.companion.companion import Companion
from homeostat.companion.courtesy import Courtesy
from homeostat.companion.crisis_desk import CrisisDesk
from homeostat.companion.dream.dreams import Dreams
from homeostat.companion.dream.integrate.integration import Integration
from homeostat.companion.dream.integrate.lexicon import lexicon_at
from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.learning import DreamPart
from homeostat.companion.dream.nights import Nights
from homeostat.companion.dream.session import REQUEST as DREAM
from homeostat.companion.dream.stages import Stages
from homeostat.companion.enrichment import Enrichment
from homeostat.companion.flags import Flags
from homeostat.companion.knobs import FlowKnobs
from homeostat.companion.mirror.mirror import Mirror
from homeostat.companion.news import News
from homeostat.companion.palace.palace import Palace
from homeostat.companion.palace.walks import Walks
from homeostat.companion.part import Part
from homeostat.companion.residents import Residents
from homeostat.companion.rounds import Rounds
from homeostat.companion.search.following import NAME as SEARCH_INDEX
from homeostat.companion.search.search import Search
from homeostat.companion.security.encryption import Encryption
from homeostat.companion.security.figures import Figures
from homeostat.companion.security.sentry import Sentry, Watch
from homeostat.companion.store.keys import MasterKey, master_key_at
from homeostat.companion.store.opening import people_at
from homeostat.companion.store.people import Memory
from homeostat.companion.store.sqlite.places import private_folder
from homeostat.companion.turns import Turns
from homeostat.core.clock import Clock, SystemClock
from homeostat.core.embedder import Embedder
from homeostat.evaluate.emotion.dread import Dread
from homeostat.evaluate.safety.guard import Guard
from homeostat.evaluate.safety.policy import policy
from homeostat.loop.homeostat import Homeostat
from homeostat.runtime.bus.bus import Bus
from homeostat.runtime.embed.opening import NONE
from homeostat.runtime.experience.declaration import Declaration
from homeostat.runtime.experience.experience import Experience
from homeostat.runtime.experience.pseudonyms import Pseudonyms
from homeostat.runtime.guarding.guarding import Guarding
from homeostat.runtime.guarding.prober import Prober
from homeostat.runtime.guarding.reviews import Reviews
from homeostat.runtime.jobs.jobs import Jobs
from homeostat.store.address import StoreAddress
from homeostat.store.open import open_store

if TYPE_CHECKING:
    from homeostat.companion.store.sqlite.people import SqlitePeople

SERVICE = "companion"
PEOPLE_KEY = "people of experience"
"""What the key is for under which people's experience is kept: another than that of their memories."""

ADDRESSES_KEY = "addresses of clients"

WALK_ID_BYTES = 24
DREAM_NAME_BYTES = 9
AUDIENCE = "adult"
"""Whose policy the guard of dreams goes by, and who is helped."""

JUDGED = ("emotion.transitions", "personal.faithfulness", "personal.fit", "senses.vividness")
"""What all dreams are judged by, by words alone, some ms beside; fit where it was said what to follow.
Coherence is known of talks only."""

FLAGS: dict[str, str] = {
    "palace": "share of people whose memories are laid out as a palace",
    "mirror": "share of people whose voice is learned",
    "archaeology": "share of people in whose history gaps and patterns are looked for",
    "dream": "share of people who may have dreams, where they want them",
}


class CompanionNode:
    """All that one server of the companion holds.

    Raises ConfigError or StoreError, among others, where it cannot start: then nothing is left open.
    """

    def __init__(
        self,
        options: CompanionOptions,
        embedder: Embedder | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.options = options
        self.clock: Clock = clock or SystemClock()
        with ExitStack() as opened:
            self._set_out(opened, embedder)
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Write what waits and let go of everything. Closing again changes nothing."""
        self._opened.close()

    def _set_out(self, opened: ExitStack, embedder: Embedder | None) -> None:
        """Make the parts, what others rest on first: it is let go of last, also where one cannot be made."""
        folder = private_folder(self.options.folder)
        where = StoreAddress.of(self.options.store or folder / "people")
        master = master_key_at(folder, os.environ)
        self.metrics = open_store(folder / "homeostat.db")
        opened.callback(self.metrics.close)
        self.cabinet = cabinet_at(where, folder / "access.db")
        opened.callback(self.cabinet.close)
        self.people = people_at(where, master)
        opened.callback(self.people.close)
        self.files = None if where.url is not None else cast("SqlitePeople", self.people)
        self.people_folder = None if where.url is not None else where.file
        self.homeostat = Homeostat(SERVICE, release="", store=self.metrics, clock=self.clock)
        opened.callback(self.homeostat.close)
        self.models = Models(self.homeostat, self.options, embedder)
        opened.callback(self.models.close)
        self.audit = Audit(self.cabinet.trail, audit_key(self.cabinet.drawers, master), self.clock)
        self.access = Access(self.cabinet.drawers, self.audit, self.clock)
        bus = self.options.bus or folder / "bus.db"
        self.news = News(Bus(self.homeostat, bus, name="companion_bus", keep_s=0.0))
        self.flags = Flags(self.homeostat, self.cabinet.drawers, FLAGS, self.news.tell_shared)
        self._set_out_guarding(Pseudonyms(master.derived(PEOPLE_KEY), SERVICE))
        opened.callback(self.experience.close)
        integration = self._set_out_memory(folder)
        opened.callback(self.threads.close)
        opened.callback(self.prober.close)
        opened.callback(self._tell_rest)
        self._set_out_dreams(integration)
        self._set_out_door(master)
        if self.options.policy is not None:
            self.homeostat.govern(self.options.policy)

    def _set_out_guarding(self, pseudonyms: Pseudonyms) -> None:
        """The guard at work, and how people fare: both kept with the metrics, under pseudonyms."""
        assert self.homeostat.writer is not None
        offer = self.homeostat.writer.offer
        self.guarding = Guarding(
            self.homeostat,
            Guard(policy(AUDIENCE), self.models.near),
            reviews=Reviews(
                SERVICE,
                offer,
                self.metrics,
                self.clock,
                self.homeostat.losses,
                pseudonyms,
                texts=self.options.review_texts,
            ),
            by_meaning=self.models.near is not None,
        )
        self.prober = Prober(self.guarding, self.homeostat.losses)
        declaration = Declaration(service=SERVICE, track=TRACK)
        self.experience = Experience(self.homeostat, declaration, offer, self.metrics, pseudonyms)
        self.experience.declare()

    def _set_out_memory(self, folder: Path) -> Integration:
        """What keeps, finds and learns; returns what connects memories in dreams."""
        self._dreamt_of: set[str] = set()
        embedder, writer = self.models.embedder, self.models.writer
        self.residents = Residents(self.options.resident_mb << 20)
        self.knobs = FlowKnobs.declared(self.homeostat, self.residents)
        turns = None if embedder is None else Turns(embedder)
        lexicon = lexicon_at(embedder, folder)
        search = Search(self.homeostat, embedder, self.residents, lexicon)
        self.palace = Palace(self.homeostat, self.residents, embedder)
        self.mirror = Mirror(self.homeostat, embedder, writer, self.guarding)
        model = None if embedder is None else embedder.model
        self.archaeology = Archaeology(self.homeostat, model, writer)
        self.dream = DreamPart(self.clock, lambda person, at_ns: self.nights.quiet(person, at_ns))
        integration = Integration(self.homeostat, embedder, lexicon)
        parts: tuple[Part, ...] = (self.palace, self.mirror, self.archaeology, self.dream, integration)
        self.courtesy = Courtesy(self.homeostat)
        self.enrichment = Enrichment(
            self.homeostat, self.people, parts, self.knobs, self.flags.on, turns, self.courtesy
        )
        self.jobs = Jobs(self.homeostat, folder / "jobs.db", name="companion_jobs")
        self.rounds = Rounds(self.homeostat, self.people, self.enrichment, self.jobs, self.knobs)
        self.companion = Companion(
            self.homeostat,
            self.people,
            search,
            self.residents,
            turns,
            self._due,
            self._used,
            self.courtesy.asked,
            self.news.tell_changed,
            self.news.tell_forgotten,
        )
        self.canaries = Canaries(self.homeostat, self.companion, self.options.canaries)
        self.walks = Walks(self.homeostat, partial(token_urlsafe, WALK_ID_BYTES))
        self.news.when_changed(self.rounds.changed)
        self.news.when_forgotten(self._let_go)
        self.news.when_shared(self.flags.state.name, self.flags.state.synchronise)
        self.threads = Threads(
            self.homeostat,
            computes=self.options.computes,
            embedding=self.options.embedding_threads,
            held=(
                self.enrichment.held,
                self._dreamt_of,
                *([] if self.files is None else [self.files.held]),
            ),
            ready=lambda person: self.residents.holds(person, SEARCH_INDEX),
        )
        return integration

    def _set_out_dreams(self, integration: Integration) -> None:
        """Dreams, what they are judged by, and who ends them for somebody in danger."""
        dream_knobs = DreamKnobs.declared(self.homeostat)
        self.dream_stages = Stages(
            dream_knobs,
            lambda: self.clock.now_ns() // 1_000,
            self.models.embedder,
            self._present,
            integration.derived,
        )
        self.dreams = Dreams(
            self.homeostat,
            self.people,
            self.dream_stages,
            dream_knobs,
            self.guarding,
            partial(token_urlsafe, DREAM_NAME_BYTES),
            dread=None if self.models.near is None else Dread(self.models.near),
            writer=self.models.writer,
            integrate=lambda memory, limit: integration.integrate(memory, limit).done,
            said=self.homeostat.said,
            rests=self.courtesy.step,
            runs=self.threads.run_for,
            away=self._dreamt_of,
        )
        self.homeostat.evaluators.use(NONE)  # vectors are for who waits for an answer
        for name in JUDGED:
            self.homeostat.evaluators.attach(DREAM, name, rate=1.0)
        self.desk = CrisisDesk(
            self.homeostat,
            self._noted,
            (self.dreams.drop, self.walks.drop),
            crisis_hook(self.options.crisis_hook) if self.options.crisis_hook else None,
            audience=AUDIENCE,
        )
        self.wishing = Wishing(self.people, self.dream_stages, self.dreams, self.audit, self.threads)
        may = partial(self.flags.on, self.dream.name)
        self.nights = Nights(self.homeostat, self.people, self.dreams, self.jobs, may)

    def _set_out_door(self, master: MasterKey) -> None:
        """Who is let in, and what is known of security."""
        shown = {
            outcome: self.homeostat.counter("security.sessions", "1", outcome=outcome) for outcome in OUTCOMES
        }
        self.sessions = Sessions(master, self.clock, lambda outcome: shown[outcome].add(1))
        self.origins = Origins(self.options.feedback_origins)
        self.sentry = Sentry(
            self.homeostat,
            self.cabinet.drawers,
            self.audit,
            master.derived(ADDRESSES_KEY),
            Watch() if self.options.two_places else Watch(moves=0),
        )
        self.door = Door(
            self.homeostat,
            self.access,
            self.audit,
            self.threads,
            self.sentry,
            self.experience.interaction,
        )
        self.figures = Figures(self.homeostat, self.cabinet.drawers)
        self.encryption = Encryption(
            self.homeostat,
            self.figures,
            self.options.folder,
            self.people_folder,
            canary_words(self.options.canaries),
        )

    def _due(self, person: str) -> None:
        """Who says something is not away, and the parts learn from it soon."""
        self.nights.back(person)
        self.rounds.due(person)

    def _noted(self, act: Act, person: str, about: str) -> None:
        """What the crisis desk does is done by the companion itself."""
        self.audit.note(act, "", person=person, about=about)

    def _present(self, memory: Memory) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
        """Return how present memories are, where the person has a palace."""
        return self.palace.presence(memory) if self.flags.on(self.palace.name, memory.person) else None

    def _used(self, memory: Memory, seqs: Sequence[int]) -> None:
        """What was found stays present in the palace."""
        if self.flags.on(self.palace.name, memory.person):
            self.palace.use(memory, seqs)

    def _let_go(self, person: str) -> None:
        """Hold nothing of a person any more who was forgotten, here or by another server."""
        self.residents.drop(person)
        self.walks.drop(person)
        self.nights.back(person)
        self.dreams.drop(person)

    def first_token(self) -> str | None:
        """Make a service's token with all scopes where none was ever made, and return it."""
        if self.access.any():
            return None
        token, _ = self.access.issue(frozenset(Scope), label="first")
        return token.text

    def forget(self, person: str, by: str) -> bool:
        """Destroy everything of a person, with their tokens, and note it; whether there was anything.

        Raises StoreError where something is left, so that it is to be tried again.
        """
        found = self.companion.forget(person)
        self.nights.back(person)
        tokens = self.access.forget(person)
        self.flags.forget(person)
        if found or tokens:
            self.audit.note(Act.FORGOTTEN, by, person=person)
        # Last, since they may raise that it must be tried again.
        self.guarding.forget(person)
        self.experience.forget(person)
        return found

    def note_import(self, by: str, person: str) -> None:
        """Note that messages of elsewhere came in, and have whoever runs the jobs learn from them."""
        self.audit.note(Act.IMPORTED, by, person=person)
        self.rounds.due(person)
        asyncio.run(self._enqueue())

    async def _enqueue(self) -> None:
        await self.rounds.enqueue()
        await self.jobs.close()

    def _tell_rest(self) -> None:
        """What a command did is told to the server, should one run: in a thread that has no event loop."""
        if self.news.bus.waiting:
            thread = Thread(target=lambda: asyncio.run(self.news.bus.close()))
            thread.start()
            thread.join()
