"""The rendering: templates, and the words that they use for numbers and times."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment
from markupsafe import Markup

from homeostat.app.templates import templates
from homeostat.app.web.assets import dashboard_assets
from homeostat.app.web.charts import sparkline
from homeostat.core.change import shown
from homeostat.core.span import LlmCall
from homeostat.judge.views.overview import OverviewRow
from homeostat.judge.words.quantity import bounds, count, quantity

TEMPLATES = Path(__file__).with_name("templates")
"""What the pages are made of; those of another application may use it too."""


def moment(ns: int) -> str:
    """Return a time in UTC to the second.

    >>> moment(0)
    '1970-01-01 00:00:00'
    """
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%Y-%m-%d %H:%M:%S")


def clock(ns: int) -> str:
    """Return the time of day in UTC."""
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%H:%M:%S")


def iso(ns: int) -> str:
    """Return a time as ISO 8601."""
    return datetime.fromtimestamp(ns / 1e9, UTC).isoformat(timespec="milliseconds")


def duration(ns: float) -> str:
    """Return a length of time in words."""
    return quantity(ns / 1e6, "ms")


def share(value: float) -> str:
    """Return a share of a whole; the smallest ones are not worth digits.

    >>> share(0.923), share(0.00002), share(0.0)
    ('92.3%', '< 0.1%', '0.0%')
    """
    return "< 0.1%" if 0 < value < 0.001 else f"{value:.1%}"


def series_path(row: OverviewRow) -> str:
    """Return the address of a series' page."""
    query = urlencode([("attribute", f"{k}={v}") for k, v in row.attributes])
    return f"/series/{quote(row.metric, safe='')}{'?' + query if query else ''}"


def _spark(row: OverviewRow) -> Markup:
    return sparkline(row.points, row.target, row.interval_low, row.interval_high)


def _fields(llm: LlmCall) -> Iterable[tuple[str, object]]:
    for name in llm.__struct_fields__:
        value = getattr(llm, name)
        if value is None or value in ("", False):
            continue
        if name == "first_token_ns":
            yield "time to first token", duration(value)
        elif name == "cost_usd":
            yield "cost", quantity(value, "USD")
        else:
            yield name.replace("_", " "), value
    if llm.cost_usd is None:
        yield "cost", "unpriced"


@cache
def environment() -> Environment:
    """Return the templates, with everything escaped that is not marked as safe."""
    made = templates(TEMPLATES)
    made.globals["static"] = dashboard_assets().url
    made.filters.update(
        bounds=bounds,
        clock=clock,
        count=count,
        duration=duration,
        fields=_fields,
        hex=bytes.hex,
        iso=iso,
        line=sparkline,
        moment=moment,
        quantity=quantity,
        series_path=series_path,
        share=share,
        spark=_spark,
        value=shown,
    )
    return made


def render(template: str, **values: object) -> str:
    """Return a template filled in."""
    return environment().get_template(template).render(values)
