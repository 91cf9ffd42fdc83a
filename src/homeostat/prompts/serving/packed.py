"""The packed template: deflated, with the places of its parts, so that nothing is looked for again."""

import zlib
from array import array
from dataclasses import dataclass
from itertools import pairwise
from sys import getsizeof

from homeostat.prompts.serving.template import Gap, Template, gaps_bytes

LEVEL = 1
"""Deflates to 34% where level 6 takes four times as long for 29%; both are inflated alike."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A template in about a third of its memory. `ends` are the ends of its parts in the inflated bytes."""

    deflated: bytes
    ends: "array[int]"
    gaps: tuple[Gap, ...]

    @property
    def memory_bytes(self) -> int:
        """What it takes in memory."""
        return getsizeof(self.deflated) + getsizeof(self.ends) + gaps_bytes(self.gaps)


def pack(template: Template) -> Packed:
    """Deflate a template."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in template.parts]
    ends = array("L")
    end = 0
    for part in encoded:
        end += len(part)
        ends.append(end)
    return Packed(zlib.compress(b"".join(encoded), LEVEL), ends, template.gaps)


def unpack(packed: Packed) -> Template:
    """Return the template that was packed, equal in every part."""
    data = zlib.decompress(packed.deflated)
    parts = tuple(data[a:b].decode("utf-8", "surrogatepass") for a, b in pairwise((0, *packed.ends)))
    return Template(parts, packed.gaps)
