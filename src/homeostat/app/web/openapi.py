"""The description of the API as OpenAPI 3.1."""

from functools import cache
from importlib.metadata import version

from homeostat.app.engine.operations import OPERATIONS, READING
from homeostat.app.feedback.openapi import FEEDBACK
from homeostat.app.web.ranges import DEFAULT, RANGES
from homeostat.core.query import LEVELS_NS

Schema = dict[str, object]


def _parameter(name: str, schema: Schema, text: str, where: str = "query", required: bool = False) -> Schema:
    return {"name": name, "in": where, "required": required, "schema": schema, "description": text}


def _each(name: str, text: str) -> Schema:
    return _parameter(name, {"type": "array", "items": {"type": "string"}}, text)


RANGE = _parameter(
    "range", {"type": "string", "enum": list(RANGES), "default": DEFAULT}, "How far back to look."
)
OFFSET = _parameter("offset", {"type": "integer", "minimum": 0, "default": 0}, "The first row to return.")
LIMIT = _parameter("limit", {"type": "integer", "minimum": 0}, "How many to return at most.")
FIND = _parameter("find", {"type": "string"}, "A part of the series' name or attributes.")
OPERATION = _parameter("operation", {"type": "string"}, "Only this operation.")
ATTRIBUTE = _parameter(
    "attribute",
    {"type": "array", "items": {"type": "string"}},
    "An attribute that a series must have, as name=value.",
)

GETS: dict[str, tuple[str, tuple[Schema, ...]]] = {
    "/api/overview": (
        "The sentence, and each essential variable: statistic, 95% interval, limit, state, trend, size.",
        (RANGE, OFFSET, LIMIT, FIND),
    ),
    "/api/series": (
        "The series that have points in the range.",
        (RANGE, _parameter("metric", {"type": "string"}, "Only this metric."), OFFSET, LIMIT),
    ),
    "/api/frames": (
        "The points of a metric's series over time, one array a column; null is 'not measured'.",
        (
            _parameter("metric", {"type": "string"}, "The metric.", required=True),
            ATTRIBUTE,
            RANGE,
            _parameter("start", {"type": "integer"}, "Start in ns since the epoch; goes before the range."),
            _parameter("end", {"type": "integer"}, "End in ns since the epoch, exclusive."),
            _parameter("level", {"type": "integer", "enum": list(LEVELS_NS)}, "Width of the buckets in ns."),
        ),
    ),
    "/api/operations": (
        "Rate, errors, latency and share of time of each operation; how the busiest wait under their load.",
        (RANGE,),
    ),
    "/api/plots": ("The plots of the page over one axis of time, with its events.", (RANGE, OPERATION)),
    "/api/events": ("What happened: releases, change points, anomalies and alerts, by time.", (RANGE,)),
    "/api/traces": (
        "Traces of the range.",
        (
            RANGE,
            OPERATION,
            _parameter("order", {"type": "string", "enum": ["slowest", "newest"]}, "Which come first."),
            _parameter("failed", {"type": "string", "enum": ["1"]}, "Only traces with errors."),
            LIMIT,
        ),
    ),
    "/api/traces/{id}": (
        "One trace as a waterfall with its critical path.",
        (_parameter("id", {"type": "string"}, "32 hexadecimal digits.", "path", True),),
    ),
    "/api/time-use": ("Where the time of the newest kept traces went.", (RANGE,)),
    "/api/findings": (
        "Jumps, incidents, trends, seasons and correlations of the essential variables; `noticed_ns` is"
        " when a jump was noticed as it came.",
        (RANGE,),
    ),
    "/api/report": (
        "A report: summary, metrics, findings, comparison, outlook, workload, bottlenecks, what to do.",
        (
            _parameter("since", {"type": "string", "default": "24h"}, "A length of time, or a period."),
            _parameter("baseline", {"type": "string"}, "A period to compare with, or `before`."),
            _parameter("threshold", {"type": "number", "minimum": 0}, "Smallest change that matters."),
        ),
    ),
    "/api/spend": ("Tokens and money by model and operation.", (RANGE,)),
    "/api/resources": ("The machine's and the processes' resources.", (RANGE,)),
    "/api/metrics": ("The catalogue with the state of each metric on this machine.", (RANGE,)),
    "/api/alerts": (
        "Active and pending alerts, silences, notices told, and those that could not be delivered.",
        (),
    ),
    "/api/engine": ("The operations of the engine: what each does and takes, and whether it orders.", ()),
    "/api/loops": (
        "What each loop does: mode, knobs, running trials, advice, targets, hormones; `alive` if it runs.",
        (),
    ),
    "/api/experience": (
        "Whose experience is kept, and of one: its figures over 30 days with interval, n and response rate.",
        (_parameter("service", {"type": "string"}, "Whose; may be left out where there is one."),),
    ),
    "/api/categories": (
        "How the limits of the catalogue stand, by category, and an overall score that shows its make-up.",
        (RANGE,),
    ),
    "/api/watch": (
        "Chosen series now, each against thresholds of its own, and what was crossed since somebody looks.",
        (
            _each("series", "`p99 METRIC{name=value,...}`; statistic and attributes may be left out."),
            _each("warn", "The n-th belongs to the n-th series: `500 ms`, `> 500 ms`, `< 0.9`, or empty."),
            _each("critical", "Likewise."),
            _parameter("every", {"type": "string", "default": "2 s"}, "How often, from 1 s to 1 min."),
            _parameter("over", {"type": "string", "default": "1 min"}, "Each value is over so long."),
            _each("only", "An attribute that every series and trace must have, as name=value."),
        ),
    ),
    "/api/losses": ("What was dropped since the start, by reason.", ()),
}

