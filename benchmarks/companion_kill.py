"""Is an acknowledged message lost, or a file damaged, where the program that writes is killed 100 times?"""

import tempfile
import time
from pathlib import Path

from benchmarks.result import Result
from homeostat.companion.store.keys import MasterKey
from homeostat.testing.decrypted import damaged
from homeostat.testing.people_under_fire import KEY, set_on_fire

KILLS = 100


def run(_: Path | None) -> list[Result]:
    """Kill it, and compare all that it left with all that it said it had done."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        losses = set_on_fire(folder, KILLS, lambda: damaged(Path(folder), MasterKey.of(KEY, "key")))
    note = (
        f"{losses.kills} kills (kill -9) amid {losses.done} writes, edits, removals and forgettings, "
        f"{time.monotonic() - began:.0f} s; {losses.in_flight_kept} that were under way were kept, whole"
    )
    return [
        Result("acknowledged and not (wholly) there", losses.differences, "deeds", 0, "lower", note=note),
        Result("files damaged", losses.damaged, "files", 0, "lower", note="every page of every file is read"),
    ]
