"""Do rooms and places stay where they are, and do they mean something?

Talks of LoCoMo, turn by turn. Peers on the same vectors: k-means, computed anew after each 100 turns with as
many clusters as there are rooms and matched to the clusters of before as well as can be; principal
components as places. Constants were chosen on the first two talks; the figures are of the others.
Sessions stand in for topics: no truth about these, but the only one there is.
"""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from benchmarks.locomo_talks import Talk, locomo
from benchmarks.result import Result
from homeostat.companion.message import Message
from homeostat.companion.palace.building import Building, Shape
from homeostat.companion.palace.learning import learn
from homeostat.companion.palace.vocabulary import SKETCH_DIMENSIONS
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.built import MINILM, default_folder, status
from homeostat.testing.bare_host import BareHost

TUNED_ON = 2
STEP = 100
NEIGHBOURS = 10
ROUNDS = 30

Vectors = NDArray[np.float32]
Labels = NDArray[np.int64]


@dataclass(slots=True)
class Looks:
    """What each look at a palace, after each `STEP` turns, came to; ours and the peers'."""

    changed: list[float] = field(default_factory=list)
    changed_peer: list[float] = field(default_factory=list)
    apart: list[NDArray[np.float64]] = field(default_factory=list)
    agree: list[float] = field(default_factory=list)
    agree_peer: list[float] = field(default_factory=list)
    kept: list[float] = field(default_factory=list)
    kept_peer: list[float] = field(default_factory=list)
    trust: list[float] = field(default_factory=list)
    trust_peer: list[float] = field(default_factory=list)


def run(data: Path | None) -> list[Result]:
    """Report by words, and with MiniLM where it is built."""
    talks = locomo(data)[TUNED_ON:]
    if not talks:
        return []
    results = _told(talks, None, "words")
    if not status(default_folder(), MINILM).fault:
        from homeostat.runtime.embed.minilm import MiniLm

        results += _told(talks, MiniLm(BareHost()), "MiniLM")
    return results


def _told(talks: list[Talk], embedder: Embedder | None, by: str) -> list[Result]:
    looks = Looks()
    for talk in talks:
        _look(talk, embedder, looks)
    apart = np.concatenate(looks.apart)
    median, p95 = (float(value) for value in np.quantile(apart, [0.5, 0.95]))

    def mean(values: list[float]) -> float:
        return 100 * float(np.mean(values))

    many = f"by {by}, {len(talks)} talks"
    agree, agree_peer = mean(looks.agree), mean(looks.agree_peer)
    kept, kept_peer = mean(looks.kept), mean(looks.kept_peer)
    return [
        Result(f"memories that change room in {STEP} turns, {many}", mean(looks.changed), "%", None, "lower",
               "k-means", mean(looks.changed_peer) / max(mean(looks.changed), 0.01),
               note=f"k-means {mean(looks.changed_peer):.0f}"),
        Result(f"how far a memory moves in {STEP} turns, median, {many}", 100 * median, "%", None, "lower",
               note=f"of its mean distance from the middle; p95 {100 * p95:.0f}"),
        Result(f"rooms and sessions agree (NMI), {many}", agree, "%", None, "higher", "k-means",
               agree / agree_peer, note=f"k-means {agree_peer:.0f}"),
        Result(f"of ten nearest in meaning among ten nearest in space, {many}", kept, "%", None, "higher",
               "PCA", kept / kept_peer, note=f"PCA {kept_peer:.0f}"),
        Result(f"trustworthiness of places, {many}", mean(looks.trust), "%", None, "higher", "PCA",
               mean(looks.trust) / mean(looks.trust_peer), note=f"PCA {mean(looks.trust_peer):.0f}"),
    ]  # fmt: skip


