"""What Homeostat lends: its own OpenTelemetry packages, for a program whose environment lacks them.

A finder at the very end of `sys.meta_path` serves only the packages that OpenTelemetry needs, and only
where the program's own environment has none. `sys.path` stays as it was, so that nothing else of
Homeostat's environment can be imported by chance.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from importlib.machinery import ModuleSpec
    from importlib.metadata import DistributionFinder, PathDistribution
    from types import ModuleType

MISSING = (
    "the model calls of this program are not recorded: {why}. Remedy: {python} -m pip install"
    " opentelemetry-sdk opentelemetry-exporter-otlp-proto-http opentelemetry-instrumentation-genai-openai"
)

_suffix = ""
_packages: dict[str, str] = {}
_distributions: list[str] = []


class _Lender:
    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        from importlib.machinery import PathFinder

        parents = name.split(".")[:-1]
        site = _packages.get(parents[0] if parents else name)
        return PathFinder.find_spec(name, ["/".join([site, *parents])]) if site else None

    def find_distributions(self, context: DistributionFinder.Context) -> Iterator[PathDistribution]:
        """Serve `importlib.metadata`, where entry points and versions are read from."""
        from importlib.metadata import PathDistribution
        from pathlib import Path

        if "path" not in vars(context):
            wanted = (context.name or "").replace("-", "_").lower()
            for folder in map(Path, _distributions):
                if wanted in ("", folder.name.partition("-")[0].lower()):
                    yield PathDistribution(folder)


def remember(launch: str) -> None:
    """Take in what `homeostat run` said that it can lend (`homeostat.app.launch.bundle`)."""
    global _suffix
    _suffix, *fields = launch.split("\t")
    for field in fields:
        package, equals, site = field.partition("=")
        if equals:
            _packages[package] = site
        else:
            _distributions.append(field)


def distributions() -> list[str]:
    """Return the metadata folders of what can be lent to this interpreter: all, or none."""
    return _distributions if _same_interpreter() else []


def lend() -> None:
    """Make Homeostat's packages importable behind all others; once, and only if they can run here."""
    foreign = set(_packages.values()) - set(sys.path)
    if foreign and _same_interpreter() and not any(isinstance(f, _Lender) for f in sys.meta_path):
        sys.meta_path.append(_Lender())


def missing(error: ImportError) -> str:
    """Say what cannot be imported, and what installs it."""
    version = ".".join(map(str, sys.version_info[:2]))
    why = f"{sys.executable} (Python {version}) cannot import {error.name or 'OpenTelemetry'} ({error})"
    return MISSING.format(why=why, python=sys.executable)


def uninstrumented(library: str) -> str:
    """Say that nothing instruments a library, and what would."""
    return MISSING.format(why=f"nothing installed instruments {library}", python=sys.executable)


def _same_interpreter() -> bool:
    """Compiled modules load only into the version, build and platform that they were made for."""
    from _imp import extension_suffixes

    return _suffix in extension_suffixes()[:1]
