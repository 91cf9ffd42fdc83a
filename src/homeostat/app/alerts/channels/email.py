"""E-mail: a notice as a plain text message over SMTP."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate
from typing import Literal

from homeostat.app.alerts.channels.channel import TIMEOUT_S, Undelivered, text_of
from homeostat.core.notice import Notice

Encryption = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `encryption` is STARTTLS unless told otherwise."""

    host: str
    port: int
    encryption: Encryption = "starttls"
    user: str = ""
    password: str = ""


def message_of(notice: Notice, sender: str, to: tuple[str, ...]) -> EmailMessage:
    """Return the message; its Message-ID is made of the notice's id, by which a repetition is known."""
    message = EmailMessage()
    message["Subject"] = "[homeostat] " + " ".join(notice.title.split())
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Date"] = formatdate(notice.time_ns / 1e9)
    message["Message-ID"] = f"<{notice.id}@homeostat.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text_of(notice))
    return message


class EmailSender:
    """Hands notices to a mail server."""

    def __init__(
        self, server: MailServer, sender: str, to: tuple[str, ...], timeout_s: float = TIMEOUT_S
    ) -> None:
        self._server = server
        self._sender = sender
        self._to = to
        self._timeout_s = timeout_s

    def send(self, notice: Notice) -> None:
        """Send one notice to all addresses."""
        try:
            with self._connection() as connection:
                if self._server.encryption == "starttls":
                    connection.starttls(context=ssl.create_default_context())
                if self._server.user:
                    connection.login(self._server.user, self._server.password)
                refused = connection.send_message(message_of(notice, self._sender, self._to))
        except smtplib.SMTPResponseException as error:
            raise Undelivered(f"the mail server answered {error.smtp_code}") from None
        except (smtplib.SMTPException, OSError) as error:
            raise Undelivered(f"the mail server could not be used ({type(error).__name__})") from None
        if refused:
            raise Undelivered(f"the mail server refused {len(refused)} of {len(self._to)} addresses")

    def _connection(self) -> smtplib.SMTP:
        server = self._server
        if server.encryption == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=self._timeout_s, context=context)
        return smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
