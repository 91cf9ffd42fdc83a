"""What runs inside a program under `homeostat run`.

Every Python process pays for what is imported here at its start, so that it is little: no `re`, `json`,
`typing`, `pathlib`. A program that uses neither OpenTelemetry nor a library that can be instrumented
pays for nothing more than a listing of the folders that it imports from.
"""

from __future__ import annotations

import os
import sys

from .guard import guarded

_active = False


def activate(launch: str) -> None:
    """Arrange for instrumentation to begin when a library that has one is imported; once a process.

    `launch` is the text of `homeostat.app.launch.bundle.Bundle`.
    """
    global _active
    if _active or os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return
    _active = True
    guarded("observing this program", lambda: _arrange(launch))


def _arrange(launch: str) -> None:
    from . import instrumentors, lent, provider
    from .import_hook import when_imported

    lent.remember(launch)
    when_imported("opentelemetry.trace", provider.defer)
    when_imported("mcp", provider.preload)
    when_imported("multiprocessing.util", provider.flush_workers)
    for library, found in instrumentors.by_library(sys.path).items():
        when_imported(library, found.instrument)
