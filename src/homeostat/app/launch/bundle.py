"""The bundle: which of Homeostat's own packages it can lend to a program that has no OpenTelemetry."""

import re
from dataclasses import dataclass
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.metadata import Distribution, PackageNotFoundError, distribution

ROOTS = (
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation",
    "opentelemetry-instrumentation-genai-openai",
)
"""What a program needs to be observed; what these require comes along."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """The folder that each importable package lies in, the folders of metadata, and who can load them.

    `suffix` is that of compiled modules (`.cpython-311-x86_64-linux-gnu.so`): an interpreter with
    another one cannot load them.
    """

    suffix: str
    packages: dict[str, str]
    distributions: tuple[str, ...]

    def __str__(self) -> str:
        """Return the text that the program's environment carries as HOMEOSTAT_LAUNCH: fields between tabs."""
        return "\t".join((self.suffix, *(f"{p}={s}" for p, s in self.packages.items()), *self.distributions))


def bundle() -> Bundle:
    """Gather what this environment can lend (about 20 ms)."""
    packages: dict[str, str] = {}
    folders: list[str] = []
    for dist in _closure():
        site = str(dist.locate_file(""))
        for file in dist.files or ():
            top = file.parts[0]
            if top.endswith(".dist-info"):
                folder = str(dist.locate_file(top))
                if folder not in folders:
                    folders.append(folder)
            elif file.suffix in (".py", ".so") and top != "..":
                packages.setdefault(top.split(".")[0], site)
    return Bundle(EXTENSION_SUFFIXES[0], packages, tuple(folders))


def _closure() -> list[Distribution]:
    """The roots and everything that they require, without extras; what a marker left out is skipped."""
    found: dict[str, Distribution] = {}
    wanted = list(ROOTS)
    while wanted:
        name = re.sub(r"[-_.]+", "-", wanted.pop()).lower()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue
        for requirement in found[name].requires or ():
            named = re.match(r"[\w.-]+", requirement)
            if named and "extra ==" not in requirement:
                wanted.append(named.group())
    return list(found.values())
