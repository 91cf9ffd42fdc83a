"""How long after the kill switch has every knob its default again?"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.result import Result
from homeostat import Homeostat
from homeostat.act.knobs.knob_handle import KnobHandle
from homeostat.core.errors import StoreError
from homeostat.core.losses import Losses
from homeostat.core.metric import Better
from homeostat.core.objective import Measure, Objective, Summary, Term
from homeostat.core.order import Mode, Pin, Restore
from homeostat.loop.governing.order_box import OrderBox
from homeostat.loop.policy.policy import Policy
from homeostat.store.open import open_store

TIMES = 20
BAR_S = 1.0
GIVE_UP_S = 10.0


def run(data: Path | None) -> list[Result]:
    """Turn a knob of a running application, restore it, and wait until the application reads the default."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        kill_file = path.with_name(path.name + ".restore")
        with Homeostat("app", store=path, collect=False) as hs:
            knob = hs.knob("batch", 8, low=1, high=64)
            hs.govern(
                Policy(Objective((Term(Measure("duration", Summary.MEAN, Better.LOWER)),)), mode=Mode.ACT)
            )
            store = open_store(path)
            box = OrderBox(store, "app", Losses())
            ordered = [
                _took(box, knob, lambda: box.post(Restore(by="ann"), time.time_ns())) for _ in range(TIMES)
            ]
            filed = []
            for _ in range(TIMES):
                filed.append(_took(box, knob, kill_file.touch))
                kill_file.unlink()
            store.close()
    return [
        _result("kill switch: command or page until the default is read, slowest", ordered),
        _result("kill switch: file until the default is read, slowest", filed),
    ]


def _took(box: OrderBox, knob: KnobHandle[int], kill: Callable[[], object]) -> float:
    """Return the seconds from the switch to the default."""
    box.post(Pin(by="ann", knob="batch", value=32), time.time_ns())
    _wait(knob, 32)
    begin = time.perf_counter()
    kill()
    _wait(knob, 8)
    return time.perf_counter() - begin


def _wait(knob: KnobHandle[int], value: int) -> None:
    end = time.perf_counter() + GIVE_UP_S
    while knob.get() != value:
        if time.perf_counter() > end:
            raise StoreError(f"the knob did not come to {value} within {GIVE_UP_S:g} s")
        time.sleep(0.002)


def _result(name: str, seconds: list[float]) -> Result:
    return Result(
        name,
        max(seconds),
        "s",
        BAR_S,
        "lower",
        note=f"{len(seconds)} times, median {statistics.median(seconds):.2f} s; two looks a second",
    )
