"""The level chart: one line from 0 to 1, with the level from which on it acts."""

from collections.abc import Sequence

from markupsafe import Markup

from homeostat.app.web.charts import Axis, path

WIDTH, HEIGHT = 720.0, 60.0
AXIS = Axis(0.0, 1.0, (0.0, 0.5, 1.0))


def level_chart(points: Sequence[float | None], acts_above: float) -> Markup:
    """Return the line; the dashed line is the level above which it acts."""
    at = AXIS.at(acts_above, HEIGHT)
    edges = "".join(f'<path class="grid" d="M0 {AXIS.at(t, HEIGHT):g}H{WIDTH:g}"/>' for t in AXIS.ticks)
    return Markup(  # noqa: S704 - made of numbers only
        f'<svg class="chart level" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" preserveAspectRatio="none" '
        f'aria-hidden="true">{edges}<path class="acts" d="M0 {at:.1f}H{WIDTH:g}"/>'
        f'<path class="line line-1" d="{path(points, AXIS, WIDTH, HEIGHT)}"/></svg>'
    )
