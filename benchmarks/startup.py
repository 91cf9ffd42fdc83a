"""What does it cost to have Homeostat at all: import, first page, memory when idle, space on disk?"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distribution, packages_distributions
from pathlib import Path
from statistics import median
from urllib.request import urlopen

import psutil
from packaging.requirements import Requirement

from benchmarks.result import Result

REPEATS = 7

CPU_OF_IMPORT = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"


def cpu_of_import_ms(module: str) -> list[float]:
    """Return the CPU time of importing a module in fresh interpreters."""
    command = [sys.executable, "-c", CPU_OF_IMPORT.format(module)]
    return [float(subprocess.check_output(command)) * 1e3 for _ in range(REPEATS)]


def first_page_s() -> tuple[float, float]:
    """Return the time from starting `homeostat up` to its first whole page, and its memory when idle (MB)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).parent / "homeostat"), "up", "--port", str(port)]
        environment = {**os.environ, "HOMEOSTAT_STORE": str(Path(folder) / "h.db")}
        began = time.perf_counter()
        server = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment
        )
        try:
            while True:
                try:
                    with urlopen(f"http://127.0.0.1:{port}/", timeout=5) as page:
                        page.read()
                    break
                except OSError:
                    if time.perf_counter() - began > 60:
                        raise
                    time.sleep(0.01)
            took_s = time.perf_counter() - began
            time.sleep(5)
            return took_s, psutil.Process(server.pid).memory_info().rss / 1e6
        finally:
            server.terminate()
            server.wait(10)


def installed_mb() -> float:
    """Return the size of Homeostat and all that its default install brings, without pip."""
    wanted, seen = ["homeostat"], set[str]()
    size = 0
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        found = distribution(name)
        for text in found.requires or ():
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                wanted.append(requirement.name.lower().replace("_", "-"))
        for file in found.files or ():
            path = Path(str(file.locate()))
            if path.is_file():
                size += path.stat().st_size
    for package in packages_distributions():
        if package == "homeostat":
            import homeostat

            size += sum(p.stat().st_size for p in Path(homeostat.__file__).parent.rglob("*") if p.is_file())
    return size / 1e6


def run(data: Path | None) -> list[Result]:
    """Measure all of it."""
    import_ms = cpu_of_import_ms("homeostat")
    numpy_ms = cpu_of_import_ms("numpy")
    pages = [first_page_s() for _ in range(3)]
    page_s, idle_mb = [p for p, _ in pages], [m for _, m in pages]
    return [
        Result(
            "import homeostat, CPU", median(import_ms), "ms", 100, "lower",
            low=min(import_ms), high=max(import_ms), note=f"numpy alone {median(numpy_ms):.0f} ms",
        ),
        Result(
            "first page after `homeostat up`", median(page_s), "s", 2, "lower",
            low=min(page_s), high=max(page_s), note="Phoenix 18.7 s when measured for the design",
        ),
        Result(
            "memory of an idle server, RSS", median(idle_mb), "MB", 120, "lower",
            low=min(idle_mb), high=max(idle_mb), note="Phoenix 442 MB when measured for the design",
        ),
        Result(
            "installed size of the default install", installed_mb(), "MB", 250, "lower",
            note="Phoenix 773 MB, MLflow 802 MB when measured for the design",
        ),
    ]  # fmt: skip
