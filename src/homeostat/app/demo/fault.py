"""The fault of the demo: after a while the simulated model turns slow, and the prompts grow."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import httpx2

BEGINS_S_MAX, BEGINS_SHARE = 25.0, 0.25
"""When the fault begins: after so many seconds, in a short demo after this share of it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong on purpose, and after how many seconds of load.

    The model takes `slow_down` times as long. To each passage come `clutter_words`, as from a page whose
    navigation and footers were taken for its text.
    """

    begins_s: float
    slow_down: float = 1.5
    clutter_words: int = 1_000

    @property
    def words(self) -> str:
        """What goes wrong, in words."""
        return (
            f"a simulated fault: the model takes {self.slow_down:g} times as long, and each passage comes "
            f"with {self.clutter_words} words of clutter, so that the prompts grow"
        )


def fault_for(seconds: float) -> Fault:
    """Return the fault of a demo that lasts so long."""
    return Fault(min(BEGINS_S_MAX, BEGINS_SHARE * seconds))


async def befall(fault: Fault, model_url: str, assistant_url: str, tell: Callable[[str], None]) -> None:
    """Wait until the fault is due and bring it about."""
    await asyncio.sleep(fault.begins_s)
    async with httpx2.AsyncClient(timeout=10.0, trust_env=False) as http:
        try:
            for url, what in (
                (model_url, {"slow_down": fault.slow_down}),
                (assistant_url, {"clutter_words": fault.clutter_words}),
            ):
                (await http.patch(f"{url}/simulated/faults", json=what)).raise_for_status()
        except httpx2.HTTPError as error:
            tell(f"the simulated fault could not be brought about: {error}")
        else:
            tell(fault.words)