def _look(talk: Talk, embedder: Embedder | None, looks: Looks) -> None:
    """Learn a talk, and compare after each step."""
    messages = [
        Message(seq=seq, **msgspec.structs.asdict(message)) for seq, message in enumerate(talk.messages, 1)
    ]
    rows = None if embedder is None else embedder.embed([message.text for message in messages])
    building = Building("", SKETCH_DIMENSIONS if embedder is None else embedder.dimensions, 256)
    contexts: list[Vectors] = []
    rooms_before: NDArray[np.int32] | None = None
    points_before: Vectors | None = None
    clusters_before: Labels | None = None
    for number, message in enumerate(messages, 1):
        learn(building, message, None if rows is None else rows[number - 1], Shape())
        contexts.append(building.topics.talks[message.talk][1])
        if number % STEP:
            continue
        rooms, points = building.room_of(), building.positions()
        clusters = kmeans(np.array(contexts), len(np.unique(rooms)))
        if rooms_before is not None and points_before is not None and clusters_before is not None:
            old = number - STEP
            looks.changed.append(float((rooms[:old] != rooms_before).mean()))
            looks.changed_peer.append(unmatched(clusters_before, clusters[:old]))
            extent = np.linalg.norm(points - points.mean(0), axis=1).mean()
            looks.apart.append(np.linalg.norm(points[:old] - points_before, axis=1).astype(float) / extent)
        rooms_before, points_before, clusters_before = rooms, points, clusters
    vectors = np.array(contexts)
    session = np.unique([message.talk for message in messages], return_inverse=True)[1]
    rooms = building.room_of()
    looks.agree.append(agreement(session, rooms.astype(np.int64)))
    looks.agree_peer.append(agreement(session, kmeans(vectors, len(np.unique(rooms)))))
    centred = vectors - vectors.mean(0)
    components = np.linalg.svd(centred, full_matrices=False)[2][:3]
    ours, peers = (neighbours(vectors, at) for at in (building.positions(), centred @ components.T))
    looks.kept.append(ours[0])
    looks.trust.append(ours[1])
    looks.kept_peer.append(peers[0])
    looks.trust_peer.append(peers[1])


def kmeans(vectors: Vectors, k: int) -> Labels:
    """Cluster unit vectors, seeded as k-means++ does."""
    rng = np.random.default_rng(len(vectors))
    centres = [vectors[int(rng.integers(len(vectors)))]]
    while len(centres) < k:
        far = np.maximum(1 - np.max(np.stack(centres) @ vectors.T, axis=0), 0) + 1e-12
        centres.append(vectors[int(rng.choice(len(vectors), p=far / far.sum()))])
    found = np.stack(centres)
    labels = np.full(len(vectors), -1)
    for _ in range(ROUNDS):
        new = (vectors @ found.T).argmax(1)
        if (new == labels).all():
            break
        labels = new
        for j in np.unique(labels):
            total = vectors[labels == j].sum(0)
            found[j] = total / max(float(np.linalg.norm(total)), 1e-9)
    return labels


def unmatched(before: Labels, after: Labels) -> float:
    """Return the share that changed cluster, clusters matched greedily, the largest overlap first."""
    table = np.zeros((int(before.max()) + 1, int(after.max()) + 1))
    np.add.at(table, (before, after), 1)
    same = 0.0
    while table.max() > 0:
        a, b = divmod(int(table.argmax()), table.shape[1])
        same += table[a, b]
        table[a], table[:, b] = 0, 0
    return float(1 - same / len(before))


def agreement(a: Labels, b: Labels) -> float:
    """Return the normalised mutual information of two partitions."""
    a, b = np.unique(a, return_inverse=True)[1], np.unique(b, return_inverse=True)[1]
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a, b), 1 / len(a))
    rows, columns = table.sum(1), table.sum(0)
    there = table > 0
    mutual = (table[there] * np.log(table[there] / np.outer(rows, columns)[there])).sum()
    return float(2 * mutual / -((rows * np.log(rows)).sum() + (columns * np.log(columns)).sum()))


def neighbours(vectors: Vectors, places: NDArray[np.floating]) -> tuple[float, float]:
    """Return the share of nearest neighbours that stay so, and the trustworthiness (Venna and Kaski 2001)."""
    n, k = len(vectors), NEIGHBOURS
    apart = 1 - vectors @ vectors.T
    np.fill_diagonal(apart, np.inf)
    rank = apart.argsort(1).argsort(1) + 1
    space = ((places[:, None] - places[None]) ** 2).sum(-1)
    np.fill_diagonal(space, np.inf)
    ranks = np.take_along_axis(rank, space.argsort(1)[:, :k], 1)
    trust = 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * np.maximum(ranks - k, 0).sum()
    return float((ranks <= k).mean()), float(trust)
