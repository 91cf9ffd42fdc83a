"""`homeostat run`, with real programs in processes of their own."""

import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from homeostat.testing.otlp_capture import OtlpCapture, attributes

Run = Callable[..., subprocess.CompletedProcess[str]]

OPENAI = """
import sys
import openai

client = openai.OpenAI(api_key="none", base_url=sys.argv[1], max_retries=0)
answer = client.chat.completions.create(
    model="simulated-small", messages=[{"role": "user", "content": "where do swallows go"}], max_tokens=12
)
print(answer.usage.prompt_tokens, answer.usage.completion_tokens)
"""

OWN_PROVIDER = """
import sys
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

exporter = InMemorySpanExporter()
def set_up():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
"""

NO_CALLS = "import sys; print(sys.argv[1:], sys.stdin.read())"


def test_an_uninstrumented_openai_program_shows_up_with_its_model_and_tokens(
    run: Run, capture: OtlpCapture, model_url: str
) -> None:
    done = run(OPENAI, model_url, options=("--service", "birds"))
    assert done.returncode == 0, done.stderr
    (span,) = capture.spans(at_least=1)
    found = attributes(span.attributes)
    assert found["gen_ai.request.model"] == "simulated-small"
    tokens = (found["gen_ai.usage.input_tokens"], found["gen_ai.usage.output_tokens"])
    assert " ".join(map(str, tokens)) == done.stdout.strip()
    assert capture.services() == {"birds"}


def test_a_release_that_is_said_reaches_the_program(run: Run) -> None:
    program = "import os; print(os.environ['HOMEOSTAT_RELEASE'], os.environ['OTEL_RESOURCE_ATTRIBUTES'])"
    done = run(program, options=("--release", "1.4.0"), env={"OTEL_RESOURCE_ATTRIBUTES": "team=x"})
    assert done.stdout == "1.4.0 team=x,service.version=1.4.0\n", done.stderr


@pytest.mark.long
def test_spans_arrive_when_the_program_ends_by_an_exception(
    run: Run, capture: OtlpCapture, model_url: str
) -> None:
    done = run(OPENAI + "\nraise RuntimeError('after the call')", model_url)
    assert done.returncode == 1
    assert "after the call" in done.stderr
    assert len(capture.spans(at_least=1)) == 1


@pytest.mark.long
def test_spans_arrive_from_python_processes_that_the_program_starts(
    run: Run, capture: OtlpCapture, model_url: str, tmp_path: Path
) -> None:
    inner = tmp_path / "inner.py"
    inner.write_text(OPENAI, encoding="utf-8")
    outer = (
        f"import subprocess, sys; subprocess.run([sys.executable, {str(inner)!r}, sys.argv[1]], check=True)"
    )
    assert run(outer, model_url).returncode == 0
    assert len(capture.spans(at_least=1)) == 1


@pytest.mark.long
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_spans_arrive_from_multiprocessing_workers(
    run: Run, capture: OtlpCapture, model_url: str, method: str
) -> None:
    program = f"""
import multiprocessing, sys

def work(url):
    import openai
    client = openai.OpenAI(api_key="none", base_url=url, max_retries=0)
    client.embeddings.create(model="simulated-embedding", input="swallows")

if __name__ == "__main__":
    make = multiprocessing.get_context("{method}").Process
    workers = [make(target=work, args=(sys.argv[1],)) for _ in range(2)]
    [w.start() for w in workers]
    [w.join() for w in workers]
"""
    assert run(program, model_url).returncode == 0
    assert len(capture.spans(at_least=2)) == 2


def test_arguments_stdin_stdout_and_the_exit_code_pass_through(run: Run) -> None:
    done = run(NO_CALLS + "; sys.exit(7)", "--flag", "-x", "two words", stdin="from a pipe")
    assert done.returncode == 7
    assert done.stdout == "['--flag', '-x', 'two words'] from a pipe\n"


def test_quiet_adds_nothing_to_what_the_program_says(run: Run) -> None:
    done = run("import sys; print('to stderr', file=sys.stderr)", options=("--quiet",))
    assert (done.stdout, done.stderr) == ("", "to stderr\n")


