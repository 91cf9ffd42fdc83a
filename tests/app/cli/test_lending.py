"""A program whose environment lacks OpenTelemetry: what Homeostat lends it, and what it says if it cannot."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from homeostat.app.launch.bundle import Bundle, bundle
from homeostat.app.launch.environment import Destination, child_environment, elsewhere
from homeostat.testing.otlp_capture import OtlpCapture

BARE = Path(sys.base_prefix) / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
"""The interpreter that this environment was made from: it has nothing installed that we need."""

PROGRAM = """
import mcp
from opentelemetry import trace
with trace.get_tracer("mine").start_as_current_span("lent"):
    pass
try:
    import msgspec
except ImportError:
    print("nothing else is lent")
"""


def run_bare(lent: Bundle, to: str, folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Run a program that has an `mcp` and an `openai` of its own, in an interpreter without packages."""
    for library in ("mcp", "openai"):
        (folder / f"{library}.py").write_text("", encoding="utf-8")
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder)}
    return subprocess.run(
        [str(BARE), "-c", program],
        env=child_environment(base, Destination(to, "bare"), lent),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


needs_bare = pytest.mark.skipif(not BARE.exists(), reason=f"{BARE} is not there")


@needs_bare
def test_a_bare_environment_is_lent_opentelemetry_and_nothing_else(tmp_path: Path) -> None:
    with OtlpCapture() as capture:
        done = run_bare(bundle(), capture.endpoint, tmp_path, PROGRAM)
        assert done.stdout == "nothing else is lent\n", done.stderr
        assert done.stderr == ""
        assert [s.name for s in capture.spans(at_least=1)] == ["lent"]


@needs_bare
@pytest.mark.parametrize("library", ["mcp", "openai"])
def test_another_interpreter_is_told_what_to_install(tmp_path: Path, library: str) -> None:
    other = Bundle(".cpython-27-none.so", bundle().packages, bundle().distributions)
    done = run_bare(other, "http://127.0.0.1:9", tmp_path, f"import {library}; print('goes on')")
    assert done.stdout == "goes on\n"
    (line,) = done.stderr.splitlines()
    assert f"{BARE} -m pip install opentelemetry-sdk" in line


def test_the_bundle_holds_all_that_its_packages_require() -> None:
    names = {Path(folder).name.split("-")[0] for folder in bundle().distributions}
    assert {"opentelemetry_sdk", "opentelemetry_api", "protobuf", "wrapt", "requests"} <= names
    assert set(bundle().packages) >= {"opentelemetry", "google", "wrapt", "requests"}
    assert "homeostat" not in bundle().packages


def test_what_is_set_stays_and_what_is_not_is_added() -> None:
    to = Destination("http://127.0.0.1:4318", "shop", "secret")
    base = {"OTEL_SERVICE_NAME": "mine", "PYTHONPATH": "/x"}
    made = child_environment(base, to, Bundle(".so", {}, ()))
    assert made["OTEL_SERVICE_NAME"] == "mine"
    assert made["PYTHONPATH"].endswith(os.pathsep + "/x")
    assert made["OTEL_EXPORTER_OTLP_ENDPOINT"] == to.endpoint
    assert made["OTEL_EXPORTER_OTLP_HEADERS"] == "authorization=Bearer%20secret"


def test_a_name_within_the_resource_attributes_counts_as_set() -> None:
    made = child_environment(
        {"OTEL_RESOURCE_ATTRIBUTES": "service.name=mine"},
        Destination("http://x:1", "shop"),
        Bundle("", {}, ()),
    )
    assert "OTEL_SERVICE_NAME" not in made


@pytest.mark.parametrize(
    ("base", "otel", "own"),
    [
        ({}, "service.version=1.4%2Bab", "1.4+ab"),
        (
            {"OTEL_RESOURCE_ATTRIBUTES": "team=x"},
            "team=x,service.version=1.4%2Bab",
            "1.4+ab",
        ),
        ({"OTEL_RESOURCE_ATTRIBUTES": "service.version=9"}, "service.version=9", "1.4+ab"),
        ({"HOMEOSTAT_RELEASE": "9"}, "service.version=9", "9"),
    ],
)
def test_a_release_is_told_in_both_ways_and_overrides_none_of_the_users(
    base: dict[str, str], otel: str, own: str
) -> None:
    to = Destination("http://x:1", "shop", release="1.4+ab")
    made = child_environment(base, to, Bundle("", {}, ()))
    assert (made["OTEL_RESOURCE_ATTRIBUTES"], made["HOMEOSTAT_RELEASE"]) == (otel, own)


def test_without_a_release_none_is_told() -> None:
    made = child_environment({}, Destination("http://x:1", "shop"), Bundle("", {}, ()))
    assert not {"OTEL_RESOURCE_ATTRIBUTES", "HOMEOSTAT_RELEASE"} & made.keys()


def test_data_that_goes_elsewhere_is_noticed() -> None:
    ours = "http://127.0.0.1:4318"
    assert elsewhere({"OTEL_EXPORTER_OTLP_ENDPOINT": ours + "/"}, ours) is None
    assert elsewhere({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://other/v1/traces"}, ours) is not None
