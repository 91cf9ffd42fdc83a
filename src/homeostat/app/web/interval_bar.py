"""The interval bar: an effect with its interval as a small picture around zero."""

from collections.abc import Iterable

from markupsafe import Markup

from homeostat.app.web.ledger_rows import EffectRow
from homeostat.core.verdict import State

WIDTH, HEIGHT, MIDDLE = 120.0, 14.0, 60.0
SCALES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
ARROW = 4.0


def scale_of(effects: Iterable[EffectRow]) -> float:
    """Return to which relative effect bars reach on either side, so that three quarters of them fit.

    >>> scale_of([])
    0.2
    """
    reach = sorted(
        max(abs(one.low), abs(one.high))
        for one in effects
        if one.relative and one.low is not None and one.high is not None
    )
    if not reach:
        return 0.2
    wanted = reach[(len(reach) * 3 - 1) // 4]
    return next((scale for scale in SCALES if wanted <= scale), SCALES[-1])


def interval_bar(effect: EffectRow, scale: float, judged: State | None = None) -> Markup:
    """Return the picture of an effect, that of a guardrail as it is judged.

    An arrow stands where the interval goes on beyond the scale.
    Effects in units of their own have each its own scale. Where nothing is known only zero is drawn.
    """
    if not effect.relative:
        ends = [abs(end) for end in (effect.low, effect.high) if end is not None]
        scale = 1.1 * max([*ends, abs(effect.estimate or 0.0)], default=1.0) or 1.0
    parts = [
        f'<svg class="interval" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" aria-hidden="true">'
        f'<path class="zero" d="M{MIDDLE:g} 0V{HEIGHT:g}"/>'
    ]
    if effect.known and effect.estimate is not None:
        low, low_cut = _place(effect.low, scale, -1.0)
        high, high_cut = _place(effect.high, scale, 1.0)
        at, _ = _place(effect.estimate, scale, 1.0)
        proven = (effect.high is not None and effect.high < 0) or (effect.low is not None and effect.low > 0)
        look = "broken" if judged is State.VIOLATED else "proven" if proven and judged is None else "open"
        wide = max(high - low, 1.0)
        parts.append(f'<rect class="{look}" x="{low:.1f}" y="4" width="{wide:.1f}" height="6" rx="1"/>')
        if low_cut:
            parts.append(f'<path class="beyond" d="M{ARROW:g} 2L0 7L{ARROW:g} 12"/>')
        if high_cut:
            parts.append(f'<path class="beyond" d="M{WIDTH - ARROW:g} 2L{WIDTH:g} 7L{WIDTH - ARROW:g} 12"/>')
        parts.append(f'<path class="estimate" d="M{at:.1f} 2V12"/>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - made of numbers only


def _place(value: float | None, scale: float, side: float) -> tuple[float, bool]:
    """Return where a value lies, and whether that is beyond the scale; None is beyond it on its side."""
    at = side * 2.0 if value is None else value / scale
    inside = min(1.0, max(-1.0, at))
    return MIDDLE * (1.0 + inside), abs(at) > 1.0
