"""Sources that record when something happens: each gives just what the catalogue promises of it."""

import ast
import http.server
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

import homeostat
from homeostat.app.scrape import Scraper
from homeostat.core.clock import SystemClock
from homeostat.core.losses import Losses
from homeostat.core.query import SeriesQuery
from homeostat.core.series import SeriesKey
from homeostat.core.span import LlmCall, Span
from homeostat.evaluate.evaluators import names
from homeostat.loop.homeostat import Homeostat
from homeostat.observe.catalogue import SOURCES, load_catalogue
from homeostat.observe.ingest.derive import Deriver
from homeostat.observe.ingest.intake import Intake
from homeostat.observe.registry import Registry
from homeostat.prove.load.load_meter import LoadMeter
from homeostat.store.open import open_store
from homeostat.testing.eventually import until

CATALOGUE = load_catalogue()
EVERYTHING = SeriesQuery(0, 2**62)


def assert_all_of(sources: set[str], found: Iterable[SeriesKey]) -> None:
    by_metric = {key.metric: (key.kind, key.unit) for key in found}
    promised = {m.name: (m.kind, m.unit) for m in CATALOGUE.values() if m.collector in sources}
    assert by_metric == promised


def series_of(registry: Registry) -> list[SeriesKey]:
    return [p.series for p in registry.fold(0, 1)]


def span(error: str, llm: LlmCall | None) -> Span:
    return Span(b"t" * 16, b"s" * 8, b"", "n", "answer", "shop", "internal", 10**18, 10**9, error, llm=llm)


CALLS = (
    LlmCall("chat", "openai", "gpt-4o", "gpt-4o", 10, 5, 1, 1, 1, 10**8, streaming=True, cost_usd=0.01),
    LlmCall("chat", "nobody", "unheard-of", "unheard-of", 10, 5),
)


def call_a_model(hs: Homeostat, model: str, provider: str, error: Exception | None) -> None:
    with hs.llm(model, provider) as call:
        call.first_token()
        call.usage(input_tokens=10, output_tokens=5)
        if error is not None:
            raise error


def test_operations_and_calls_recorded_in_the_process(tmp_path: Path) -> None:
    path = tmp_path / "h.db"
    with Homeostat("shop", store=path, collect=False) as hs:
        with pytest.raises(KeyError), hs.operation("answer"):
            raise KeyError("a")
        with pytest.raises(TimeoutError):
            call_a_model(hs, "gpt-4o", "openai", TimeoutError())
        call_a_model(hs, "unheard-of", "nobody", None)
        with hs.operation("answer"), hs.llm("unheard-of", "nobody"):
            hs.flush()
        hs.counter("broken").add(float("nan"))
        hs.flush()
    store = open_store(str(path))
    found = [k for k in store.read(EVERYTHING) if k.metric != "broken"]
    store.close()
    assert_all_of({"operations", "llm", "in flight", "homeostat"}, found)


def test_operations_and_calls_received_as_spans() -> None:
    priced, unpriced = CALLS
    spans = [span("", None), span("KeyError", None), span("timeout", priced), span("", unpriced)]
    points = Deriver(Losses(), 100).points(spans, 0)
    assert_all_of({"operations", "llm"}, (p.series for p in points))