TEXTS = {
    "/api/live": ("text/event-stream", "Server-sent events with a page's content whenever it changes.", True),
    "/metrics": ("text/plain", "What is known now, for Prometheus.", False),
    "/healthz": ("application/json", "The server runs.", False),
    "/readyz": ("application/json", "The server can take data in and answer.", False),
}

PROBLEM = {
    "type": "object",
    "required": ["error", "remedy"],
    "properties": {"error": {"type": "string"}, "remedy": {"type": "string"}},
}


def _answers(media_type: str, text: str) -> Schema:
    problem = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    return {
        "200": {"description": text, "content": {media_type: {}}},
        "400": {"description": "The query cannot be used; the answer says why.", **problem},
        "401": {"description": "A token is needed.", **problem},
    }


def _also(answers: Schema, *others: Schema) -> Schema:
    return {status: told for one in (answers, *others) for status, told in one.items()}


def _otlp(signal: str) -> Schema:
    return {
        "post": {
            "summary": f"Take in {signal} (OTLP/HTTP, protobuf or JSON; gzip or deflate).",
            "requestBody": {"content": {"application/x-protobuf": {}, "application/json": {}}},
            "responses": {
                "200": {"description": "Taken in; `partial_success` says what was not, and why."},
                "400": {"description": "Malformed; the body is a google.rpc.Status."},
                "413": {"description": "The body is over the limit."},
                "415": {"description": "The media type is not known."},
                "429": {"description": "No room now; `Retry-After` says when to send again."},
            },
        }
    }


_SILENCES: Schema = {
    "/api/alerts/silence": {
        "post": {
            "summary": "Have nothing told of a target or a group for a while.",
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "target": {"type": "string"},
                                "group": {"type": "string"},
                                "for_s": {"type": "number", "default": 3600},
                                "reason": {"type": "string"},
                            },
                        }
                    }
                }
            },
            "responses": {
                "201": {"description": "The silence, with its id."},
                "400": {"description": "It makes no sense; the answer says why."},
            },
        }
    },
    "/api/alerts/retry": {
        "post": {
            "summary": "Send notices again that could not be delivered: one, by NOTICE/CHANNEL, or all.",
            "requestBody": {
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {"id": {"type": "string"}, "all": {"type": "boolean"}},
                        }
                    }
                }
            },
            "responses": {
                "202": {"description": "Those that wait now, and those whose channel is not configured."},
                "400": {"description": "There is none of this id; the answer says why."},
            },
        }
    },
    "/api/alerts/targets/{name}": {
        "delete": {
            "summary": "Watch a target no more that was set with set_performance_alert.",
            "parameters": [_parameter("name", {"type": "string"}, "The target's name.", "path", True)],
            "responses": {
                "204": {"description": "It is watched no more."},
                "404": {"description": "None of this name was set so."},
            },
        }
    },
    "/api/alerts/silence/{id}": {
        "delete": {
            "summary": "End a silence.",
            "parameters": [_parameter("id", {"type": "string"}, "The silence's id.", "path", True)],
            "responses": {
                "204": {"description": "It is over."},
                "404": {"description": "There is none of this id."},
            },
        }
    },
}


