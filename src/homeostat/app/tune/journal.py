"""The journal of a tuning: each measurement, on disk before the next one starts, so that a tuning goes on."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from homeostat.app.tune.trial_command import Run
from homeostat.app.tune.tuning_file import TuningFile
from homeostat.core.errors import InputError, NotAvailable
from homeostat.core.knob import Configuration

FORMAT = 1


class Part(StrEnum):
    """Of which part of a tuning a measurement is: the search, or the comparison afterwards."""

    SEARCH = "search"
    DEFAULT = "default"
    PICK = "pick"


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of the command."""

    part: Part
    configuration: Configuration
    run: Run


@dataclass
class Journal:
    """A file of JSON lines: what is tuned, then one line for each run. `cut` tells of a last line cut off."""

    path: Path
    entries: list[Entry] = field(default_factory=list)
    cut: bool = False

    @classmethod
    def opened(cls, path: Path, tuning: TuningFile, *, fresh: bool = False) -> "Journal":
        """Read the journal of an earlier run, or begin one.

        Raises InputError where the file is of another tuning or no journal, NotAvailable where it cannot be
        written.
        """
        journal = cls(path)
        if path.exists() and not fresh:
            journal._read(tuning)
            return journal
        head = json.dumps({"homeostat_tune": FORMAT, "fingerprint": tuning.fingerprint})
        try:
            path.write_text(head + "\n", encoding="utf-8")
        except OSError as error:
            raise NotAvailable(f"the journal {str(path)!r} cannot be written: {error.strerror}") from None
        return journal

    def add(self, entry: Entry) -> None:
        """Write an entry through to the disk."""
        values = (
            {"values": dict(entry.run.values)} if not entry.run.failure else {"failure": entry.run.failure}
        )
        line = json.dumps({"part": entry.part.value, "knobs": dict(entry.configuration), **values})
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
            file.flush()
            os.fsync(file.fileno())
        self.entries.append(entry)

    def of(self, part: Part) -> list[Entry]:
        """Return the entries of one part, in order."""
        return [entry for entry in self.entries if entry.part is part]

    def _read(self, tuning: TuningFile) -> None:
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the journal {str(self.path)!r} cannot be read: {error}") from None
        whole = text[: text.rfind("\n") + 1]
        self.cut = len(whole) < len(text)
        lines = whole.splitlines()
        head = _object(lines[0]) if lines else {}
        if head.get("homeostat_tune") != FORMAT:
            raise InputError(
                f"{str(self.path)!r} is no journal of a tuning; name another file with --journal"
            )
        if head.get("fingerprint") != tuning.fingerprint:
            raise InputError(
                f"the journal {str(self.path)!r} is of other knobs, measures or targets; begin anew (--fresh)"
                " or name another file with --journal"
            )
        self.entries = list(self._entries(lines[1:], tuning))
        if self.cut:  # killed while it wrote: that measurement is lost, and the next line needs a start
            os.truncate(self.path, len(whole.encode()))

    def _entries(self, lines: list[str], tuning: TuningFile) -> Iterator[Entry]:
        for number, line in enumerate(lines, start=2):
            found = _object(line)
            try:
                knobs, values = found["knobs"], found.get("values", {})
                assert isinstance(knobs, dict)
                assert isinstance(values, dict)
                configuration = {name: knob.checked(knobs[name]) for name, knob in tuning.knobs.items()}
                run = Run(
                    {m: float(values[m]) for m in tuning.measures} if values else {},
                    str(found.get("failure", "")),
                )
                yield Entry(Part(str(found["part"])), configuration, run)
            except (KeyError, ValueError, TypeError, AssertionError, InputError) as error:
                raise InputError(
                    f"{self.path}, line {number} is damaged ({error}); take it out, or use --fresh"
                ) from None


def _object(line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
