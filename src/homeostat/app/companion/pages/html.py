"""The rendering of the companion's pages: templates in the frame of the dashboard, and the words they use."""

from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment
from starlette.responses import HTMLResponse

from homeostat.app.templates import templates
from homeostat.app.web.assets import Assets, dashboard_paths
from homeostat.app.web.html import TEMPLATES, share
from homeostat.app.web.security import content_policy
from homeostat.judge.words.quantity import count

HERE = Path(__file__)
DAY_S = 86_400
NAMES = ("companion.css", "palace.js", "walk.js", "dreams.js", "review.js")

PAGES = (
    {"name": "person", "path": "/", "title": "Overview"},
    {"name": "palace", "path": "/palace", "title": "Palace"},
    {"name": "mirror", "path": "/mirror", "title": "Mirror"},
    {"name": "archaeology", "path": "/archaeology", "title": "Archaeology"},
    {"name": "dreams", "path": "/dreams", "title": "Dreams"},
    {"name": "experience", "path": "/experience", "title": "Experience"},
)
OF_ADMINISTRATION = ({"name": "review", "path": "/review", "title": "Review"},)


@cache
def assets() -> Assets:
    """Return the assets of these pages: those of the dashboard, and their own."""
    folder = HERE.with_name("static")
    return Assets({**dashboard_paths(), **{name: folder / name for name in NAMES}})


def day(at_us: int, offset_min: int = 0) -> str:
    """Return a day as a person reads it.

    >>> day(0)
    '1 Jan 1970'
    """
    at = datetime.fromtimestamp(at_us / 1e6, timezone(timedelta(minutes=offset_min)))
    return f"{at.day} {at:%b %Y}"


def moment(at_us: int, offset_min: int = 0) -> str:
    """Return a moment in the clock of whoever wrote then, to the minute.

    >>> moment(0, 60)
    '1 Jan 1970, 01:00'
    """
    at = datetime.fromtimestamp(at_us / 1e6, timezone(timedelta(minutes=offset_min)))
    return f"{at.day} {at:%b %Y, %H:%M}"


def iso(at_us: int) -> str:
    """Return a moment as ISO 8601, UTC."""
    return datetime.fromtimestamp(at_us / 1e6, UTC).isoformat(timespec="seconds")


def lasting(us: float) -> str:
    """Return a length of time as a person says it.

    >>> lasting(90e6), lasting(3 * 3_600e6), lasting(40 * 86_400e6)
    ('90 s', '3.0 hours', '40 days')
    """
    seconds = us / 1e6
    if seconds >= 2 * DAY_S:
        days = seconds / DAY_S
        return f"{days:.0f} days" if days >= 10 else f"{days:.1f} days"
    if seconds >= 7_200:
        return f"{seconds / 3_600:.1f} hours"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


@cache
def environment() -> Environment:
    """Return the templates, with everything escaped that is not marked as safe."""
    made = templates(HERE.with_name("templates"), TEMPLATES)
    made.globals["static"] = assets().url
    made.filters.update(count=count, day=day, iso=iso, lasting=lasting, moment=moment, share=share)
    return made


def page(
    template: str,
    section: str,
    title: str,
    status: int = 200,
    *,
    visit: object = None,
    administers: bool = False,
    **values: object,
) -> HTMLResponse:
    """Return a page filled in, with links to administration for who `administers`.

    The palace alone may style inline, as the plotting library does.
    """
    made = environment().get_template(template)
    text = made.render(
        section=section,
        title=title,
        visit=visit,
        pages=() if visit is None else PAGES + OF_ADMINISTRATION * administers,
        version=version("homeostat"),
        range_query="",
        refused="",
        live_url="",
        **values,
    )
    policy = content_policy(inline_styles=section == "palace")
    return HTMLResponse(text, status, headers={"content-security-policy": policy})
