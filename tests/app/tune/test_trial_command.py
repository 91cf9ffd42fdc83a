"""The command of a tuning: how it gets its knobs, and how its numbers are read."""

import os
import re
import sys
import time

import pytest

from homeostat.app.tune.trial_command import TrialCommand, read, variable
from homeostat.app.tune.tuning_file import Goal, TuningFile
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Choices, Integers, Knob

KNOBS = {
    "batch-size": Knob("batch-size", 8, Integers(1, 64)),
    "fast": Knob("fast", False, Choices((False, True))),
    "n": Knob("n", 3, Integers(1, 9)),
}
TUNING = TuningFile(KNOBS, (Goal("cost"),), timeout_s=120.0)
VALUES = {"batch-size": 16, "fast": True, "n": 4}


def python(code: str, *words: str, tuning: TuningFile = TUNING) -> TrialCommand:
    return TrialCommand([sys.executable, "-c", code, *words], tuning, os.environ)


def test_knobs_come_as_arguments_variables_and_a_file() -> None:
    code = """
import json, os, sys
file = json.load(open(sys.argv[2]))
assert file == json.load(open(os.environ["HOMEOSTAT_KNOBS"])) == {"batch-size": 16, "fast": True, "n": 4}
assert (os.environ["KNOB_BATCH_SIZE"], os.environ["KNOB_FAST"]) == ("16", "true")
assert sys.argv[3] == "{'n': 1}"
print("noise"); print(json.dumps({"cost": float(sys.argv[1].split("=")[1])})); print("more noise")
"""
    found = python(code, "--n={n}", "{knobs_file}", "{'n': 1}").run(VALUES)
    assert (dict(found.values), found.failure) == ({"cost": 4.0}, "")
    assert variable("batch-size") == "KNOB_BATCH_SIZE"


def test_a_placeholder_without_a_knob_is_refused_with_the_knobs() -> None:
    with pytest.raises(ConfigError, match=r"\{bach\}.*batch-size, fast, n"):
        TrialCommand(["run", "{bach}"], TUNING, {})


def test_a_failure_tells_how_the_command_ended_and_its_last_line() -> None:
    assert python("import sys; sys.exit('no memory')").run(VALUES).failure == "exit code 1: no memory"
    ended = python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").run(VALUES)
    assert ended.failure == "ended by SIGKILL"
    with pytest.raises(InputError, match="cannot be started"):
        TrialCommand(["./no-such-program"], TUNING, {}).run(VALUES)


def test_numbers_that_are_missing_or_none_are_told() -> None:
    assert "no number for 'cost', but nothing" in python("print('done')").run(VALUES).failure
    assert "but 'much'" in python('print(\'{"cost": "much"}\')').run(VALUES).failure
    assert "but nan" in read('{"cost": NaN}', TUNING).failure


def test_a_pattern_reads_its_last_match() -> None:
    tuning = TuningFile(KNOBS, (Goal("cost"),), patterns={"cost": re.compile(r"cost=(\S+)")})
    assert read("cost=3\ncost=4.5 USD\n", tuning).values == {"cost": 4.5}
    assert "expected by the pattern" in read("costs 3", tuning).failure


def test_a_command_that_takes_too_long_is_ended_with_what_it_started() -> None:
    tuning = TuningFile(KNOBS, (Goal("cost"),), timeout_s=1.0)
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    began = time.monotonic()
    assert "longer than 1 s" in python(code, tuning=tuning).run(VALUES).failure
    assert time.monotonic() - began < 45
