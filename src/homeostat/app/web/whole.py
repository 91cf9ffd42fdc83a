"""The whole number of a query."""

from collections.abc import Mapping

from homeostat.core.errors import InputError


def whole(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """Return a whole number of a query, or raise InputError saying what would be accepted.

    >>> whole({"limit": "7"}, "limit", 50, 100), whole({}, "limit", 50, 100)
    (7, 50)
    """
    given = query.get(name)
    if given is None or given == "":
        return default
    if not (given.isascii() and given.isdecimal()) or len(given) > 20 or int(given) > most:
        raise InputError(f"{name} must be a whole number from 0 to {most}, not {given[:30]!r}")
    return int(given)
