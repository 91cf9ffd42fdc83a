"""The description of the companion's API as OpenAPI 3.1, made from its routes."""

import re
from collections.abc import Iterable
from functools import partial
from importlib.metadata import version
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from homeostat.app.companion.administration import Shown, Wish
from homeostat.app.companion.bodies import MessageBody
from homeostat.app.companion.dreams import Turn, Wanted, Wished
from homeostat.app.companion.messages import NDJSON, Edit
from homeostat.app.companion.mirror import Correction, Replies, Situation, Switch, Texts
from homeostat.app.companion.people import Held
from homeostat.app.companion.reviews import Queue, ShownReview
from homeostat.app.companion.walks import Stops
from homeostat.app.feedback.body import FeedbackBody
from homeostat.app.web.errors import json_answer
from homeostat.app.web.openapi import PROBLEM
from homeostat.companion.companion import Received
from homeostat.companion.dream.scene import Steering
from homeostat.companion.dream.wishes import Wishes
from homeostat.companion.flags import Setting
from homeostat.companion.message import Message
from homeostat.companion.security.state import State
from homeostat.runtime.guarding.reviews import Said

Schema = dict[str, Any]

_PERSON = "/people/{person}"
_MESSAGES = f"{_PERSON}/messages"
_MIRROR = f"{_PERSON}/mirror"

BODIES: dict[tuple[str, str], type[msgspec.Struct]] = {
    ("POST", _MESSAGES): MessageBody,
    ("POST", f"{_MESSAGES}/bulk"): MessageBody,
    ("PATCH", f"{_MESSAGES}/{{id}}"): Edit,
    ("PUT", _MIRROR): Switch,
    ("POST", f"{_MIRROR}/corrections"): Correction,
    ("POST", f"{_MIRROR}/replies"): Replies,
    ("POST", f"{_MIRROR}/reply"): Replies,
    ("POST", f"{_MIRROR}/same-author"): Texts,
    ("POST", f"{_MIRROR}/decisions"): Situation,
    ("POST", f"{_MIRROR}/foretold"): Situation,
    ("POST", f"{_PERSON}/walks"): Stops,
    ("POST", f"{_PERSON}/dreams"): Wanted,
    ("POST", f"{_PERSON}/dreams/now"): Turn,
    ("PUT", f"{_PERSON}/dreams/wishes"): Wished,
    ("POST", "/tokens"): Wish,
    ("POST", "/reviews/{id}"): Said,
    ("POST", "/feedback"): FeedbackBody,
    ("PUT", "/flags/{name}"): Setting,
}

ANSWERS: dict[tuple[str, str], type[msgspec.Struct]] = {
    ("POST", _MESSAGES): Received,
    ("GET", f"{_MESSAGES}/{{id}}"): Message,
    ("PATCH", f"{_MESSAGES}/{{id}}"): Message,
    ("GET", _PERSON): Held,
    ("POST", "/tokens"): Shown,
    ("GET", "/reviews"): Queue,
    ("POST", "/reviews/{id}"): ShownReview,
    ("GET", "/security"): State,
    ("POST", f"{_PERSON}/dreams/now"): Steering,
    ("GET", f"{_PERSON}/dreams/wishes"): Wishes,
    ("PUT", f"{_PERSON}/dreams/wishes"): Wishes,
}

MEDIA = {
    ("GET", f"{_PERSON}/dreams/now"): ("", NDJSON),
    ("GET", f"{_PERSON}/dreams/{{name}}/scenes/{{number}}/speech"): ("", "audio/mpeg"),
    ("GET", f"{_PERSON}/dreams/{{name}}/scenes/{{number}}/picture"): ("", "image/png"),
    ("POST", f"{_MESSAGES}/bulk"): (NDJSON, NDJSON),
    ("GET", f"{_PERSON}/export"): ("", "application/zip"),
    ("POST", f"{_PERSON}/import"): ("application/zip", "application/json"),
}
"""Of the request and of the answer, where they are not JSON."""

WITHIN = ("talk", "author", "own", "begin", "end")

