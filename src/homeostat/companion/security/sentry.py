"""The sentry: sees who guesses, who enumerates, whose token is in two places; it blocks them for a time."""

import hashlib
from collections import OrderedDict, deque
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from threading import Lock

import msgspec

from homeostat.companion.access.audit import Act, Audit
from homeostat.companion.access.cabinet import Drawers
from homeostat.companion.access.grant import Grant
from homeostat.companion.security.block import Block, Blocked, Kind
from homeostat.companion.security.books import Book
from homeostat.core.clock import SECOND_NS, Clock
from homeostat.core.errors import HomeostatError
from homeostat.runtime.host import Host

DRAWER = "block"
MS_NS = 1_000_000
BLOCKS_MAX = 10_000
KNOWN_MAX = 20_000
"""Tokens that were let in at an address: they go on being let in where others are blocked there."""


@dataclass(frozen=True, slots=True)
class Watch:
    """When something is taken for an intrusion, and how long a block lasts.

    `guesses` different tokens that do not hold, of one address within `window_s`; `strangers` different
    people whom one person's token does not open, and `unknown` whom a service names that are not there;
    `moves` of a person's token between addresses within `together_s`, 0 where that is nothing to mind.
    """

    window_s: float = 60.0
    guesses: int = 20
    strangers: int = 10
    unknown: int = 1_000
    together_s: float = 10.0
    moves: int = 4
    lasts_s: float = 900.0


