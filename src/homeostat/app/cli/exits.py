"""Exit codes, and how an error becomes one line and a code."""

from enum import IntEnum

from homeostat.core.errors import ConfigError, HomeostatError, InputError, NotAvailable


class Exit(IntEnum):
    """What the code says to a script. `homeostat run` leaves with the code of its program instead."""

    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3


def code_of(error: HomeostatError) -> Exit:
    """Return the exit code of an error.

    >>> code_of(InputError("no such file")).name, code_of(NotAvailable("no server")).name
    ('USAGE', 'UNREACHABLE')
    """
    if isinstance(error, ConfigError | InputError):
        return Exit.USAGE
    return Exit.UNREACHABLE if isinstance(error, NotAvailable) else Exit.FAILED
