"""The command of a tuning: runs once with the values of the knobs, and its numbers are read."""

import contextlib
import json
import math
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from homeostat.app.tune.tuning_file import TuningFile
from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Configuration, Value

PLACEHOLDER = re.compile(r"\{(\w+)\}")
KNOBS_FILE = "knobs_file"
PATIENCE_S = 5.0
"""How long a command that is stopped may take to clean up."""

OUTPUT_BYTES_MAX = 4_000_000
"""Of a command's output the end is read, so many bytes of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of the command gave: its measures, or why there are none."""

    values: Mapping[str, float]
    failure: str = ""


class TrialCommand:
    """A command that takes the knobs and prints its numbers.

    Values come in three ways, whichever suits: `{batch_size}` in an argument, the variable
    `KNOB_BATCH_SIZE`, and a JSON file whose path is in `{knobs_file}` and `HOMEOSTAT_KNOBS`.
    """

    def __init__(self, command: list[str], tuning: TuningFile, environment: Mapping[str, str]) -> None:
        """Raise ConfigError where an argument asks for a knob that there is not."""
        names = {n for word in command for n in PLACEHOLDER.findall(word)} - {KNOBS_FILE}
        if unknown := names - tuning.knobs.keys():
            raise ConfigError(
                f"the command asks for {{{min(unknown)}}}; the knobs are {', '.join(tuning.knobs)}"
            )
        self._command, self._tuning, self._environment = command, tuning, environment

    def run(self, configuration: Configuration) -> Run:
        """Run the command; raise InputError where it cannot be started at all."""
        with tempfile.TemporaryDirectory(prefix="homeostat-tune-") as folder:
            file = Path(folder) / "knobs.json"
            file.write_text(json.dumps(dict(configuration)), encoding="utf-8")
            values = {name: shown(value) for name, value in configuration.items()} | {KNOBS_FILE: str(file)}
            words = [PLACEHOLDER.sub(lambda m: values.get(m[1], m[0]), word) for word in self._command]
            variables = {variable(n): shown(v) for n, v in configuration.items()}
            environment = {**self._environment, **variables, "HOMEOSTAT_KNOBS": str(file)}
            return self._finished(words, environment)

    def _finished(self, words: list[str], environment: Mapping[str, str]) -> Run:
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            try:
                child = subprocess.Popen(  # noqa: S603  a tuner runs what it is given
                    words,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=errors,
                    env=dict(environment),
                    start_new_session=True,
                )
            except OSError as error:
                raise InputError(f"the command {words[0]!r} cannot be started: {error.strerror}") from None
            try:
                code = child.wait(self._tuning.timeout_s)
            except subprocess.TimeoutExpired:
                return Run({}, f"it took longer than {self._tuning.timeout_s:g} s (timeout_s)")
            finally:
                _end(child)
            text = _tail(out)
            if code != 0:
                how = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
                return Run({}, f"{how}{_last_line(_tail(errors) or text)}")
        return read(text, self._tuning)


def variable(knob: str) -> str:
    """Return the name of the environment variable that carries a knob.

    >>> variable("batch-size")
    'KNOB_BATCH_SIZE'
    """
    return "KNOB_" + re.sub(r"\W", "_", knob).upper()


def shown(value: Value) -> str:
    """Return a value as a program reads it: switches are true and false, as in JSON."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def read(text: str, tuning: TuningFile) -> Run:
    """Read the measures: by their patterns, the others from the last line that is a JSON object."""
    numbers = _last_object(text)
    found: dict[str, float] = {}
    for measure in tuning.measures:
        pattern = tuning.patterns.get(measure)
        matches = pattern.findall(text) if pattern else []
        last = matches[-1] if matches else None
        value = numbers.get(measure) if pattern is None else (last[0] if isinstance(last, tuple) else last)
        number = _number(value)
        if number is None:
            how = f"the pattern {pattern.pattern!r}" if pattern else "a last line such as " + _example(tuning)
            said = "nothing" if value is None else repr(value)
            return Run({}, f"it gave no number for {measure!r}, but {said}; expected by {how}")
        found[measure] = number
    return Run(found)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    with contextlib.suppress(ValueError):
        number = float(value)
        return number if math.isfinite(number) else None
    return None


def _example(tuning: TuningFile) -> str:
    return json.dumps(dict.fromkeys(tuning.measures, 1.5))


def _last_object(text: str) -> Mapping[str, object]:
    for line in reversed(text.splitlines()):
        if line.strip().startswith("{"):
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    return found
    return {}


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return f": {lines[-1].strip()[:300]}" if lines else ""


def _tail(file: IO[bytes]) -> str:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - OUTPUT_BYTES_MAX))
    return file.read().decode("utf-8", "replace")


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Stop the command and what it started, if anything of it still runs."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(PATIENCE_S)
            return