_ENGINE: Schema = {
    "/api/engine/{operation}": {
        "get": {
            "summary": "Ask an operation that only reads; its arguments are the query.",
            "parameters": [
                _parameter("operation", {"type": "string", "enum": list(READING)}, "Which.", "path", True)
            ],
            "responses": _answers("application/json", "What the operation returns."),
        },
        "post": {
            "summary": "Ask or order; the arguments are a JSON object.",
            "parameters": [
                _parameter("operation", {"type": "string", "enum": list(OPERATIONS)}, "Which.", "path", True),
                _parameter("by", {"type": "string"}, "Who gives the order; it stands in the ledger."),
            ],
            "requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}},
            "responses": _also(
                _answers("application/json", "What the operation returns."),
                {
                    "404": {"description": "There is no operation of this name."},
                    "409": {"description": "No loop runs that could obey."},
                },
            ),
        },
    }
}


_SERVICE = _parameter("service", {"type": "string"}, "Whose loop.", "path", True)
_VALUE: Schema = {"type": ["boolean", "number", "string"]}


def _order(name: str, text: str, **fields: Schema) -> Schema:
    return {
        "title": name,
        "description": text,
        "type": "object",
        "required": ["order", "by", *fields],
        "properties": {
            "order": {"const": name},
            "by": {"type": "string", "maxLength": 200, "description": "Who orders, for the ledger."},
            **fields,
        },
    }


ORDERS = (
    _order("mode", "Work in another mode.", mode={"enum": ["observe", "advise", "act"]}),
    _order("restore", "The kill switch: all defaults, no trials, mode observe."),
    _order("undo", "Take back what an entry of the ledger changed.", number={"type": "integer"}),
    _order("pin", "Hold a knob at a value.", knob={"type": "string"}, value=_VALUE),
    _order("unpin", "Let a knob be turned again.", knob={"type": "string"}),
    _order("try", "Begin a trial.", values={"type": "object", "additionalProperties": _VALUE}),
    _order("relieve", "Relieve a resource.", resource={"enum": ["memory", "cpu", "io"]}),
)
"""The orders of `homeostat.core.order`, as they are sent."""

_NO_LOOP: Schema = {
    "404": {"description": "There is no loop of this service; the answer lists those there are."}
}

_LOOPS: Schema = {
    "/api/loops/{service}": {
        "get": {
            "summary": "What one loop does.",
            "parameters": [_SERVICE],
            "responses": _also({"200": {"description": "As in /api/loops."}}, _NO_LOOP),
        }
    },
    "/api/loops/{service}/orders": {
        "post": {
            "summary": "Give a loop an order, and wait up to 5 s for what the ledger says about it.",
            "parameters": [_SERVICE],
            "requestBody": {"content": {"application/json": {"schema": {"oneOf": list(ORDERS)}}}},
            "responses": _also(
                {
                    "200": {"description": "Obeyed: the entries that the ledger got for it."},
                    "202": {"description": "Not answered within 5 s; the order stays valid for an hour."},
                    "400": {"description": "It makes no sense; the answer says why."},
                    "409": {"description": "The loop refused it, or does not run; the answer says why."},
                },
                _NO_LOOP,
            ),
        }
    },
    "/api/ledger": {
        "get": {
            "summary": "Entries of a ledger by number, with words, whether each can be undone, and `broken`:"
            " the first that cannot be trusted, null where all hashes are right.",
            "parameters": [
                _parameter("service", {"type": "string"}, "Whose; may be left out where there is one loop."),
                _parameter("after", {"type": "integer", "minimum": 0}, "Entries after this number."),
                _parameter(
                    "limit", {"type": "integer", "default": 50, "maximum": 1000}, "How many; the newest."
                ),
            ],
            "responses": _also({"200": {"description": "The entries."}}, _NO_LOOP),
        }
    },
}


@cache
def description() -> Schema:
    """Return the OpenAPI description."""
    paths: Schema = {
        path: {
            "get": {
                "summary": text,
                "parameters": list(parameters),
                "responses": _answers("application/json", text),
            }
        }
        for path, (text, parameters) in GETS.items()
    }
    for path, (media_type, text, ranged) in TEXTS.items():
        view = _parameter("view", {"type": "string"}, "The page, such as overview.")
        parameters = [view, RANGE] if ranged else []
        paths[path] = {
            "get": {"summary": text, "parameters": parameters, "responses": _answers(media_type, text)}
        }
    paths.update({f"/v1/{signal}": _otlp(signal) for signal in ("traces", "metrics", "logs")})
    paths.update(_SILENCES)
    paths.update(_LOOPS)
    paths.update(_ENGINE)
    paths.update(FEEDBACK)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Homeostat", "version": version("homeostat"), "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {"Problem": PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
