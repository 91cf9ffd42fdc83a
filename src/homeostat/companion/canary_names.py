"""The names of canaries: people who do not exist, by whom a companion is tried."""

PREFIX = "homeostat.canary."


def is_canary(person: str) -> bool:
    """Tell whether this is no real person.

    >>> is_canary("homeostat.canary.3"), is_canary("ann")
    (True, False)
    """
    return person.startswith(PREFIX)
