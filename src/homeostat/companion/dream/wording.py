"""Wording: has a model tell a scene, where one is set and there is budget for it, and bears its failing."""

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any

from homeostat.companion.dream import prose
from homeostat.companion.dream.budget import Budget
from homeostat.companion.dream.knobs import DreamKnobs
from homeostat.companion.dream.meter import Meter
from homeostat.companion.dream.scene import Scene
from homeostat.companion.dream.screen import Screen
from homeostat.companion.message import Message
from homeostat.companion.unspoken import Unspoken
from homeostat.core.clock import SECOND_NS
from homeostat.core.errors import HomeostatError
from homeostat.runtime.host import Host
from homeostat.runtime.limits.deadline import within

WAIT_S = 8.0
REST_NS = 30 * SECOND_NS
"""For how long a model may keep a scene, and for how long none asks one that failed."""

AT_ONCE = 4
CHARS_A_TOKEN = 4
TOKENS_BURST_S = 60.0


class Wording:
    """Asks the model of all dreams, a few scenes at a time. Lives on one event loop."""

    def __init__(self, host: Host, knobs: DreamKnobs, meter: Meter, writer: prose.Writer | None) -> None:
        self._host = host
        self._now_ns = host.clock.monotonic_ns
        self._writer = writer
        self._unworded = meter.unworded
        self._tokens = Budget(host.clock, lambda: knobs.tokens_a_minute.get() / 60.0, TOKENS_BURST_S)
        self._from_ns = self._now_ns()
        self._underway = 0

    def asking(
        self, scene: Scene, messages: Mapping[int, Message], screen: Screen
    ) -> Coroutine[Any, Any, Scene] | None:
        """Return what tells a scene in the model's words, and as it is where the model fails.

        None where no model is asked now: none is set, it failed a moment ago, or the budget is spent.
        """
        writer = self._writer
        if writer is None or not self._tokens.left or self._underway >= AT_ONCE:
            return None
        return self._asked(writer, scene, messages, screen) if self._now_ns() >= self._from_ns else None

    async def _asked(
        self, writer: prose.Writer, scene: Scene, messages: Mapping[int, Message], screen: Screen
    ) -> Scene:
        asked = prose.asked(scene, messages)
        self._tokens.spend(sum(len(part["content"]) for part in asked) / CHARS_A_TOKEN)
        self._underway += 1
        try:
            # A thread that hangs there is left behind: it ends by the deadline, or the writer's own limit.
            with within(self._host, WAIT_S):
                answer = await asyncio.wait_for(asyncio.to_thread(_written, writer, asked), WAIT_S)
        except (HomeostatError, TimeoutError):
            self._unworded.add(1)
            self._from_ns = self._now_ns() + REST_NS
            return scene
        finally:
            self._underway -= 1
        self._tokens.spend(len(answer) / CHARS_A_TOKEN)
        told = await asyncio.to_thread(_told, answer, scene, messages, writer.model, screen)
        if told is None:
            self._unworded.add(1)
        return told or scene


def _written(writer: prose.Writer, asked: list[dict[str, str]]) -> str:
    with Unspoken("the writer of a dream"):
        return writer.write(asked, prose.TOKENS_MAX)


def _told(
    answer: str, scene: Scene, messages: Mapping[int, Message], model: str, screen: Screen
) -> Scene | None:
    """Return a scene as a model answered it; None where that may not be told."""
    try:
        with Unspoken("the wording of a dream"):
            told = prose.told(answer, scene, messages, model)
            return told if screen.refused(told) is None else None
    except HomeostatError:
        return None
