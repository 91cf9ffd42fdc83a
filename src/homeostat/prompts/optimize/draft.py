"""The draft: a library on its way to being lean, understood and counted."""

import hashlib
import statistics
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import msgspec

from homeostat.prompts.graph.styles import KINDS, Styles
from homeostat.prompts.graph.understanding import EntryPoint, Understood
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module
from homeostat.prompts.proof.reading import Reading
from homeostat.prompts.tokens.tokenizer import Tokenizer


class Weight(msgspec.Struct, frozen=True):
    """The tokens of a library: all of it, and what its entry points load by hard references.

    `together` counts each loaded module once, `loaded` once for each entry point that loads it; `median`
    and `worst` are of single entry points. `always` is what a tool loads before each of them, and is in none
    of the others but `library`.
    """

    library: int
    together: int
    loaded: int
    median: float
    worst: int
    always: int


class Counts:
    """Counts texts with one tokenizer, each only once."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.tokenizer = tokenizer.name
        self._count: Callable[[str], int] = tokenizer.count
        self._known: dict[bytes, int] = {}

    def of(self, text: str) -> int:
        """Return the tokens of a text."""
        key = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        if key not in self._known:
            self._known[key] = self._count(text)
        return self._known[key]


@dataclass(frozen=True)
class Draft:
    """A library as it is at one point of the pipeline.

    `orders` tells in which order an entry point (by its path) is put together where that is another order
    than that of its closure. `reading` remembers what texts say, from one draft to the next.
    """

    library: Library
    styles: Styles
    counts: Counts
    orders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    reading: Reading = field(default_factory=Reading, repr=False)

    @cached_property
    def understood(self) -> Understood:
        """What the library says of itself as it is now."""
        return self.reading.understood(self.library, self.styles)

    @cached_property
    def weight(self) -> Weight:
        """The tokens of the library as it is now."""
        understood = self.understood
        closures = [self.closure(e) for e in understood.entries]
        loaded = [sum(map(self.tokens, c)) for c in closures] or [0]
        return Weight(
            library=sum(map(self.tokens, self.library.modules)),
            together=sum(map(self.tokens, {m for c in closures for m in c})),
            loaded=sum(loaded),
            median=statistics.median(loaded),
            worst=max(loaded),
            always=sum(map(self.tokens, understood.always_loaded)),
        )

    def tokens(self, path: str) -> int:
        """Return the tokens of a module."""
        return self.counts.of(self.library.modules[path].text)

    def closure(self, entry: EntryPoint) -> tuple[str, ...]:
        """Return what an entry point loads, in the order in which it is put together."""
        closure = self.understood.graph.closure([entry.path], KINDS[:1])
        order = self.orders.get(entry.path, ())
        return order if sorted(order) == sorted(closure) else closure

    def changed(
        self,
        texts: Mapping[str, str],
        removed: Iterable[str] = (),
        orders: Mapping[str, tuple[str, ...]] | None = None,
    ) -> "Draft":
        """Return a draft with other texts of some modules, with new ones, without the removed ones."""
        gone = frozenset(removed)
        modules = {p: m for p, m in self.library.modules.items() if p not in gone}
        for path, text in texts.items():
            old = self.library.modules.get(path)
            data = text.encode("utf-8", "surrogatepass")
            modules[path] = Module(
                path, text, hashlib.sha256(data).digest(), len(data), old.encoding if old else "utf-8"
            )
        library = replace(self.library, modules=dict(sorted(modules.items())))
        orders = self.orders if orders is None else orders
        return Draft(library, self.styles, self.counts, orders, self.reading)
