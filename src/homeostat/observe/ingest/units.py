"""Units: those of UCUM and of instrumentations, as the units used here."""

UNITS: dict[str, tuple[str, float]] = {
    "": ("1", 1.0),
    "1": ("1", 1.0),
    "ns": ("ms", 1e-6),
    "us": ("ms", 1e-3),
    "µs": ("ms", 1e-3),
    "ms": ("ms", 1.0),
    "s": ("ms", 1e3),
    "min": ("ms", 6e4),
    "h": ("ms", 3.6e6),
    "d": ("ms", 8.64e7),
    "seconds": ("ms", 1e3),
    "milliseconds": ("ms", 1.0),
    "By": ("bytes", 1.0),
    "bytes": ("bytes", 1.0),
    "KiBy": ("bytes", 1024.0),
    "MiBy": ("bytes", 1024.0**2),
    "GiBy": ("bytes", 1024.0**3),
    "kBy": ("bytes", 1e3),
    "MBy": ("bytes", 1e6),
    "GBy": ("bytes", 1e9),
    "bit": ("bytes", 0.125),
    "By/s": ("bytes/s", 1.0),
    "%": ("ratio", 0.01),
    "ratio": ("ratio", 1.0),
    "percent": ("ratio", 0.01),
    "token": ("tokens", 1.0),
    "tokens": ("tokens", 1.0),
    "USD": ("USD", 1.0),
    "$": ("USD", 1.0),
}


def normal_unit(unit: str) -> tuple[str, float]:
    """Return the unit used here and the factor that converts to it; an annotation in braces loses them.

    >>> normal_unit("s"), normal_unit("{token}"), normal_unit("{request}"), normal_unit("Cel")
    (('ms', 1000.0), ('tokens', 1.0), ('request', 1.0), ('Cel', 1.0))
    """
    text = unit.strip()[:63]
    found = UNITS.get(text)
    if found is not None:
        return found
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1].strip()
    return UNITS.get(text, (text or "1", 1.0))
