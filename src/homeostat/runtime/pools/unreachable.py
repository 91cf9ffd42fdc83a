"""The error of a server that gives no connection: it was called, so breakers and retries count it."""

from homeostat.core.errors import HomeostatError


class Unreachable(HomeostatError, ConnectionError):
    """A server cannot be reached, or answers that it cannot serve; the message never has its address."""
