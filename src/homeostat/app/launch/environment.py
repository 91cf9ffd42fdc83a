"""The environment that a program is started with: OpenTelemetry's standard names, and ours."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath
from urllib.parse import quote

from homeostat.app.launch.bundle import Bundle

INJECT = Path(__file__).parent / "inject"

LIVE: dict[str, str] = {
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    "OTEL_TRACES_EXPORTER": "otlp",
    "OTEL_METRICS_EXPORTER": "otlp",
    "OTEL_LOGS_EXPORTER": "otlp",
    "OTEL_BSP_SCHEDULE_DELAY": "500",
    "OTEL_BLRP_SCHEDULE_DELAY": "500",
    "OTEL_METRIC_EXPORT_INTERVAL": "2000",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION": "base2_exponential_bucket_histogram",
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
}
"""Everything out within a second or two, histograms without loss, today's names for calls to models."""

ENDPOINTS = tuple(f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT" for signal in ("", "TRACES_", "METRICS_", "LOGS_"))


@dataclass(frozen=True, slots=True)
class Destination:
    """The server that a program reports to, and the name and release it reports under."""

    endpoint: str
    service: str
    token: str | None = None
    release: str = ""


def child_environment(base: Mapping[str, str], to: Destination, lent: Bundle) -> dict[str, str]:
    """Return the environment of the program. What `base` sets stays as it is; the release is
    added to the attributes of its resource if they name none.

    The token goes out only if every address is ours: never to a collector that the user has named.
    """
    added = {**LIVE, "HOMEOSTAT_ENDPOINT": to.endpoint, "HOMEOSTAT_SERVICE": to.service}
    if "service.name=" not in base.get("OTEL_RESOURCE_ATTRIBUTES", ""):
        added["OTEL_SERVICE_NAME"] = to.service
    added["OTEL_EXPORTER_OTLP_ENDPOINT"] = to.endpoint
    if to.token:
        if "HOMEOSTAT_ENDPOINT" not in base:
            added["HOMEOSTAT_TOKEN"] = to.token
        if not any(name in base for name in ENDPOINTS):
            added["OTEL_EXPORTER_OTLP_HEADERS"] = "authorization=" + quote(f"Bearer {to.token}")
    environment = {**added, **base}
    if to.release:
        release = environment.setdefault("HOMEOSTAT_RELEASE", to.release)
        resource = base.get("OTEL_RESOURCE_ATTRIBUTES", "")
        if "service.version=" not in resource:
            said = [resource] if resource else []
            environment["OTEL_RESOURCE_ATTRIBUTES"] = ",".join(
                [*said, "service.version=" + quote(release, safe="")]
            )
    environment["HOMEOSTAT_LAUNCH"] = str(lent)
    paths = [p for p in base.get("PYTHONPATH", "").split(os.pathsep) if p and p != str(INJECT)]
    environment["PYTHONPATH"] = os.pathsep.join([str(INJECT), *paths])
    return environment


def elsewhere(base: Mapping[str, str], endpoint: str) -> str | None:
    """Return the variable that sends OpenTelemetry's data somewhere else than to `endpoint`, if one does."""
    return next((n for n in ENDPOINTS if base.get(n) and not base[n].startswith(endpoint.rstrip("/"))), None)


def service_of(command: list[str]) -> str:
    """Name the service after the program.

    >>> service_of(["python", "-u", "src/answer.py", "--fast"]), service_of(["python3.12", "-m", "shop.web"])
    ('answer', 'shop.web')
    >>> service_of(["/usr/bin/uvicorn", "main:app"]), service_of(["python", "-c", "print()"])
    ('uvicorn', 'python')
    """
    program = PurePath(command[0]).name
    if program.startswith(("python", "pypy")):
        for i, argument in enumerate(command[1:], 1):
            if argument == "-m" and i + 1 < len(command):
                return command[i + 1]
            if argument == "-c":
                return "python"
            if not argument.startswith("-") and command[i - 1] not in ("-W", "-X"):
                return PurePath(argument).stem
    return PurePath(program).stem or program
