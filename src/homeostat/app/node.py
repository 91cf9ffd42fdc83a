"""The node: one running server, wired from its parts."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from homeostat.app.alerts.desk import AlertDesk
from homeostat.app.alerts.target_file import Alerting, load_alerting
from homeostat.app.duties import Duties, Duty
from homeostat.app.feedback.desk import ExperienceDesk
from homeostat.app.findings.desk import ChangeDesk
from homeostat.app.loops.loop_actions import ORDERS, loop_actions
from homeostat.app.loops.loop_desk import LoopDesk
from homeostat.app.scrape import Scraper
from homeostat.core.clock import Clock, SystemClock
from homeostat.core.losses import Losses
from homeostat.core.query import Store
from homeostat.loop.homeostat import Homeostat
from homeostat.loop.kept_here import key_file
from homeostat.loop.settings import default_store
from homeostat.loop.writer import Writer
from homeostat.observe.catalogue import Catalogue, load_catalogue
from homeostat.observe.ingest.intake import Intake
from homeostat.observe.ingest.receiver import Receiver
from homeostat.runtime.experience.experiences import Experiences
from homeostat.runtime.experience.pseudonyms import key_at
from homeostat.store.open import open_store

SERVICE = "homeostat"
"""The name under which a node watches itself."""


@dataclass(frozen=True, slots=True)
class NodeOptions:
    """What `homeostat up` was told. `store` is a path or URL; a `token` locks everything but health.

    Pages of `feedback_origins` may send feedback.
    """

    store: str | None = None
    token: str | None = None
    catalogue: Path | None = None
    capture_content: bool = False
    scrape: tuple[str, ...] = ()
    feedback_origins: tuple[str, ...] = ()


class Node:
    """A store, a receiver and a writer in front of it, and a Homeostat that watches the node itself.

    Any number of nodes may share a store; one of them has the duties that are done once for all.

    Raises ConfigError or StoreError where it cannot start. It can be used until `close`.
    """

    def __init__(self, options: NodeOptions, clock: Clock | None = None) -> None:
        self.options = options
        self.clock: Clock = clock or SystemClock()
        self.catalogue: Catalogue = load_catalogue(options.catalogue)
        alerting = load_alerting(options.catalogue, self.catalogue, os.environ, ORDERS)
        self.store = open_store(options.store or default_store())
        self.homeostat = Homeostat(SERVICE, release="", store=self.store, clock=self.clock)
        self.losses: Losses = self.homeostat.losses
        assert self.homeostat.writer is not None
        self.writer: Writer = self.homeostat.writer
        self.intake = Intake(self.homeostat.registry, SERVICE)
        self.receiver = Receiver(self.clock, self.losses, capture_content=options.capture_content)
        self._scraper = Scraper(
            options.scrape, self.writer.offer, self.homeostat.registry, self.losses, self.clock
        )
        if options.scrape:
            self._scraper.start()
        self.experiences = Experiences(self.homeostat, self.writer.offer, self.store, self._people_key)
        self.loops = LoopDesk(self.store, self.clock, self.losses)
        self.duties = Duties(
            self.store.lease("duties"), partial(self._desks, alerting), self.store, self.clock, self.losses
        )
        self.duties.start()

    def _desks(self, alerting: Alerting, store: Store) -> tuple[Duty, ...]:
        """Make what one node does for all: telling alerts, noticing changes, figuring experience."""
        actions = loop_actions(LoopDesk(store, self.clock, self.losses))
        return (
            AlertDesk(store, self.clock, self.losses, alerting, actions, metrics=self.catalogue),
            ChangeDesk(store, self.clock, self.losses, self.catalogue),
            ExperienceDesk(self.experiences, self.losses),
        )

    def _people_key(self) -> bytes:
        return key_at(key_file(self.options.store or default_store()), os.environ)

    @property
    def leads(self) -> bool:
        """Whether this node has the duties that one has for all."""
        return self.duties.leads

    @property
    def token(self) -> str | None:
        """The secret that lets one in; None where the node answers to this machine only."""
        return self.options.token

    def metric_states(self) -> Mapping[str, str]:
        """Return why a metric cannot be measured on this machine, by name, for those that cannot."""
        return self.homeostat.not_available()

    def close(self) -> None:
        """Write what waits and let go of the store."""
        self._scraper.close()
        self.duties.close()
        self.homeostat.close()
        self.store.close()
