"""The assets: stylesheet, scripts and the plotting library, under names that change with their content."""

import hashlib
import importlib.util
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from homeostat.app.web.errors import problem

FOLDER = Path(__file__).with_name("static")
LIBRARY = "plotly.min.js"
NAMES = ("homeostat.css", "live.js", "plots.js", "icon.svg", LIBRARY)

FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


def _path(name: str) -> Path:
    """Return where an asset lies; the library is part of the installed plotly, found without an import."""
    if name != LIBRARY:
        return FOLDER / name
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "package_data" / LIBRARY


@cache
def asset_url(name: str) -> str:
    """Return the address of an asset, which holds a part of its digest."""
    if name not in NAMES:
        raise KeyError(f"no asset is called {name!r}")
    digest = hashlib.sha256(_path(name).read_bytes()).hexdigest()[:16]
    return f"/static/{digest}/{name}"


async def asset(request: Request) -> Response:
    """Answer GET /static/DIGEST/NAME; an old digest is not found, so that nothing stale is kept for ever."""
    name = request.path_params["name"]
    if name not in NAMES or asset_url(name) != request.url.path:
        return problem(404, f"no such asset: {request.url.path}", "load the page again")
    return FileResponse(_path(name), headers=FOREVER)
