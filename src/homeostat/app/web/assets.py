"""The assets: stylesheets, scripts and the plotting library, under names that change with their content."""

import hashlib
import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from homeostat.app.web.errors import problem

FOLDER = Path(__file__).with_name("static")
LIBRARY = "plotly.min.js"
NAMES = ("homeostat.css", "live.js", "plots.js", "icon.svg")

FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


class Assets:
    """Files by their names, each at an address that holds a part of its digest."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        self._paths = dict(paths)
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """Return the address of an asset. Raises KeyError where there is none of that name."""
        found = self._urls.get(name)
        if found is None:
            digest = hashlib.sha256(self._paths[name].read_bytes()).hexdigest()[:16]
            found = self._urls[name] = f"/static/{digest}/{name}"
        return found

    async def answer(self, request: Request) -> Response:
        """Answer GET /static/DIGEST/NAME; an old digest is not found: nothing stale is kept for ever."""
        name = request.path_params["name"]
        if name not in self._paths or self.url(name) != request.url.path:
            return problem(404, f"no such asset: {request.url.path}", "load the page again")
        return FileResponse(self._paths[name], headers=FOREVER)


@cache
def dashboard_assets() -> Assets:
    """Return the assets of the dashboard."""
    return Assets(dashboard_paths())


def dashboard_paths() -> dict[str, Path]:
    """Return where they lie; the library is part of the installed plotly, found without an import."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    assert spec.submodule_search_locations
    library = Path(spec.submodule_search_locations[0]) / "package_data" / LIBRARY
    return {**{name: FOLDER / name for name in NAMES}, LIBRARY: library}
