"""The scenes of a dream in the making: each traced to its sources, and screened, before it may be told."""

from dataclasses import dataclass

from homeostat.companion.dream.scene import Scene, Steering
from homeostat.companion.dream.screen import Screen
from homeostat.companion.dream.stages import Prepared
from homeostat.companion.dream.tracing import untraced


@dataclass(frozen=True, slots=True)
class Made:
    """What came of one try: a scene that may be told, or None and why it was `dropped`.

    Of its `claims` so many are `traced` to their sources.
    """

    scene: Scene | None
    claims: int
    traced: int
    dropped: str = ""


class Scenes:
    """Makes the scenes of one dream, one after the other. One thread at a time uses it."""

    def __init__(self, prepared: Prepared, screen: Screen) -> None:
        self._telling = prepared.telling
        self._messages = prepared.messages
        self._screen = screen
        self._refused: frozenset[int] = frozenset()

    def next(self, steering: Steering, told: Scene | None) -> Made | None:
        """Return what comes next, after the scene that was `told` last if any was; None at the end."""
        if told is not None:
            self._screen.tell(told)
        scene = self._telling.next(steering, self._refused)
        if scene is None:
            return None
        claims, missing = len(scene.claims), len(untraced(scene, self._messages))
        if missing:
            return self._dropped(scene, frozenset(scene.sources), "untraced", missing)
        refused = self._screen.refused(scene)
        if refused is None:
            return Made(scene, claims, claims)
        softer = self._screen.softened(scene, refused)
        if softer is None:
            return self._dropped(scene, refused.seqs, refused.why)
        self._refused |= refused.seqs
        return Made(softer, claims, claims)

    def _dropped(self, scene: Scene, seqs: frozenset[int], why: str, missing: int = 0) -> Made:
        self._refused |= seqs
        self._telling.take_back()
        claims = len(scene.claims)
        return Made(None, claims, claims - missing, why)