def test_the_interpreter_of_a_program_that_uses_none_of_it_is_left_as_it_was(run: Run) -> None:
    program = """
import sys
print([m for m in sys.modules if m.startswith(("opentelemetry", "openai", "json", "re"))])
print([p for p in sys.path if "inject" in p])
"""
    assert run(program).stdout == "[]\n[]\n"


def test_another_sitecustomize_still_runs(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "sitecustomize.py").write_text("import builtins; builtins.other_ran = True", encoding="utf-8")
    done = run(
        "import sitecustomize; print(other_ran, sitecustomize.__file__)", env={"PYTHONPATH": str(other)}
    )
    assert done.stdout == f"True {other / 'sitecustomize.py'}\n"


def test_what_the_user_has_set_of_opentelemetry_wins(run: Run, capture: OtlpCapture, model_url: str) -> None:
    own = {"OTEL_SERVICE_NAME": "mine", "OTEL_TRACES_EXPORTER": "none", "OTEL_METRIC_EXPORT_INTERVAL": "777"}
    shown = "\nimport os; print(*(os.environ[n] for n in sys.argv[2:]))"
    done = run(OPENAI + shown, model_url, *own, env=own)
    assert done.stdout.splitlines()[-1] == "mine none 777"
    assert capture.spans() == []


@pytest.mark.long
def test_the_token_is_not_sent_to_a_collector_of_the_users(
    run: Run, capture: OtlpCapture, model_url: str
) -> None:
    with OtlpCapture() as theirs:
        done = run(
            OPENAI,
            model_url,
            options=("--token", "secret-of-ours"),
            env={"OTEL_EXPORTER_OTLP_ENDPOINT": theirs.endpoint},
        )
        assert len(theirs.spans(at_least=1)) == 1
        assert not any("authorization" in headers for headers in theirs.headers)
    assert "OTEL_EXPORTER_OTLP_ENDPOINT" in done.stderr
    assert capture.spans() == []


def test_the_token_goes_with_what_is_sent_to_our_server(
    run: Run, capture: OtlpCapture, model_url: str
) -> None:
    run(OPENAI, model_url, options=("--token", "secret-of-ours"))
    capture.spans(at_least=1)
    assert {h.get("authorization") for h in capture.headers} == {"Bearer secret-of-ours"}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_program_that_sets_its_own_provider_is_not_doubled(
    run: Run, capture: OtlpCapture, model_url: str, when: str
) -> None:
    before, after = ("set_up()\n", "") if when == "before" else ("", "\nset_up()\n")
    head, call = OPENAI.split("client =", 1)
    program = OWN_PROVIDER + before + head + after + "client =" + call
    done = run(program + "\nprint(len(exporter.get_finished_spans()))", model_url)
    assert done.stdout.splitlines()[-1] == "1", done.stderr
    assert capture.spans() == []


@pytest.mark.long
def test_a_program_that_instruments_itself_is_not_doubled(
    run: Run, capture: OtlpCapture, model_url: str
) -> None:
    own = """
from opentelemetry.instrumentation.genai.openai import OpenAIInstrumentor
set_up()
OpenAIInstrumentor().instrument(tracer_provider=trace.get_tracer_provider())
"""
    head, call = OPENAI.split("client =", 1)
    program = OWN_PROVIDER + head + own + "client =" + call
    done = run(program + "\nprint(len(exporter.get_finished_spans()))", model_url)
    assert done.stdout.splitlines()[-1] == "1", done.stderr
    assert "already instrumented" not in done.stderr
    assert capture.spans() == []


def test_spans_that_a_program_makes_through_the_api_alone_arrive(run: Run, capture: OtlpCapture) -> None:
    program = """
from opentelemetry import trace
with trace.get_tracer("mine").start_as_current_span("by hand"):
    pass
"""
    assert run(program).returncode == 0
    assert [s.name for s in capture.spans(at_least=1)] == ["by hand"]


def test_broken_instrumentation_does_not_break_the_program(run: Run, model_url: str, tmp_path: Path) -> None:
    broken = tmp_path / "broken" / "openai_broken_instrumentation"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ValueError('this one is broken')", encoding="utf-8")
    info = broken.parent / "aaa_instrumentation_broken-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aaa-instrumentation-broken\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[opentelemetry_instrumentor]\nopenai = openai_broken_instrumentation:Instrumentor\n"
    )
    done = run(OPENAI, model_url, options=("--quiet",), env={"PYTHONPATH": str(broken.parent)})
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "this one is broken" in line


