"""An analysis as one HTML file: tables, and the graph, with nothing to load from elsewhere."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from homeostat.app.prompts.picture import picture
from homeostat.prompts.analysis.analysis import Priced
from homeostat.prompts.analysis.analysis_text import (
    DANGLING_HEADS,
    ENTRY_HEADS,
    REPEAT_HEADS,
    dangling_rows,
    entry_rows,
    repeat_rows,
    summary,
)

HERE = Path(__file__).parent
ROWS_MAX = 100


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )


def html(found: Priced, title: str) -> str:
    """Return an analysis as one HTML document under a title."""
    style = (HERE.parent / "report" / "templates" / "report.css").read_text(encoding="utf-8")
    analysis = found.analysis
    files = sorted(analysis.files, key=lambda f: (-f.tokens, f.path))
    return (
        _environment()
        .get_template("library.html")
        .render(
            title=title,
            style=Markup(style),  # noqa: S704 - our own file
            found=found,
            analysis=analysis,
            summary=summary(found),
            picture=picture(analysis),
            entries=(ENTRY_HEADS, entry_rows(found)),
            repeats=(REPEAT_HEADS, repeat_rows(analysis)),
            dangling=(DANGLING_HEADS, dangling_rows(analysis)),
            files=files,
            rows_max=ROWS_MAX,
        )
    )
