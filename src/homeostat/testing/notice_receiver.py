"""The notice receiver: a webhook on loopback that keeps what it was sent, and fails when it is told to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = (
        128  # of five, the sixth who comes while this process is busy asks again after a second
    )


class NoticeReceiver:
    """Answers POST with `status`; `bodies` and `headers` are what came, in order."""

    def __init__(self, status: int = 204) -> None:
        self.status = status
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self._came = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver._came:
                    receiver.bodies.append(json.loads(body))
                    receiver.headers.append({k.lower(): v for k, v in self.headers.items()})
                    receiver._came.notify_all()
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/hook"

    @property
    def ids(self) -> list[str]:
        """The idempotency keys that came, in order."""
        return [h["idempotency-key"] for h in self.headers]

    def wait_for(self, n: int, timeout_s: float = 60.0) -> bool:
        """Wait until so many came; False if that takes longer."""
        with self._came:
            return self._came.wait_for(lambda: len(self.bodies) >= n, timeout_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
