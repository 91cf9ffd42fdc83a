"""Claims about channels, against real servers and programs: what leaves, and what is said where it cannot."""

import json
import socket
import socketserver
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from homeostat.app.alerts.channels import webhook
from homeostat.app.alerts.channels.channel import Undelivered, text_of
from homeostat.app.alerts.channels.command import CommandSender
from homeostat.app.alerts.channels.email import EmailSender, MailServer
from homeostat.app.alerts.channels.slack import SlackSender
from homeostat.app.alerts.channels.webhook import WebhookSender
from homeostat.core.notice import AlertLine, Notice, Occasion
from homeostat.core.target import Severity
from homeostat.testing.notice_receiver import NoticeReceiver

LINE = AlertLine(
    "answers are fast",
    "service=web",
    Severity.CRITICAL,
    "p95 is 412 ms (limit < 200 ms)",
    "p95 < 200 ms <!channel>",
    412.0,
    398.0,
    427.0,
    200.0,
    "ms",
    1,
)
NOTICE = Notice(
    "abc-1",
    "abc",
    Occasion.BEGAN,
    Severity.CRITICAL,
    "service=web",
    1_750_000_000_000_000_000,
    "Critical: service=web: answers are fast\r\nBcc: everyone",
    (LINE,),
)


@pytest.fixture
def receiver() -> Iterator[NoticeReceiver]:
    with NoticeReceiver() as receiver:
        yield receiver


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens, and which nobody else is given meanwhile."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def test_a_webhook_gets_the_notice_as_json_with_its_id_and_the_secret(receiver: NoticeReceiver) -> None:
    WebhookSender(receiver.url, "s3cret").send(NOTICE)
    (body,), (headers,) = receiver.bodies, receiver.headers
    assert headers["idempotency-key"] == body["id"] == "abc-1"
    assert headers["authorization"] == "Bearer s3cret"
    assert body["alerts"][0]["value"] == 412.0
    assert (body["occasion"], body["severity"]) == ("began", "critical")


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_an_answer_that_is_no_success_is_a_failure_without_the_address(
    receiver: NoticeReceiver, status: int
) -> None:
    receiver.status = status
    with pytest.raises(Undelivered) as error:
        WebhookSender(receiver.url, "s3cret").send(NOTICE)
    assert str(error.value) == f"answered with status {status}"


def test_nobody_at_the_address_is_a_failure_without_the_address(nobody: str) -> None:
    with pytest.raises(Undelivered, match=r"^no answer \(ConnectError\)$"):
        WebhookSender(f"http://{nobody}/secret-path", timeout_s=60.0).send(NOTICE)


def test_a_server_that_never_answers_is_given_up_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(Undelivered, match="Timeout"):
            WebhookSender(url, timeout_s=0.2).send(NOTICE)


def test_certificates_are_read_once_for_all_posts(receiver: NoticeReceiver) -> None:
    webhook._trusted.cache_clear()
    for _ in range(3):
        WebhookSender(receiver.url).send(NOTICE)
    assert webhook._trusted.cache_info().misses == 1


def test_slack_gets_its_form_in_which_nothing_is_a_mention(receiver: NoticeReceiver) -> None:
    SlackSender(receiver.url).send(NOTICE)
    (body,) = receiver.bodies
    assert body["text"].startswith("Critical: service=web")
    assert "&lt;!channel&gt;" in body["attachments"][0]["text"]
    assert "<" not in json.dumps(body)


def test_a_command_gets_the_notice_on_its_standard_input(tmp_path: Path) -> None:
    out = tmp_path / "got"
    program = (
        f"import os,sys;open({str(out)!r},'w').write(os.environ['HOMEOSTAT_NOTICE_ID']+sys.stdin.read())"
    )
    CommandSender((sys.executable, "-c", program)).send(NOTICE)
    text = out.read_text()
    assert text.startswith("abc-1{")
    assert json.loads(text[5:])["group"] == "service=web"


@pytest.mark.parametrize(
    ("argv", "timeout_s", "said"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)"), 60.0, "ended with code 3"),
        (("/no/such/program",), 60.0, "cannot be started"),
        ((sys.executable, "-c", "import time; time.sleep(60)"), 0.3, "took longer than 0.3 s"),
        (("/bin/sh", "-c", "sleep 60 & sleep 60"), 0.3, "took longer than 0.3 s"),
    ],
)
def test_a_command_that_fails_or_hangs_is_a_failure(
    argv: tuple[str, ...], timeout_s: float, said: str
) -> None:
    with pytest.raises(Undelivered, match=said):
        CommandSender(argv, timeout_s=timeout_s).send(NOTICE)


class MailHandler(socketserver.StreamRequestHandler):
    """Enough of SMTP to take a message in."""

    def handle(self) -> None:
        server = self.server
        assert isinstance(server, MailDrop)
        self.wfile.write(b"220 drop\r\n")
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = []
                while (part := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(part)
                server.messages.append(b"".join(lines).decode())
            if verb == b"RCPT" and server.refuse.encode() in line and server.refuse:
                self.wfile.write(b"550 nobody of this name\r\n")
                continue
            self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
            if verb == b"QUIT":
                return


class MailDrop(socketserver.ThreadingTCPServer):
    """A mail server on loopback that keeps what it was handed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MailHandler)
        self.messages: list[str] = []
        self.refuse = ""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def sender(self, *to: str) -> EmailSender:
        port = self.server_address[1]
        return EmailSender(MailServer("127.0.0.1", port, "none"), "homeostat@example.com", to, 5.0)


@pytest.fixture
def mail() -> Iterator[MailDrop]:
    with MailDrop() as drop:
        yield drop
        drop.shutdown()


def test_an_email_has_the_title_the_lines_and_an_id_by_which_a_repetition_is_known(mail: MailDrop) -> None:
    mail.sender("a@example.com", "b@example.com").send(NOTICE)
    (message,) = mail.messages
    head, _, body = message.replace("\r\n", "\n").partition("\n\n")
    assert "Message-ID: <abc-1@homeostat.invalid>" in head
    assert "Subject: [homeostat] Critical: service=web: answers are fast Bcc: everyone" in head.replace(
        "\n ", " "
    )
    assert not any(line.startswith("Bcc") for line in head.split("\n"))
    assert "p95 is 412 ms (limit < 200 ms)" in body


def test_an_address_that_is_refused_is_a_failure(mail: MailDrop) -> None:
    mail.refuse = "nobody@"
    with pytest.raises(Undelivered, match="refused 1 of 2 addresses"):
        mail.sender("a@example.com", "nobody@example.com").send(NOTICE)
    with pytest.raises(Undelivered, match="the mail server"):
        mail.sender("nobody@example.com").send(NOTICE)


def test_a_mail_server_without_encryption_is_not_used_where_it_is_asked_for(mail: MailDrop) -> None:
    port = mail.server_address[1]
    sender = EmailSender(MailServer("127.0.0.1", port), "h@example.com", ("a@example.com",), 2.0)
    with pytest.raises(Undelivered):
        sender.send(NOTICE)
    assert mail.messages == []


def test_a_notice_as_text_says_what_was_expected() -> None:
    assert "- critical: answers are fast (service=web): p95 is 412 ms (limit < 200 ms)" in text_of(NOTICE)
    assert "expected: p95 < 200 ms" in text_of(NOTICE)
