"""The description of feedback, as OpenAPI."""

from homeostat.app.feedback.origins import PATH

Schema = dict[str, object]


def _query(name: str, text: str) -> Schema:
    return {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": text}


_SCALE: Schema = {"type": "integer", "minimum": 1, "maximum": 5}
_BODY: Schema = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "service": {"type": "string", "description": "Whose; may be left out where there is one."},
        "user": {"type": "string", "maxLength": 256, "description": "Who; kept as a keyed hash."},
        "rating": {"type": "integer", "minimum": 1, "maximum": 10},
        "thumbs": {"type": "boolean"},
        "recommend": {"type": "integer", "minimum": 0, "maximum": 10},
        "statements": {"type": "array", "items": _SCALE, "minItems": 10, "maxItems": 10},
        "asked": {"type": "array", "items": {"enum": ["rating", "thumbs", "recommend", "usability"]}},
        "opt_out": {"type": "boolean", "description": "true: keep nothing more, and forget the rest."},
        "request_id": {"type": "string", "maxLength": 128},
        "comment": {"type": "string", "maxLength": 1000, "description": "Where comments are declared."},
    },
}
_PASS: Schema = {
    "type": "object",
    "required": ["user"],
    "properties": {
        "user": {"type": "string"},
        "service": {"type": "string"},
        "hours": {"type": "number", "default": 24},
    },
}
_WHO: list[Schema] = [_query("user", "Whose events."), _query("service", "Of which application.")]


def _taking(schema: Schema) -> Schema:
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _answers(**texts: str) -> Schema:
    return {status.lstrip("s"): {"description": text} for status, text in texts.items()}


_REFUSED = {
    "s400": "It makes no sense; the answer says why.",
    "s401": "A token or a pass is needed.",
    "s403": "It is about somebody else, or from a site that is not allowed.",
    "s429": "Too many; `Retry-After` says when to send again.",
    "s503": "It cannot be noted now; send it again.",
}

FEEDBACK: Schema = {
    PATH: {
        "get": {
            "summary": "What is kept of people, for how long, and the events of one.",
            "parameters": _WHO,
            "responses": _answers(
                s200="The declaration, `held`, `opted_out`, and of each kind the newest 1,000 `events`.",
                **_REFUSED,
            ),
        },
        "post": {
            "summary": "Take what somebody answered, that they were asked, or that they opt out.",
            "requestBody": _taking(_BODY),
            "responses": _answers(
                s201="It is kept.",
                s200="It is not kept: the person opted out, or does now.",
                s413="The body is too large.",
                **_REFUSED,
            ),
        },
        "delete": {
            "summary": "Forget what is kept of somebody.",
            "parameters": _WHO,
            "responses": _answers(s200="How many events were forgotten.", **_REFUSED),
        },
        "options": {
            "summary": "Tell a browser whether pages of its site may send feedback.",
            "responses": _answers(s204="They may.", s403="They may not."),
        },
    },
    f"{PATH}/widget.js": {
        "get": {
            "summary": "The script of the widget, for any page.",
            "responses": _answers(s200="JavaScript without dependencies."),
        }
    },
    f"{PATH}/passes": {
        "post": {
            "summary": "Make a pass with which a browser gives the feedback of one person, and nothing else.",
            "requestBody": _taking(_PASS),
            "responses": _answers(
                s201="`pass`, to be sent as a bearer token.",
                s400="It makes no sense; the answer says why.",
                s401="The server's token is needed.",
                s409="This server needs no token, so that no pass is needed either.",
            ),
        }
    },
}
