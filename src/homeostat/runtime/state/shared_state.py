"""Shared state: documents that each process has at hand, and any may change."""

import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import ConfigError, InputError
from homeostat.runtime.bus.part import Part
from homeostat.runtime.host import Host
from homeostat.runtime.state.document import Conflict, Document, decoded, encoded
from homeostat.runtime.state.policy import Fields, Policy, merge_fields
from homeostat.runtime.state.shelf import Shelf

DOCUMENTS_MAX = 1_000
TRIES_MAX = 50

Changed = Callable[[str, str], None]
"""Is told of a change: the name of the state, and the key of the document."""


@dataclass(frozen=True, slots=True)
class View:
    """All documents as they were read at one moment, with the bytes that they were read from."""

    revision: int = 0
    read_ns: int | None = None
    blobs: Mapping[str, bytes] = field(default_factory=dict)
    documents: Mapping[str, Document] = field(default_factory=dict)


class SharedState:
    """Up to 1,000 small documents of one name, read by all processes from a copy of their own.

    A copy is at most `stale_s` behind what is kept, a few milliseconds where the processes share a bus:
    `changed` tells of each change, and who hears of one calls `synchronise`. Where what keeps the documents
    is away, the last copy is read on, however old. Everything is synchronous and safe for threads.
    """

    def __init__(
        self,
        host: Host,
        shelf: Shelf,
        name: str,
        *,
        policy: Policy = merge_fields,
        stale_s: float = 2.0,
        changed: Changed = lambda state, key: None,
    ) -> None:
        if not name.isidentifier() or not stale_s > 0:
            raise ConfigError(
                f"a state has a name such as 'flag' and a stale_s above 0, not {name!r}, {stale_s!r}"
            )
        self.name = name
        self._clock = host.clock
        self._shelf = shelf
        self._policy = policy
        self._stale_ns = round(stale_s * SECOND_NS)
        self._changed = changed
        self._by = f"{socket.gethostname()}-{os.getpid()}"
        self._lock = Lock()
        self._view = View()
        self._read = Part(host, f"{name}_state", self._listed, self._last_known)
        self._sync = host.histogram("state.sync", "ms", state=name)
        self._accuracy = host.histogram("state.accuracy", "ratio", state=name)
        self._staleness = host.histogram("state.staleness", "ms", state=name)
        self._resolving = host.histogram("state.resolving", "ms", state=name)
        self._conflicts = {
            outcome: host.counter("state.conflicts", "1", state=name, outcome=outcome)
            for outcome in ("found", "resolved", "refused")
        }

    def view(self) -> View:
        """Return the copy, read anew where it may be older than `stale_s`. Cost: below 1 us as a rule.

        Raises StoreError or NotAvailable where nothing was ever read.
        """
        view = self._view
        now_ns = self._clock.monotonic_ns()
        if view.read_ns is not None and now_ns - view.read_ns < self._stale_ns:
            return view
        with self._lock:
            if self._view is view:
                self._look(compare=True)
            return self._view

    def get(self, key: str) -> Document | None:
        """Return a document, None where there is none."""
        return self.view().documents.get(key)

    def put(self, key: str, value: Fields, base: Document | None = None) -> Document:
        """Change a document that was `base`, None where there was none; return it as it is kept now.

        Where it is not `base` any more the policy decides. Raises Conflict where that refuses, InputError
        where it cannot be kept, StoreError or NotAvailable where it was not.
        """
        with self._lock:
            self._take_in(self._listed())
            document = self._swapped(key, value, base)
        self._changed(self.name, key)
        return document

    def synchronise(self) -> None:
        """Read anew: another process has told of a change. Where that does not work the last copy stays."""
        with self._lock:
            before = self._view
            self._look()
            if before.read_ns is None:
                return  # what is old was not waited for
            now_ns = self._clock.now_ns()
            for key, document in self._view.documents.items():
                known = before.documents.get(key)
                if document.at_ns and (known is None or known.version < document.version):
                    self._sync.record(max(0.0, (now_ns - document.at_ns) / 1e6))

    def _swapped(self, key: str, value: Fields, base: Document | None) -> Document:
        found_ns: int | None = None
        wanted: Fields = value
        for _ in range(TRIES_MAX):
            view = self._view
            now = view.documents.get(key)
            if now is None and len(view.documents) >= DOCUMENTS_MAX:
                raise InputError(f"state {self.name!r} has {DOCUMENTS_MAX} documents already: use a store")
            if (now.version if now else -1) != (base.version if base else -1):
                if found_ns is None:
                    found_ns = self._clock.monotonic_ns()
                    self._conflicts["found"].add(1.0)
                wanted = self._resolved(key, value, base, now)
            document = Document(now.version + 1 if now else 1, self._clock.now_ns(), self._by, dict(wanted))
            blob = encoded(document, key)
            if self._shelf.swap(self.name, key, view.blobs.get(key), blob):
                self._view = View(
                    view.revision + 1,
                    view.read_ns,
                    {**view.blobs, key: blob},
                    {**view.documents, key: document},
                )
                if found_ns is not None:
                    self._conflicts["resolved"].add(1.0)
                    self._resolving.record((self._clock.monotonic_ns() - found_ns) / 1e6)
                return document
            self._take_in(self._listed())
        raise Conflict(f"document {key!r} of {self.name!r} changes faster than it can be set: try again")

    def _resolved(self, key: str, value: Fields, base: Document | None, now: Document | None) -> Fields:
        resolved = self._policy(base.value if base else {}, now.value if now else {}, value)
        if resolved is None:
            self._conflicts["refused"].add(1.0)
            versions = [str(one.version) if one else "none" for one in (now, base)]
            raise Conflict(
                f"document {key!r} of {self.name!r} is at version {versions[0]} by now, not {versions[1]}: "
                "look at it again"
            )
        return resolved

    def _look(self, *, compare: bool = False) -> None:
        """Read all anew, if that works; `compare` records how well the copy agreed with it."""
        before = self._view
        blobs = self._read()
        self._take_in(blobs)
        if compare and before.read_ns is not None and blobs is not before.blobs:
            self._compared(before.documents)

    def _take_in(self, blobs: Mapping[str, bytes]) -> None:
        before = self._view
        if blobs == before.blobs and before.read_ns is not None:
            documents, revision = before.documents, before.revision
        else:
            documents = {key: decoded(blob, key) for key, blob in blobs.items()}
            revision = before.revision + 1
        self._view = View(revision, self._clock.monotonic_ns(), blobs, documents)

    def _compared(self, before: Mapping[str, Document]) -> None:
        now_ns = self._clock.now_ns()
        for key, document in self._view.documents.items():
            same = key in before and before[key].version == document.version
            self._accuracy.record(float(same))
            self._staleness.record(0.0 if same else max(0.0, (now_ns - document.at_ns) / 1e6))

    def _listed(self) -> Mapping[str, bytes]:
        found = self._shelf.list(self.name, "", DOCUMENTS_MAX + 1)
        if len(found) > DOCUMENTS_MAX:
            raise InputError(f"state {self.name!r} has more than {DOCUMENTS_MAX} documents: use a store")
        return found

    def _last_known(self) -> Mapping[str, bytes]:
        if self._view.read_ns is None:
            return self._listed()
        return self._view.blobs
