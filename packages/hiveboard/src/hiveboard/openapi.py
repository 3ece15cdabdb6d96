"""The OpenAPI 3.1 document, generated from the route table and the structs that handlers answer with."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

import msgspec
from hiveloop.events import EVENT_TYPES, LIMITS, SEVERITIES

from . import __version__
from .errors import ErrorEnvelope
from .ingest.wire import MAX_ID, WireBatch, WireEvent
from .routes.params import Param
from .routes.table import Endpoint

__all__ = ["build_document"]

#: How any request that needs a key may be refused: unknown, not allowed, a foreign name of the host, too often, no store.
_OF_THE_GATE = {401, 403, 421, 429, 503}
_PATH_PARAM = re.compile(r"\{(\w+)(?::id)?\}")
_PATH_PARAM_TEXT = {
    "agent_id": "The agent's id.",
    "task_id": "The task's id.",
    "approval_id": "The request's approval_id, or the id of its event.",
    "issue_id": "The `id` of the issue's row.",
    "insight_id": "The insight's id, as listed.",
    "key_id": "The key's id, as listed.",
    "project_id": "The project's slug or id.",
    "model": "The model, as calls name it.",
    "session_id": "The session's id.",
    "rule_id": "The alert rule's id.",
    "channel_id": "The alert channel's id.",
}
_TAGS = {
    "ingest": "Sending events.",
    "queries": "What happened and how things are.",
    "live": "What is happening.",
    "admin": "How the collector works: keys, prices, rules, policies, settings.",
    "alerts": "Rules that tell somebody, where they tell it, and what was told.",
    "session": "Signing in with a browser.",
    "system": "The collector itself.",
}


def build_document(endpoints: tuple[Endpoint, ...]) -> dict[str, Any]:
    """The document."""
    types = [answer for endpoint in endpoints for answer in _answers(endpoint)]
    types += [endpoint.body for endpoint in endpoints if endpoint.body not in (None, WireBatch)]
    schemas, components = msgspec.json.schema_components(
        [*types, ErrorEnvelope], ref_template="#/components/schemas/{name}"
    )
    by_type = dict(zip([str(kind) for kind in [*types, ErrorEnvelope]], schemas, strict=True))
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        path = _PATH_PARAM.sub(r"{\1}", endpoint.path)
        paths.setdefault(path, {})[endpoint.method.lower()] = _operation(endpoint, by_type)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "HiveBoard",
            "version": __version__,
            "description": "Collector of HiveLoop: agents send events, people and programs ask what happened.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "security": [{"key": []}, {"session": []}, {}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An hb_live_, hb_test_ or hb_read_ key. Without configured keys, queries from "
                    "this machine need none.",
                },
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "hiveboard_session",
                    "description": "Set by POST /v1/session; the port, where there is one, ends its name. Requests that "
                    "change something also carry the session's csrf_token as X-CSRF-Token.",
                },
            },
        },
    }


def _answers(endpoint: Endpoint) -> list[Any]:
    return [endpoint.answer, *(kind for _, kind, _ in endpoint.more_answers if kind is not None)]


def _operation(endpoint: Endpoint, by_type: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(endpoint),
        "summary": endpoint.summary,
        "tags": [endpoint.tag],
        "parameters": [
            *(_path_parameter(name) for name in _PATH_PARAM.findall(endpoint.path)),
            *(_query_parameter(param) for param in endpoint.params),
        ],
        "responses": _responses(endpoint, by_type),
    }
    if endpoint.body is not None:
        schema = _batch_schema() if endpoint.body is WireBatch else by_type[str(endpoint.body)]
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if endpoint.needs != "read":
        operation["security"] = [{"key": []}, {"session": []}]
    elif endpoint.public:
        operation["security"] = [{}]
    return operation


def _operation_id(endpoint: Endpoint) -> str:
    words = re.findall(r"\w+", _PATH_PARAM.sub(r"by_\1", endpoint.path))
    return "_".join([endpoint.method.lower(), *words])


def _path_parameter(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": _PATH_PARAM_TEXT[name],
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_ID},
    }


def _query_parameter(param: Param) -> dict[str, Any]:
    return {
        "name": param.name,
        "in": "query",
        "required": param.required,
        "description": param.description,
        "schema": param.schema,
    }


def _responses(endpoint: Endpoint, by_type: dict[str, Any]) -> dict[str, Any]:
    def content(schema: Any, media_type: str = "application/json") -> dict[str, Any]:
        return {media_type: {"schema": schema}}

    # A stream is text; what its messages hold is told in the summary.
    streamed = endpoint.media_type != "application/json"
    answer = {"type": "string"} if streamed else by_type[str(endpoint.answer)]
    answered = content(answer, endpoint.media_type)
    for media_type in endpoint.also:
        answered |= content({"type": "string"}, media_type)
    responses: dict[str, dict[str, Any]] = {"200": {"description": "The answer.", "content": answered}}
    if any(status == 201 for status, _, _ in endpoint.more_answers):
        # What makes something answers so whenever it does.
        del responses["200"]
    for status, kind, description in endpoint.more_answers:
        responses[str(status)] = {"description": description}
        if kind is not None:
            responses[str(status)]["content"] = content(by_type[str(kind)])
    codes = set(endpoint.errors) | (set() if endpoint.public else _OF_THE_GATE)
    for status in sorted(codes):
        responses[str(status)] = {
            "description": HTTPStatus(status).phrase,
            "content": content(by_type[str(ErrorEnvelope)]),
        }
    if "429" in responses:
        responses["429"]["headers"] = {
            "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}
        }
    return responses


def _batch_schema() -> dict[str, Any]:
    """The request body of ingest. Events are judged one by one, so the schema says what is stored, not what is let in."""
    text = {"type": ["string", "null"], "maxLength": MAX_ID}
    names = [name for name in WireEvent.__struct_fields__ if name not in ("duration_ms", "payload")]
    event: dict[str, Any] = {name: dict(text) for name in names}
    event["event_id"] = {"type": "string", "minLength": 1, "maxLength": MAX_ID, "description": "A UUID."}
    event["timestamp"] = {"type": "string", "format": "date-time"}
    event["event_type"] = {"type": "string", "enum": list(EVENT_TYPES)}
    event["severity"] = {"type": ["string", "null"], "enum": [*SEVERITIES, None]}
    event["duration_ms"] = {"type": ["number", "null"], "minimum": 0}
    event["payload"] = {
        "type": ["object", "null"],
        "description": f"At most {LIMITS['payload_bytes']} bytes.",
    }
    envelope: dict[str, Any] = {
        name: {"type": ["string", "null"]}
        for name in ("agent_type", "agent_version", "framework", "runtime", "sdk_version")
    }
    envelope["agent_id"] = {"type": "string", "minLength": 1, "maxLength": LIMITS["agent_id"]}
    envelope["environment"] = {"type": ["string", "null"], "maxLength": LIMITS["environment"]}
    envelope["group"] = {"type": ["string", "null"], "maxLength": LIMITS["group"]}
    return {
        "type": "object",
        "required": ["envelope", "events"],
        "properties": {
            "envelope": {"type": "object", "required": ["agent_id"], "properties": envelope},
            "events": {
                "type": "array",
                "maxItems": LIMITS["batch_events"],
                "items": {
                    "type": "object",
                    "required": ["event_id", "timestamp", "event_type"],
                    "properties": event,
                },
            },
        },
    }
