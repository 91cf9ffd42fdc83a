"""Errors as answers: JSON that says what is wrong and what to do."""

from collections.abc import Mapping

import msgspec
from starlette.responses import Response


def json_answer(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a value as JSON; what is not a number there becomes null."""
    return Response(msgspec.json.encode(value), status, headers, "application/json")


def problem(status: int, error: str, remedy: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return an error with its remedy."""
    return json_answer({"error": error, "remedy": remedy}, status, headers)
