"""The demo from end to end, as a user starts it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from homeostat.app.demo.demo import POLICY
from homeostat.core.order import Mode
from homeostat.loop.policy.policy_file import load_policy
from homeostat.testing.eventually import until

CODE = "import sys; from homeostat.app.demo.demo import run_demo; sys.exit(run_demo({arguments}))"


def demo(arguments: str, output: Path) -> "subprocess.Popen[bytes]":
    with output.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-c", CODE.format(arguments=arguments)],
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "TMPDIR": str(output.parent), "COLUMNS": "140"},
        )


def descendants(process: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def gone(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


@pytest.mark.long
def test_it_says_where_the_page_is_and_ends_with_a_summary(tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = demo("8", output)
    until(lambda: b"http://127.0.0.1" in output.read_bytes())
    spent = psutil.Process(process.pid).cpu_times()
    assert spent.user + spent.system < 4, "seconds of one core until it says where the page is"
    until(lambda: b"Load is coming" in output.read_bytes())
    children = descendants(process)
    assert process.wait(120) == 0
    text = output.read_text()
    assert len(children) == 3
    assert gone(children)
    assert list(tmp_path.iterdir()) == [output]
    for expected in (
        "a simulated fault",
        "What the loop did about it",
        "with the fault",
        "Measured",
        "Where the time went",
        "answer.model",
        "gpt-4o-mini",
        "unpriced",
        "of one core",
    ):
        assert expected in text


def test_the_policy_of_the_demo_lets_the_loop_act_for_a_target_and_guards_the_quality() -> None:
    policy = load_policy(POLICY)
    assert policy.mode is Mode.ACT
    assert [guardrail.measure.name for guardrail in policy.guardrails] == ["quality"]
    assert len(policy.targets) == 1


@pytest.mark.long
def test_without_a_fault_and_only_observing_nothing_is_tried(tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = demo("8, as_json=True, fault=False, act=False", output)
    assert process.wait(180) == 0
    loop = json.loads(output.read_text().splitlines()[-1])["loop"]
    assert loop["tried"] == 0
    assert [stretch["name"] for stretch in loop["stretches"]] == ["all of it"]
    assert loop["stretches"][0]["answers"] > 40


@pytest.mark.long
def test_the_figures_of_the_summary_fit_each_other(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", CODE.format(arguments="8, as_json=True")],
        capture_output=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        timeout=180,
        check=True,
    )
    summary = json.loads(run.stdout)
    requests = summary["requests"]
    assert requests["sent"] == requests["completed"] + sum(requests["failed"].values())
    stages = {s["operation"]: s for s in summary["stages"]}
    assert stages["answer"]["n"] + stages["related"]["n"] == requests["sent"]
    assert stages["answer"]["share"] == 1.0
    parts = sum(s["share"] for name, s in stages.items() if name.startswith("answer."))
    assert parts == pytest.approx(1.0, abs=0.05)
    spend = summary["spend"]
    assert summary["model_calls"] == sum(row["calls"] for row in spend)
    assert all(row["cached_tokens"] <= row["input_tokens"] for row in spend)
    assert summary["total_tokens"] == sum(row["input_tokens"] + row["output_tokens"] for row in spend)
    assert {row["model"]: row["cost_usd"] for row in spend}["simulated-small"] is None


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_what_it_started_ends_with_it_however_it_ends(tmp_path: Path, number: signal.Signals) -> None:
    output = tmp_path / "out"
    process = demo("30", output)
    until(lambda: b"Load is coming" in output.read_bytes())
    children = descendants(process)
    assert len(children) == 3
    process.send_signal(number)
    assert process.wait(60.0) != 0
    until(lambda: gone(children))


@pytest.mark.long
def test_it_goes_on_serving_when_asked_to(tmp_path: Path) -> None:
    output = tmp_path / "out"
    process = demo("5, keep_serving=True", output)
    until(lambda: b"until Ctrl-C" in output.read_bytes())
    assert process.poll() is None
    process.send_signal(signal.SIGINT)
    assert process.wait(60.0) == 0
