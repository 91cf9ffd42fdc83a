"""The environment file: sets a knob of another process where that reads it when it starts."""

import os
import re
import tempfile
from pathlib import Path

from homeostat.core.errors import ConfigError, InputError, NotApplied
from homeostat.core.knob import Value

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
PLAIN = re.compile(r"[A-Za-z0-9_./:,@%+=-]*\Z")
SIZE_MAX = 1_000_000


class EnvironmentFile:
    """An actuator that writes `NAME=value` into a file, as systemd, Docker and shells read it.

    Other lines stay as they are. The file is replaced as a whole, readable by its owner only; restarting
    what reads it is up to the user.
    """

    def __init__(self, path: str | Path, variable: str) -> None:
        """Check the name; raise ConfigError where it is none, or where the file's folder is missing."""
        if not NAME.match(variable):
            raise ConfigError(f"a variable's name has letters, digits and _, not {variable!r}")
        self._path = Path(path).expanduser().absolute()
        if not self._path.parent.is_dir():
            raise ConfigError(f"the folder of the environment file {str(self._path)!r} does not exist")
        self._variable = variable
        self._line = re.compile(rf"(\s*(?:export\s+)?){re.escape(variable)}=")

    def apply(self, knob: str, value: Value) -> None:
        """Write the value; raise NotApplied where the file cannot be written or does not hold it then."""
        told = _told(value)
        path = self._path.resolve()
        try:
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            if len(before) > SIZE_MAX:
                raise NotApplied(f"knob {knob!r}: {str(path)!r} is too large for an environment file")
            _replace(path, self._changed(before, told))
            holds = f"{self._variable}={told}" in path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise NotApplied(f"knob {knob!r} was not set to {value!r} in {str(path)!r}: {error}") from error
        if not holds:
            raise NotApplied(f"knob {knob!r}: {str(path)!r} was changed by somebody else meanwhile")

    def _changed(self, text: str, told: str) -> str:
        """Return the text with the variable set, wherever it stands, else at the end."""
        lines = text.splitlines()
        places = [i for i, line in enumerate(lines) if self._line.match(line)]
        if not places:
            return "\n".join((*lines, f"{self._variable}={told}", ""))
        for place in places:
            match = self._line.match(lines[place])
            lines[place] = f"{match[1] if match else ''}{self._variable}={told}"
        return "\n".join((*lines, ""))


def _told(value: Value) -> str:
    """Return a value as text that all read alike; raise InputError where there is none."""
    told = str(value).lower() if isinstance(value, bool) else str(value)
    if not PLAIN.match(told):
        raise InputError(f"{value!r} has characters that mean different things in environment files")
    return told


def _replace(path: Path, text: str) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
