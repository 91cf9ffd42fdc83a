"""Run the benchmarks and print every bar: `python -m benchmarks [NAME ...] [--data DIR] [--json]`."""

import argparse
import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.result import Result

HERE = Path(__file__).parent


def names() -> list[str]:
    """Return the benchmarks that there are: the files of this folder that can be run."""
    return sorted(p.stem for p in HERE.glob("*.py") if "\ndef run(" in p.read_text(encoding="utf-8"))


def number(value: float) -> str:
    """Show a figure with three significant digits, or whole when it is large."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def line(result: Result) -> str:
    """Show one result on one line: verdict, figure with spread, bar, ratio."""
    verdict = {True: "holds ", False: "MISSES", None: "      "}[result.holds]
    spread = (
        f" [{number(result.low)}, {number(result.high)}]"
        if result.low is not None and result.high is not None
        else ""
    )
    bar = (
        f"  bar {'<=' if result.better == 'lower' else '>='} {number(result.bar)}"
        if result.bar is not None
        else ""
    )
    ratio = f"  {result.ratio:.1f}x better than {result.peer}" if result.ratio is not None else ""
    note = f"  ({result.note})" if result.note else ""
    return f"  {verdict}  {result.question}: {number(result.value)}{spread} {result.unit}{bar}{ratio}{note}"


def main() -> int:
    """Run what was asked for; exit 1 if a bar is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"any of: {', '.join(names())} (default: all)"
    )
    parser.add_argument("--data", type=Path, default=None, help="folder with real inputs")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(names())
    if unknown:
        parser.error(f"no benchmark named {', '.join(sorted(unknown))}; there are {', '.join(names())}")
    data = arguments.data if arguments.data and arguments.data.is_dir() else None
    if not arguments.json:
        print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}")
    found: dict[str, list[Result]] = {}
    for name in arguments.names or names():
        if not arguments.json:
            print(f"\n{name}", flush=True)
        found[name] = importlib.import_module(f"benchmarks.{name}").run(data)
        if not arguments.json:
            print("\n".join(line(r) for r in found[name]), flush=True)
    if arguments.json:
        print(
            json.dumps(
                {name: [asdict(r) | {"holds": r.holds} for r in rs] for name, rs in found.items()}, indent=2
            )
        )
    missed = [r for rs in found.values() for r in rs if r.holds is False]
    if not arguments.json:
        print(
            f"\n{sum(r.holds is True for rs in found.values() for r in rs)} bars hold, {len(missed)} missed."
        )
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
