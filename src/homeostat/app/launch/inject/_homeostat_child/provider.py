"""The tracer provider: OpenTelemetry's own SDK, set up from the environment at the first span.

Until then the program may set a provider itself; then that one is used, and nothing of ours is added.
"""

from __future__ import annotations

import os
import sys
from _thread import RLock

from . import lent
from .guard import guarded, tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TIMEOUT_S = 3.0
ONCE_EACH = ("trace_exporter", "metric_exporter", "_log_exporter", "_common")


class _Decision:
    """Whether it is settled who provides tracers; `begun` is for the deciding thread, should it ask again."""

    lock = RLock()
    begun = False
    done = False


def preload() -> bool:
    """Import the SDK now, so that the program's first call does not wait for it; False if there is none."""
    lent.lend()
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk._configuration  # noqa: F401
    except ImportError as error:
        tell(lent.missing(error))
        return False
    return True


def configure() -> None:
    """Set the SDK up, unless the program has done so; only the first call does anything."""
    if _Decision.done:
        return
    with _Decision.lock:
        if not _Decision.begun:
            _Decision.begun = True
            from opentelemetry import trace

            if trace._TRACER_PROVIDER is None and preload():
                guarded("setting OpenTelemetry up", _set_up)
            _Decision.done = True


def _set_up() -> None:
    from importlib.metadata import entry_points

    from opentelemetry.sdk._configuration import _OTelSDKConfigurator

    class Configurator(_OTelSDKConfigurator):
        """The SDK's configurator wants to be subclassed."""

    _quieten()
    if tuple(entry_points(group="opentelemetry_configurator")):  # a distribution that the user installed
        from importlib import import_module

        load = import_module("opentelemetry.instrumentation.auto_instrumentation._load")
        load._load_distro().configure()
        load._load_configurators()
    else:
        make: Any = Configurator
        make().configure(**_patience())


def _patience() -> dict[str, Any]:
    """Shorten how long a server that is gone holds the program up when it ends, unless the user has set it.

    The environment cannot say so: `OTEL_EXPORTER_OTLP_TIMEOUT` is in seconds for Python's SDK and in ms for
    others, and the program may start other languages'.
    """
    if any(name.startswith("OTEL_EXPORTER_OTLP") and name.endswith("_TIMEOUT") for name in os.environ):
        return {}
    from inspect import signature

    from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk import _configuration

    if "exporter_args_map" not in signature(_configuration._initialize_components).parameters:
        return {}
    exporters = (OTLPSpanExporter, OTLPMetricExporter, OTLPLogExporter)
    return {"exporter_args_map": {exporter: {"timeout": TIMEOUT_S} for exporter in exporters}}


def _quieten() -> None:
    """Let each logger of the exporters speak once: a server that is gone must not flood the terminal."""
    import logging

    def once() -> Any:
        spoken: list[bool] = []

        def first(record: logging.LogRecord) -> bool:
            record.exc_info, record.exc_text = None, None
            spoken.append(True)
            return len(spoken) == 1

        return first

    for module in ONCE_EACH:
        logging.getLogger(f"opentelemetry.exporter.otlp.proto.http.{module}").addFilter(once())


def defer() -> None:
    """Replace the API's placeholder for "no provider yet" with one that sets the SDK up when it is needed.

    It stays a placeholder for all who ask (`isinstance(..., ProxyTracerProvider)`), so that a program
    that sets a provider of its own finds none in its way.
    """
    from opentelemetry import trace

    class DeferredTracer(trace.ProxyTracer):
        @property
        def _tracer(self) -> trace.Tracer:
            configure()
            return super()._tracer

    class DeferredTracerProvider(trace.ProxyTracerProvider):
        def get_tracer(self, *args: Any, **kwargs: Any) -> trace.Tracer:
            if trace._TRACER_PROVIDER is not None:
                return trace._TRACER_PROVIDER.get_tracer(*args, **kwargs)
            return DeferredTracer(*args, **kwargs)

    trace._PROXY_TRACER_PROVIDER = DeferredTracerProvider()


def flush_workers() -> None:
    """Flush at the end of a `multiprocessing` worker, which leaves without running `atexit`."""
    from multiprocessing import util

    def in_worker(_: object) -> None:
        util.Finalize(None, _flush, exitpriority=0)

    util.register_after_fork(flush_workers, in_worker)


def _flush() -> None:
    provider = getattr(sys.modules.get("opentelemetry.trace"), "_TRACER_PROVIDER", None)
    force_flush = getattr(provider, "force_flush", None)
    if force_flush is not None:
        guarded("sending the last spans", lambda: force_flush(2_000))
