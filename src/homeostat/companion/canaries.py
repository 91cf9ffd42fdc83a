"""Canaries: people who do not exist, whose memories hold known facts: what is found of them is measured."""

PREFIX = "homeostat.canary."


def is_canary(person: str) -> bool:
    """Tell whether this is no real person.

    >>> is_canary("homeostat.canary.3"), is_canary("ann")
    (True, False)
    """
    return person.startswith(PREFIX)
