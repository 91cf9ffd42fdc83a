"""Recalling: memories that are alike to a vector, looked for in one tier after the other."""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from homeostat.companion.palace.columns import Columns
from homeostat.companion.palace.compressed import CompressedRows
from homeostat.companion.palace.meter import Meter
from homeostat.companion.palace.tiers import Tier
from homeostat.companion.store.people import Memory
from homeostat.runtime.embed.rows import cosines, to_rows, to_vectors

BLOCK = 1_024
COMPRESSED_AGAIN = 512
"""Memories that became long-term are compressed when they are so many, and an eighth of all."""

Found = list[tuple[int, float]]


@dataclass(slots=True)
class TierRows:
    """The vectors by which memories come to mind: recent ones in int8, long-term ones compressed.

    `recent_places` and `long_places` say whose the rows are; `upto` is the last seq that was looked at.
    """

    recent_places: NDArray[np.int64]
    recent: NDArray[np.int8]
    long_places: NDArray[np.int64]
    long: CompressedRows
    upto: int

    @property
    def size_bytes(self) -> int:
        """What it takes in memory."""
        places = self.recent_places.nbytes + self.long_places.nbytes
        return int(self.recent.nbytes + self.long.size_bytes + places)


def followed(memory: Memory, columns: Columns, kind: str, model: str, before: TierRows | None) -> TierRows:
    """Return the rows of all memories that have one, from those of before where these still serve."""
    tier = columns.rows["tier"]
    last = int(columns.rows["seq"][-1]) if len(columns) else 0
    if before is None or _to_compress(before, tier) > max(COMPRESSED_AGAIN, len(columns) // 8):
        places, rows = _loaded(memory, columns, kind, model, 0)
        long = tier[places] == Tier.LONG
        return TierRows(places[~long], rows[~long], places[long], _compressed(rows[long]), last)
    if before.upto < last:
        places, rows = _loaded(memory, columns, kind, model, before.upto)
        if len(places):
            before.recent_places = np.concatenate([before.recent_places, places])
            before.recent = np.concatenate([before.recent, rows]) if len(before.recent) else rows
            before.upto = int(columns.rows["seq"][places[-1]])
    return before


def recalled(
    held: TierRows, query: NDArray[np.float32], k: int, of: NDArray[np.uint8], meter: Meter
) -> Found:
    """Return places of the `k` memories most alike to the query and their cosines, the most alike first.

    `of` is the tier of each memory by its place. A memory that became long-term a while ago may still be
    looked for among the recent ones: more exactly than it would have to be.
    """
    unit = query / np.float32(max(float(np.linalg.norm(query)), 1e-12))
    looks: list[tuple[Tier, float, Found]] = []
    working = of[held.recent_places] == Tier.WORKING
    for tier, chosen in ((Tier.WORKING, working), (Tier.SHORT, ~working)):
        began = perf_counter()
        found = _best(held.recent_places[chosen], held.recent[chosen], unit, k)
        looks.append((tier, (perf_counter() - began) * 1e3, found))
    began = perf_counter()
    at, products = held.long.best(unit, k)
    found = list(zip(held.long_places[at].tolist(), products.tolist(), strict=True))
    looks.append((Tier.LONG, (perf_counter() - began) * 1e3, found))
    best = sorted((one for _, _, found in looks for one in found), key=lambda one: (-one[1], one[0]))[:k]
    chosen_places = {place for place, _ in best}
    for tier, took_ms, found in looks:
        meter.looked(tier, took_ms, any(place in chosen_places for place, _ in found))
    return best


def _best(places: NDArray[np.int64], rows: NDArray[np.int8], unit: NDArray[np.float32], k: int) -> Found:
    if len(places) == 0:
        return []
    products = cosines(rows, to_rows(unit))
    order = np.argsort(-products, kind="stable")[:k]
    return list(zip(places[order].tolist(), products[order].tolist(), strict=True))


def _loaded(
    memory: Memory, columns: Columns, kind: str, model: str, after: int
) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
    seqs, rows = memory.vectors.load(kind, model, after)
    there = np.isin(seqs, columns.rows["seq"])
    return columns.find(seqs[there]), rows[there]


def _compressed(rows: NDArray[np.int8]) -> CompressedRows:
    """Compress rows a block at a time: as floats they would be four times as large."""
    blocks = [CompressedRows.of(to_vectors(rows[i : i + BLOCK])) for i in range(0, len(rows), BLOCK)]
    return CompressedRows.joined(blocks, rows.shape[1] if rows.ndim == 2 else 0)


def _to_compress(held: TierRows, tier: NDArray[np.uint8]) -> int:
    return int(np.count_nonzero(tier[held.recent_places] == Tier.LONG))
