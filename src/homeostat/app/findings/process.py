"""The search process: looks for findings outside this process, whose interpreter lock pages need."""

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import BinaryIO

from homeostat.app.findings.wire import answer_of, receive, request_of, send
from homeostat.app.one_thread import ONE_THREAD
from homeostat.core.errors import NotAvailable
from homeostat.core.finding import Finding
from homeostat.judge.findings.subject import Subject

TIMEOUT_S = 60.0
STOP_S = 2.0


class SearchProcess:
    """A worker, started by the first search, ended by `close`, by idleness, or when this process ends.

    It has one numeric thread, a low priority and bounded memory. One search at a time: further ones wait.
    """

    def __init__(self, timeout_s: float = TIMEOUT_S) -> None:
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    @property
    def process_id(self) -> int | None:
        """The worker's id while there is one."""
        process = self._process
        return None if process is None else process.pid

    def search(self, subjects: Sequence[Subject]) -> tuple[Finding, ...]:
        """Return what is found. Raises NotAvailable where the worker fails or takes too long."""
        request = request_of(subjects)
        with self._lock:
            body = self._asked(request)
            if body is None:  # it had ended meanwhile, for idleness
                self._end()
                body = self._asked(request)
            if body is None:
                self._end()
                raise NotAvailable(
                    "the search for findings ended without an answer; "
                    f"it may take {self._timeout_s:g} s and 1 GiB of memory"
                )
        answer = answer_of(body)
        if answer.failure:
            raise NotAvailable(answer.failure)
        return answer.findings

    def _asked(self, request: bytes) -> bytes | None:
        process = self._started()
        requests, answers = _pipes(process)
        overdue = threading.Timer(self._timeout_s, process.kill)
        overdue.daemon = True
        overdue.start()
        try:
            send(requests, request)
            return receive(answers)
        except OSError:
            return None
        finally:
            overdue.cancel()

    def _started(self) -> "subprocess.Popen[bytes]":
        if self._closed:
            raise NotAvailable("the server ends")
        if self._process is None:
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-W", "ignore", "-m", "homeostat.app.findings.worker"],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env={**os.environ, **ONE_THREAD},
                    start_new_session=True,
                )
            except OSError as error:
                raise NotAvailable(f"the search for findings cannot be started: {error}") from None
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait(STOP_S)
        for pipe in _pipes(process):
            with suppress(OSError):
                pipe.close()

    def close(self) -> None:
        """End the worker; a search that is under way fails."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
        with self._lock:
            self._end()


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[BinaryIO, BinaryIO]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout  # type: ignore[return-value]
