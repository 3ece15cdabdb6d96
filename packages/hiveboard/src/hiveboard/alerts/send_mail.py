"""Handing an e-mail to an SMTP server, in a thread, with a deadline for all of it."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from email.message import EmailMessage

from .channel import Smtp
from .outcome import Outcome

__all__ = ["Postman"]

_THREADS = 4


class Postman:
    """A few threads that talk SMTP."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="hiveboard-mail")

    def close(self) -> None:
        """Let go of the threads; what is under way ends by its own timeout."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def send(self, smtp: Smtp, message: EmailMessage, timeout_seconds: float) -> Outcome:
        """Send one message; success when the server took it for every recipient."""
        talk = _Talk(smtp, message, timeout_seconds)
        work = asyncio.get_running_loop().run_in_executor(self._pool, talk.run)
        done, _ = await asyncio.wait([work], timeout=timeout_seconds)
        if not done:
            talk.cut()
            return Outcome(error=f"no answer within {timeout_seconds:g} s", may_retry=True)
        return work.result()


class _Talk:
    """One connection."""

    def __init__(self, smtp: Smtp, message: EmailMessage, timeout_seconds: float) -> None:
        self._smtp, self._message, self._timeout = smtp, message, timeout_seconds
        self._client: smtplib.SMTP | None = None

    def cut(self) -> None:
        """End the connection from outside: a server that answers one letter at a time would hold the thread."""
        sock = self._client.sock if self._client is not None else None
        if sock is not None:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                return

    def run(self) -> Outcome:
        """Say everything, and how it went."""
        try:
            refused = self._say()
        except smtplib.SMTPNotSupportedError as error:
            return Outcome(error=f"the server does not offer what is needed: {error}"[:300])
        except smtplib.SMTPAuthenticationError as error:
            return Outcome(status_code=error.smtp_code, error="the server does not accept user and password")
        except smtplib.SMTPResponseException as error:
            return _refusal(error.smtp_code, "it refused the message")
        except smtplib.SMTPRecipientsRefused as error:
            code = max((code for code, _ in error.recipients.values()), default=None)
            return _refusal(code, "it refused every recipient")
        except ssl.SSLCertVerificationError as error:
            return Outcome(error=f"the certificate is not accepted: {error.verify_message}", may_retry=True)
        except TimeoutError:
            return Outcome(error=f"no answer within {self._timeout:g} s", may_retry=True)
        except (OSError, smtplib.SMTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            return Outcome(error=f"cannot send: {reason}"[:300], may_retry=True)
        if refused:
            return Outcome(status_code=250, error=f"it refused {', '.join(sorted(refused))}"[:300])
        return Outcome(delivered=True, status_code=250)

    def _say(self) -> dict[str, tuple[int, bytes]]:
        smtp = self._smtp
        client: smtplib.SMTP
        if smtp.security == "tls":
            client = smtplib.SMTP_SSL(timeout=self._timeout, context=ssl.create_default_context())
        else:
            client = smtplib.SMTP(timeout=self._timeout)
        self._client = client
        # The name certificates are checked against; set by the constructor only when that connects.
        client._host = smtp.host  # type: ignore[attr-defined]
        try:
            client.connect(smtp.host.strip("[]"), smtp.port)
            if smtp.security == "starttls":
                client.starttls(context=ssl.create_default_context())
            if smtp.username is not None and smtp.password is not None:
                client.login(smtp.username, smtp.password)
            refused = client.send_message(self._message)
            client.quit()
            return refused
        finally:
            client.close()


def _refusal(code: int | None, text: str) -> Outcome:
    return Outcome(
        status_code=code,
        error=f"{text} (code {code})",
        may_retry=code is not None and 400 <= code < 500,
    )
