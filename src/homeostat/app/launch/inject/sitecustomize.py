"""Python runs this at the start of every interpreter under `homeostat run`, by way of PYTHONPATH.

It switches instrumentation on, takes its own folder off `sys.path`, and hands on to the
`sitecustomize` that would have run without it.
"""

import os
import sys


def _next_sitecustomize() -> None:
    if not any(os.path.exists(f"{path}/sitecustomize.py") for path in sys.path):  # noqa: PTH110 - pathlib is slow
        return
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    spec = PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        module = module_from_spec(spec)
        sys.modules["sitecustomize"] = module
        spec.loader.exec_module(module)


if "HOMEOSTAT_LAUNCH" in os.environ and sys.version_info >= (3, 9):
    __import__("_homeostat_child").activate(os.environ["HOMEOSTAT_LAUNCH"])
    _here = os.path.realpath(__file__ + "/..")
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != _here]
    _next_sitecustomize()
