"""The ready prompt: all modules of an asking, put together, with only its gaps left to fill."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from sys import getsizeof

from homeostat.prompts.serving.catalogue import Catalogue
from homeostat.prompts.serving.edition import Layer
from homeostat.prompts.serving.held import Held
from homeostat.prompts.serving.template import Gap, gaps_bytes

ReadyKey = tuple[str, str, Layer]
"""The name of an edition, the path of the module that was asked for, and how much is loaded with it."""

RECORD_BYTES = 1_000
"""What a record takes beside its text."""


@dataclass(slots=True)
class Ready:
    """The modules of one asking as parts that are joined, each of them in a frame that names it.

    What was asked for has none where it stands last. `catalogue` is the one by which it was put together.
    """

    key: ReadyKey
    catalogue: Catalogue
    modules: tuple[Held, ...]
    parts: tuple[str, ...]
    gaps: tuple[Gap, ...]
    size_bytes: int
    memory_bytes: int

    @property
    def takes_arguments(self) -> bool:
        """Whether there is a place for arguments."""
        return any(not gap.name for gap in self.gaps)


def put_together(key: ReadyKey, catalogue: Catalogue, modules: Sequence[Held]) -> Ready:
    """Put modules together in their order. Only the gaps of what was asked for must be filled.

    In what it includes they may be there to be shown: those are filled where a value is given, else left.
    """
    parts: list[str] = []
    gaps: list[Gap] = []
    for held in modules:
        own = held.key[1] == key[1]
        framed = len(modules) > 1 and not (own and held is modules[-1])
        if framed:
            parts.append(f'<module path="{held.key[1]}">\n')
        template = held.template
        gaps += (
            replace(gap, part=gap.part + len(parts), required=gap.required and own) for gap in template.gaps
        )
        parts += template.parts
        if framed:
            ending = "" if template.parts and template.parts[-1].endswith("\n") else "\n"
            parts.append(f"{ending}</module>\n\n")
    memory_bytes = getsizeof(parts) + sum(map(getsizeof, parts)) + gaps_bytes(gaps) + RECORD_BYTES
    size_bytes = sum(held.size_bytes for held in modules)
    return Ready(key, catalogue, tuple(modules), tuple(parts), tuple(gaps), size_bytes, memory_bytes)