def test_the_loop(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text('[objective]\nimprove = "p95(duration)"\n')
    found: set[SeriesKey] = set()
    with open_store(tmp_path / "h.db") as store, Homeostat("shop", store=store, collect=False) as hs:
        hs.knob("batch", 8, low=1, high=64)
        hs.govern(policy)

        def governs() -> bool:
            hs.flush()
            found.update(key for key in store.read(EVERYTHING) if key.metric.startswith("loop."))
            return len({key.metric for key in found}) >= 2

        until(governs)
    assert_all_of({"loop"}, found)


def test_the_load_generator() -> None:
    with Homeostat("shop", keep=False, collect=False) as hs:
        meter = LoadMeter(hs)
        meter.sent(0.1, 1)
        meter.ended(5.0, "timeout", 0)
        found = [k for k in series_of(hs.registry) if k.metric.startswith("load.")]
    assert_all_of({"load"}, found)


def test_the_receiver() -> None:
    registry = Registry(Losses())
    intake = Intake(registry, "homeostat")
    intake.took(100, 2, 1_000)
    intake.refused("malformed")
    assert_all_of({"ingest"}, series_of(registry))


class Target(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"# TYPE up gauge\nup 1\n"
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


def test_the_scraper() -> None:
    losses = Losses()
    registry = Registry(losses)
    with http.server.HTTPServer(("127.0.0.1", 0), Target) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        target = f"http://127.0.0.1:{server.server_port}/metrics"
        Scraper((target,), lambda batch: True, registry, losses, SystemClock()).scrape()
        server.shutdown()
        thread.join()
    assert losses.totals() == {}
    assert_all_of({"scrape"}, series_of(registry))


OF_THE_RUNTIME = {
    *("caches", "batches", "limits", "pools", "tools", "jobs", "embedders"),
    *("bus", "shared state", "guard", "experience"),
}


@pytest.mark.parametrize(
    ("sources", "folders"),
    [
        ({"caches"}, ("runtime/cache",)),
        ({"batches"}, ("runtime/batching",)),
        ({"limits"}, ("runtime/limits",)),
        ({"pools"}, ("runtime/pools",)),
        ({"tools"}, ("runtime/tools",)),
        ({"jobs"}, ("runtime/jobs",)),
        ({"embedders"}, ("runtime/embed",)),
        ({"bus"}, ("runtime/bus",)),
        ({"shared state"}, ("runtime/state",)),
        ({"guard"}, ("runtime/guarding",)),
        ({"experience"}, ("runtime/experience",)),
        (OF_THE_RUNTIME, ("runtime",)),
        ({"prompts"}, ("prompts",)),
        ({"dreams"}, ("companion/dream",)),
        ({"companion", "dreams", "crisis desk", "security"}, ("companion", "app/companion")),
    ],
    ids=lambda found: " ".join(sorted(found)),
)
def test_parts_that_applications_use(sources: set[str], folders: tuple[str, ...]) -> None:
    """They record as they are used, as their own tests show; here: all that they can record is promised."""
    promised = {m.name: (m.kind.value, m.unit) for m in CATALOGUE.values() if m.collector in sources}
    root = Path(homeostat.__file__).parent
    recorded = {k: v for folder in folders for k, v in recorded_under(root / folder).items()}
    assert recorded == {name: {as_promised} for name, as_promised in promised.items()}


def test_evaluators() -> None:
    """Each evaluator that is shipped has its metric; the rest is what judging them says of itself."""
    promised = {m.name: (m.kind.value, m.unit) for m in CATALOGUE.values() if m.collector == "evaluators"}
    root = Path(homeostat.__file__).parent
    recorded = recorded_under(root / "loop" / "evaluating")
    recorded |= {f"quality.{name}": {("histogram", "ratio")} for name in names()}
    assert recorded.items() <= {name: {as_promised} for name, as_promised in promised.items()}.items()
    counted = "evaluate.dropped", "evaluate.failed", "evaluate.silent"
    assert promised.keys() - recorded.keys() == set(counted)
    assert {promised[name] for name in counted} == {("counter", "1")}
    meter = (root / "loop" / "evaluating" / "meter.py").read_text(encoding="utf-8")
    assert all(f'"{name}"' in meter for name in counted)


def recorded_under(folder: Path) -> dict[str, set[tuple[str, str]]]:
    """Return kind and unit of each metric that code asks a handle for, by a name that stands there."""
    found: dict[str, set[tuple[str, str]]] = {}
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            named = len(node.args) == 2 and isinstance(node.args[0], ast.Constant)
            if node.func.attr in ("counter", "gauge", "histogram") and named:
                name, unit = (ast.literal_eval(argument) for argument in node.args)
                found.setdefault(name, set()).add((node.func.attr, unit))
    return found


def test_every_source_is_tested_here_or_with_the_collectors() -> None:
    tested = {"operations", "llm", "homeostat", "load", "ingest", "scrape", "collectors", "application"}
    tested |= {"in flight", "loop", "prompts", "companion", "dreams", "crisis desk", "security", "evaluators"}
    assert tested | OF_THE_RUNTIME == set(SOURCES)
