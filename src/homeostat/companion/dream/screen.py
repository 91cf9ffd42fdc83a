"""The screen: what may be told of a dream: nothing of a person's triggers, nothing harmful or too dark."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from homeostat.companion.dream.scene import Claim, Scene
from homeostat.companion.dream.triggers import Triggers
from homeostat.core.errors import EmbedderError
from homeostat.evaluate.emotion.affect import affect_of
from homeostat.evaluate.emotion.distress import DistressWatch
from homeostat.evaluate.emotion.dread import Dread
from homeostat.runtime.guarding.guarding import Guarding


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a scene is not told as it is, and the seqs of what is to blame."""

    why: str
    seqs: frozenset[int]


class Screen:
    """Judges the scenes of one dream, one after the other, and softens those that can be."""

    def __init__(
        self, triggers: Triggers, guarding: Guarding, dread: Dread | None = None, person: str = ""
    ) -> None:
        self._triggers = triggers
        self._guarding = guarding.avoiding(triggers.given) if triggers else guarding
        self._person = person
        self._watch = DistressWatch(dread=dread)
        self._felt: tuple[str, float] = ("", 0.0)

    def refused(self, scene: Scene) -> Refused | None:
        """Return why a scene must not be told, None where it may be."""
        if self._triggers.in_text(scene.words):
            return Refused("trigger", _blamed(scene, self._triggers.in_text))
        if not self._guarding.check(scene.words, person=self._person, place="dream").allowed:
            guard = self._guarding.guard  # who is to blame is no check of what is told
            return Refused("guard", _blamed(scene, lambda text: not guard.check(text).allowed))
        distress = self._distress_of(scene.words)
        if self._watch.exceeded_at(distress) is not None:
            most = max(affect_of(claim.text).distress for claim in scene.claims)
            return Refused("distress", _blamed(scene, lambda text: affect_of(text).distress >= most))
        return None

    def softened(self, scene: Scene, refused: Refused) -> Scene | None:
        """Return a scene without what is to blame; None where nothing is left that may be told."""
        left = tuple(claim for claim in scene.claims if refused.seqs.isdisjoint(claim.sources))
        if not any(claim.quotes for claim in left):
            return None
        softer = msgspec.structs.replace(scene, claims=left, theme="", softened=True)
        return softer if self.refused(softer) is None else None

    def tell(self, scene: Scene) -> None:
        """Note that a scene was told: what follows is judged after it."""
        self._watch.take(self._distress_of(scene.words))

    def _distress_of(self, words: str) -> float:
        """Return the distress of a scene; by its words alone where the embedder fails."""
        if self._felt[0] != words:
            affect = affect_of(words)
            try:
                self._felt = (words, self._watch.distress_of(words, affect))
            except EmbedderError:
                self._felt = (words, affect.distress)
        return self._felt[1]


def _blamed(scene: Scene, holds: Callable[[str], bool]) -> frozenset[int]:
    """Return the sources of the claims that are to blame; of all where none is by itself."""

    def of(claims: Iterable[Claim]) -> frozenset[int]:
        return frozenset(seq for claim in claims for seq in claim.sources)

    return of(claim for claim in scene.claims if holds(claim.text)) or of(scene.claims)
