"""The unspoken: keeps what people said out of errors that nobody wrote on purpose."""

import logging
from pathlib import PurePath
from traceback import extract_tb
from types import TracebackType

from homeostat.core.errors import HomeostatError
from homeostat.core.log import event


class Failed(HomeostatError):
    """Something failed in a way that nobody foresaw; the message names the place, and holds no content."""


class Unspoken:
    """A context in which errors of others, whose words may be a person's, become `Failed`.

    A KeyError of a word, say, holds that word, and would carry it into logs and the records of jobs. Our
    own errors pass: they hold ids, sizes and limits.
    """

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or kind is None or isinstance(error, HomeostatError):
            return
        if not isinstance(error, Exception):
            return
        frame = extract_tb(trace)[-1]
        place = f"{PurePath(frame.filename).name}:{frame.lineno}"
        event("companion.failed", logging.ERROR, what=self._what, kind=kind.__name__, place=place)
        raise Failed(f"{self._what} failed with {kind.__name__} at {place}") from None
