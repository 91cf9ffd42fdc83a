"""Effects in words that a person reads."""

import math

from homeostat.core.objective import Measure
from homeostat.core.proof import Effect


def percent(value: float) -> str:
    """Return a relative change with its sign.

    >>> percent(-0.1234), percent(0.004), percent(0.0), percent(float("inf"))
    ('−12.3%', '+0.4%', '0%', '+∞')
    """
    if math.isinf(value):
        return "+∞" if value > 0 else "−∞"
    digits = 1 if abs(value) < 0.995 else 0
    text = f"{abs(value) * 100:.{digits}f}".removesuffix(".0")
    return "0%" if text == "0" else f"{'−' if value < 0 else '+'}{text}%"


def signed(value: float) -> str:
    """Return a difference with its sign.

    >>> signed(-0.01234), signed(1234.5)
    ('−0.0123', '+1,230')
    """
    if math.isinf(value):
        return "+∞" if value > 0 else "−∞"
    if value == 0.0:
        return "0"
    shown = float(f"{abs(value):.3g}")
    return (
        f"{'−' if value < 0 else '+'}{shown:,.0f}"
        if shown >= 100
        else f"{'−' if value < 0 else '+'}{shown:g}"
    )


def change_words(effect: Effect) -> str:
    """Return an effect with its interval, such as `−12% (−20% to −4%)`."""
    show = percent if effect.relative else signed
    if effect.estimate is None:
        return "not known yet"
    if effect.interval is None:
        return f"{show(effect.estimate)} (no interval yet)"
    return f"{show(effect.estimate)} ({show(effect.interval.low)} to {show(effect.interval.high)})"


def effect_words(effect: Effect) -> str:
    """Return what an effect is of and how large, such as `p95 of duration −12% (−20% to −4%)`."""
    return f"{effect.measure} {change_words(effect)}"


def length_words(seconds: float) -> str:
    """Return a length of time, rounded.

    >>> length_words(40.0), length_words(400.0), length_words(9000.0), length_words(400_000.0)
    ('40 s', '7 min', '2.5 h', '4.6 d')
    """
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    if seconds < 5_970:
        return f"{seconds / 60:.0f} min"
    if seconds < 171_000:
        return f"{seconds / 3600:.1f} h".replace(".0 h", " h")
    return f"{seconds / 86400:.1f} d".replace(".0 d", " d")


def about(count: float) -> str:
    """Return a number of requests with two significant digits.

    >>> about(4321.0), about(87.0)
    ('4,300', '87')
    """
    return f"{float(f'{count:.2g}'):,.0f}"


def short(measure: Measure) -> str:
    """Return a measure as a sentence names it: without `mean of` or `share of`.

    >>> short(Measure("cost"))
    'cost'
    """
    return measure.words.removeprefix("mean of ").removeprefix("share of ")
