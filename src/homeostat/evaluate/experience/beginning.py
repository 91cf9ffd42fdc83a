"""The beginning: whether what is kept of somebody begins where they began."""

from homeostat.core.clock import DAY_NS

WEEK_NS = 7 * DAY_NS


def begins_here(first_ns: int, since_ns: int) -> bool:
    """Tell whether the first that is kept is the first there was, where all since `since_ns` is kept.

    Who was there in the first week may have been there before; 0 is where nothing was forgotten.
    """
    return not since_ns or first_ns >= since_ns + WEEK_NS
