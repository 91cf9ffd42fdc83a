"""The client: asks a running server for what its API tells."""

from typing import Any
from urllib.parse import urlencode

import httpx2

from homeostat.core.errors import ConfigError, InputError, NotAvailable

TIMEOUT_S = 5.0


class Client:
    """Requests to one server. Open it with `with`."""

    def __init__(self, endpoint: str, token: str | None, timeout_s: float = TIMEOUT_S) -> None:
        if not endpoint.startswith(("http://", "https://")):
            raise ConfigError(f"an address such as http://127.0.0.1:4318 is needed, not {endpoint!r}")
        self.endpoint = endpoint.rstrip("/")
        headers = {"authorization": f"Bearer {token}"} if token else {}
        self._http = httpx2.Client(headers=headers, timeout=timeout_s, trust_env=False)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **parameters: object) -> Any:
        """Return the answer's JSON. Raises NotAvailable without an answer, InputError for a refusal."""
        query = f"?{urlencode(parameters, doseq=True)}" if parameters else ""
        return self._json(self._answer("GET", f"{path}{query}"))

    def post(self, path: str, body: object) -> Any:
        """Send JSON and return the answer's; raises what `get` raises."""
        return self._json(self._answer("POST", path, body))

    def delete(self, path: str) -> None:
        """Ask for something to be ended; raises what `get` raises."""
        self._answer("DELETE", path)

    def _answer(self, method: str, path: str, body: object | None = None) -> httpx2.Response:
        url = f"{self.endpoint}{path}"
        try:
            response = self._http.request(method, url, json=body)
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise NotAvailable(
                f"no server answers at {self.endpoint} ({error}); `homeostat up` starts one,"
                " --endpoint names another"
            ) from None
        if response.status_code == 401:
            raise ConfigError(f"{self.endpoint} needs its token: give --token, or set HOMEOSTAT_TOKEN")
        if response.status_code >= 400:
            raise InputError(f"{url} answered {response.status_code}: {response.text[:300]}")
        return response

    def _json(self, response: httpx2.Response) -> Any:
        try:
            return response.json()
        except ValueError:
            raise NotAvailable(f"what answers at {self.endpoint} is no Homeostat server") from None