QUERIES: dict[str, tuple[str, ...]] = {
    _MESSAGES: ("after", "limit", *WITHIN),
    f"{_PERSON}/search": ("q", "k", *WITHIN),
    f"{_PERSON}/export": ("vectors",),
    f"{_PERSON}/palace/rooms": ("kind",),
    f"{_PERSON}/palace/memories": ("room", "after", "limit"),
    f"{_PERSON}/palace/near": ("at", "k", "radius"),
    f"{_PERSON}/palace/box": ("low", "high"),
    f"{_PERSON}/archaeology/gaps": ("limit",),
    f"{_PERSON}/archaeology/patterns": ("limit",),
    f"{_PERSON}/archaeology/reconstruction": ("before", "after", "worded"),
    f"{_PERSON}/dreams/now": ("after",),
    "/people": ("after", "limit"),
    "/tokens": ("after",),
    "/reviews": ("limit",),
    "/audit": ("after", "limit", "verify"),
    "/feedback": ("user",),
}
"""What a GET takes behind the question mark."""

WORDS = {
    "q": "What is searched for.",
    "k": "How many to return at most.",
    "after": "Those that follow this one; of the messages around a gap, the later one.",
    "before": "The earlier of the messages around a gap.",
    "limit": "How many to return at most.",
    "talk": "Only this talk.",
    "author": "Only this author.",
    "own": "true: only the person's own; false: only those of others.",
    "begin": "From this time on, with its zone.",
    "end": "Before this time, with its zone.",
    "vectors": "false leaves the rows of vectors out.",
    "kind": "topic, person or time.",
    "room": "The id of a room.",
    "at": "A point, as x,y,z.",
    "low": "A corner, as x,y,z.",
    "high": "The corner opposite, as x,y,z.",
    "radius": "All within so much of the point, in place of the k nearest.",
    "worded": "true has the model say it, where one is set.",
    "user": "Whose, where the token is a service's.",
    "verify": "1 follows the whole chain first.",
}

_CONVERTED = re.compile(r"{(\w+):\w+}")
_NAMED = re.compile(r"{(\w+)}")


def description(routes: Iterable[BaseRoute]) -> Schema:
    """Return the description of all routes that are no sockets."""
    structs = sorted({*BODIES.values(), *ANSWERS.values()}, key=lambda struct: struct.__name__)
    _, components = msgspec.json.schema_components(structs, ref_template="#/components/schemas/{name}")
    paths: dict[str, Schema] = {}
    for route in routes:
        if not isinstance(route, Route):
            continue
        path = _CONVERTED.sub(r"{\1}", route.path)
        for method in sorted((route.methods or set()) - {"HEAD"}):
            paths.setdefault(path, {})[method.lower()] = _operation(method, path, route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Homeostat companion", "version": version("homeostat")},
        "paths": paths,
        "security": [{"token": []}],
        "components": {
            "schemas": {**components, "Problem": PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def openapi(described: Schema) -> Route:
    """Return the route that answers a description."""

    async def answer(http: Request) -> Response:
        """Answer this description."""
        return json_answer(described)

    return Route("/openapi.json", answer)


def _operation(method: str, path: str, route: Route) -> Schema:
    summary = (route.endpoint.__doc__ or "").strip().partition("\n")[0]
    sent, answered = MEDIA.get((method, path), ("application/json", "application/json"))
    parameter = partial(_parameter, path=path)
    names = _NAMED.findall(path)
    queries = QUERIES.get(path, ()) if method == "GET" else ()
    operation: Schema = {
        "summary": summary,
        "parameters": [parameter(name) for name in (*names, *queries)],
        "responses": {
            "2XX": {
                "description": summary,
                "content": _content(ANSWERS, method, path, answered),
            },
            "4XX": _problem("What is wrong with the request, and what to do."),
            "5XX": _problem("What does not work, and what to do."),
        },
    }
    if (method, path) in BODIES or ((method, path) in MEDIA and sent):
        operation["requestBody"] = {"required": True, "content": _content(BODIES, method, path, sent)}
    return operation


def _content(
    table: dict[tuple[str, str], type[msgspec.Struct]], method: str, path: str, media: str
) -> Schema:
    struct = table.get((method, path))
    schema = {} if struct is None else {"$ref": f"#/components/schemas/{struct.__name__}"}
    return {media: {"schema": schema}}


def _problem(text: str) -> Schema:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _parameter(name: str, path: str) -> Schema:
    inside = f"{{{name}}}" in path
    return {
        "name": name,
        "in": "path" if inside else "query",
        "required": inside or name == "q",
        "schema": {"type": "string"},
        "description": WORDS.get(name, f"The {name}."),
    }