class Sentry:
    """Watches at the door of one server. Safe for threads.

    Whoever asks from this machine itself is no stranger: neither its address nor a service's token there is
    ever blocked. Addresses are kept as keyed digests (BLAKE2b, 64 bits; of IPv6 the network of 64 bits).
    Blocks are in force at once; `keep` and `follow` make them those of all servers, and of the next start.
    """

    def __init__(
        self, host: Host, drawers: Drawers, audit: Audit, key: bytes, watch: Watch | None = None
    ) -> None:
        self._drawers = drawers
        self._audit = audit
        self._key = key
        self._clock: Clock = host.clock
        self._losses = host.losses
        self.watch = watch = watch or Watch()
        window_ns = round(watch.window_s * SECOND_NS)
        self._lock = Lock()
        self._storing = Lock()
        self._guesses = Book(host.losses, window_ns, watch.guesses)
        self._strangers = Book(host.losses, window_ns, watch.strangers)
        self._unknown = Book(host.losses, window_ns, watch.unknown)
        self._moves = Book(host.losses, round(watch.together_s * SECOND_NS), watch.moves)
        self._places: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._blocks: OrderedDict[str, Block] = OrderedDict()
        self._kept: set[str] = set()
        self._new: deque[Block] = deque(maxlen=BLOCKS_MAX)
        self._seen = {kind: host.counter("security.intrusions", "1", kind=kind).add for kind in Kind}
        self._response_ms = host.histogram("security.response", "ms")
        self._turned_away = host.counter("security.turned_away", "1")
        self._in_force = host.gauge("security.blocks", "1")

    def address_of(self, client: str | None) -> str:
        """Return what stands for a client's address, "" for this machine itself."""
        if not client:
            return ""
        try:
            address = ip_address(client)
        except ValueError:
            return self._digest(client)
        if isinstance(address, IPv6Address):
            if address.ipv4_mapped is not None:
                address = address.ipv4_mapped
            else:
                return "" if address.is_loopback else self._digest(f"{int(address) >> 64:x}/64")
        return "" if address.is_loopback else self._digest(str(address))

    def stranger(self, address: str) -> None:
        """Raise Blocked where strangers from an address are not let in."""
        self._raise_if(f"address.{address}")

    def refused(self, address: str, text: str, since_ns: int) -> None:
        """Note a token that does not hold, of a request that arrived at a moment of the monotonic clock.

        No token at all is no guess. Whoever shows the same one again and again guesses nothing.
        """
        if not address or not text:
            return
        with self._lock:
            if self._guesses.reached(address, text, self._clock.monotonic_ns()):
                self._block(Kind.GUESSING, f"address.{address}", since_ns)

    def holder(self, grant: Grant, address: str) -> None:
        """Raise Blocked where the holder of a token that holds is not let in.

        At an address that is blocked, that is who was not there before: many may share it.
        """
        self._raise_if(f"token.{grant.id}")
        if address and f"address.{address}" in self._blocks and (address, grant.id) not in self._known:
            self._raise_if(f"address.{address}")

    def entered(self, grant: Grant, address: str, since_ns: int) -> None:
        """Note that a token that holds was shown at an address."""
        if not address:
            return
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            if f"address.{address}" not in self._blocks:
                self._known[address, grant.id] = None
                self._known.move_to_end((address, grant.id))
                if len(self._known) > KNOWN_MAX:
                    self._known.popitem(last=False)
            if grant.person is None or not self.watch.moves:
                return
            before = self._places.get(grant.id)
            self._places[grant.id] = (address, now_ns)
            self._places.move_to_end(grant.id)
            if len(self._places) > KNOWN_MAX:
                self._places.popitem(last=False)
            together_ns = round(self.watch.together_s * SECOND_NS)
            if before is None or before[0] == address or now_ns - before[1] > together_ns:
                return
            if self._moves.reached(grant.id, f"{now_ns}", now_ns):
                self._block(Kind.TWO_PLACES, f"token.{grant.id}", since_ns)

    def asked_for(self, grant: Grant, person: str, address: str, since_ns: int) -> None:
        """Note that a token asked for a person whom it does not open, or who is not there."""
        book = self._strangers
        if grant.person is None:
            if not address:
                return
            book = self._unknown
        with self._lock:
            if book.reached(grant.id, person, self._clock.monotonic_ns()):
                self._block(Kind.ENUMERATION, f"token.{grant.id}", since_ns)

    @property
    def untold(self) -> bool:
        """Whether there are blocks that are not kept yet."""
        return bool(self._new)

    def keep(self) -> None:
        """Keep what was blocked since, and note it in the audit. What cannot be kept now is tried again."""
        with self._storing:
            self._keep()

    def follow(self) -> None:
        """Take over what other servers blocked, and what was lifted; drop what is over."""
        with self._storing:
            self._keep()
            self._follow()

    def _keep(self) -> None:
        while self._new:
            block = self._new.popleft()
            try:
                self._drawers.put(DRAWER, {block.whom: msgspec.msgpack.encode(block)})
                self._audit.note(Act.BLOCKED, "", about=f"{block.kind} {block.whom}")
            except HomeostatError:
                self._new.appendleft(block)
                raise
            self._kept.add(block.whom)

    def _follow(self) -> None:
        there = blocks_in(self._drawers)
        now_us = self._clock.now_ns() // 1_000
        over = [whom for whom, block in there.items() if block.until_us <= now_us]
        if over:
            self._drawers.put(DRAWER, dict.fromkeys(over))
        with self._lock:
            lifted = self._kept - set(there)
            ended = [
                whom for whom, block in self._blocks.items() if whom in lifted or block.until_us <= now_us
            ]
            for whom in ended:
                del self._blocks[whom]
            self._blocks.update((whom, block) for whom, block in there.items() if block.until_us > now_us)
            self._kept = set(there) - set(over)
            self._in_force.set(len(self._blocks))

    def blocks(self) -> list[Block]:
        """Return who is blocked now."""
        now_us = self._clock.now_ns() // 1_000
        with self._lock:
            return [block for block in self._blocks.values() if block.until_us > now_us]

    def lift(self, whom: str, by: str) -> bool:
        """Let somebody in again; False where they are not blocked."""
        with self._storing:
            self._keep()
            with self._lock:
                found = self._blocks.pop(whom, None) is not None
            return unblock(self._drawers, self._audit, whom, by) or found

    def _raise_if(self, whom: str) -> None:
        block = self._blocks.get(whom)
        if block is None:
            return
        now_us = self._clock.now_ns() // 1_000
        if block.until_us > now_us:
            self._turned_away.add(1)
            raise Blocked(block, now_us)

    def _block(self, kind: Kind, whom: str, since_ns: int) -> None:
        now_us = self._clock.now_ns() // 1_000
        block = Block(
            whom=whom, kind=kind, began_us=now_us, until_us=now_us + round(self.watch.lasts_s * 1e6)
        )
        self._blocks[whom] = block
        if len(self._blocks) > BLOCKS_MAX:
            self._blocks.popitem(last=False)
            self._losses.add("companion.security.blocks_full")
        self._response_ms.record((self._clock.monotonic_ns() - since_ns) / MS_NS)
        self._seen[kind](1)
        self._new.append(block)

    def _digest(self, address: str) -> str:
        return hashlib.blake2b(address.encode(), digest_size=8, key=self._key).hexdigest()


def blocks_in(drawers: Drawers) -> dict[str, Block]:
    """Return all blocks that are kept, by whom they are of."""
    blobs = drawers.list(DRAWER, "", BLOCKS_MAX)
    return {whom: msgspec.msgpack.decode(blob, type=Block) for whom, blob in blobs.items()}


def unblock(drawers: Drawers, audit: Audit, whom: str, by: str) -> bool:
    """Lift a block for all servers, within seconds; False where there is none."""
    if drawers.get(DRAWER, whom) is None:
        return False
    drawers.put(DRAWER, {whom: None})
    audit.note(Act.UNBLOCKED, by, about=whom)
    return True