@pytest.mark.long
def test_a_server_that_is_gone_costs_one_line_and_no_exit_code(run: Run, model_url: str) -> None:
    gone = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    began = time.monotonic()
    done = run(OPENAI + "\nimport time; time.sleep(1.5)", model_url, options=("--quiet",), env=gone)
    assert done.returncode == 0
    assert time.monotonic() - began < 60
    assert "Traceback" not in done.stderr


@pytest.mark.long
def test_a_program_that_cannot_be_started_is_named(run: Run) -> None:
    done = run("", python="no-such-program-anywhere")
    assert done.returncode == 2
    assert "no-such-program-anywhere" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGTERM,
        pytest.param(signal.SIGINT, marks=pytest.mark.long),
        pytest.param(signal.SIGUSR1, marks=pytest.mark.long),
    ],
)
def test_a_signal_reaches_the_program_and_its_exit_code_comes_back(
    capture: OtlpCapture, tmp_path: Path, number: signal.Signals
) -> None:
    program = tmp_path / "waits.py"
    program.write_text(
        "import signal, sys\n"
        f"signal.signal({int(number)}, lambda *_: (print('told', flush=True), sys.exit(5)))\n"
        "print('ready', flush=True)\n"
        "while True: signal.pause()\n",
        encoding="utf-8",
    )
    with _started(capture, program) as started:
        try:
            started.send_signal(number)
            assert started.communicate(timeout=60)[0] == b"told\n"
        finally:
            started.kill()
        assert started.returncode == 5


def test_a_program_that_a_signal_ends_is_seen_as_ended_by_that_signal(
    capture: OtlpCapture, tmp_path: Path
) -> None:
    program = tmp_path / "waits.py"
    program.write_text("print('ready', flush=True); import signal; signal.pause()", encoding="utf-8")
    with _started(capture, program) as started:
        started.terminate()
        started.communicate(timeout=60)
        assert started.returncode == -signal.SIGTERM


def _started(capture: OtlpCapture, program: Path) -> "subprocess.Popen[bytes]":
    """Start a program that says 'ready' first, in a session of its own, and wait for that."""
    command = [sys.executable, "-m", "homeostat.app.cli.main", "run", "-q", "--endpoint", capture.endpoint]
    started = subprocess.Popen(
        [*command, "--", sys.executable, str(program)],
        stdout=subprocess.PIPE,
        env={k: v for k, v in os.environ.items() if not k.startswith(("OTEL_", "HOMEOSTAT_"))},
        start_new_session=True,
    )
    assert started.stdout is not None
    assert started.stdout.readline() == b"ready\n"
    return started


@pytest.mark.long
def test_the_keyboards_interrupt_reaches_the_program_once(capture: OtlpCapture, tmp_path: Path) -> None:
    program = tmp_path / "counts.py"
    program.write_text(
        "import signal, time\n"
        "heard = []\n"
        "signal.signal(signal.SIGINT, lambda *_: heard.append(1))\n"
        "print('ready', flush=True)\n"
        "end = time.monotonic() + 60.0\n"
        "while not heard and time.monotonic() < end: time.sleep(0.05)\n"
        "time.sleep(1.0)\n"
        "print('heard', len(heard), flush=True)\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "homeostat.app.cli.main", "run", "-q", "--endpoint", capture.endpoint]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [*command, "--", sys.executable, str(program)])
    said = b""
    interrupted = False
    while not (counted := re.search(rb"heard (\d+)\r\n", said)):  # a terminal gives what it has, in pieces
        said += os.read(terminal, 1_000)
        if b"ready" in said and not interrupted:
            os.write(terminal, b"\x03")
            interrupted = True
    os.waitpid(pid, 0)
    os.close(terminal)
    assert counted[1] == b"1"


@pytest.mark.long
def test_what_the_program_uses_is_seen_from_outside(run: Run, capture: OtlpCapture) -> None:
    busy = "import time\nend = time.monotonic() + 2.5\nwhile time.monotonic() < end: sum(range(10_000))"
    assert run(busy).returncode == 0
    seen = capture.metrics("process.cpu.usage")
    assert {"process.cpu.usage", "process.memory.usage", "process.threads"} <= seen
