"""The OpenAPI document of the listener: our routes, and those of ingest where it is embedded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from api.parts import ApiParts
from api.routing import RouteSpec
from api.security import CSRF_HEADER, SAFE_METHODS, Public, cookie_name

Json = dict[str, Any]

_REFS = "#/components/schemas/{model}"
_PROBLEM: Json = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "retryable", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "retryable": {"type": "boolean"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "JSON pointer as a fragment"},
                    "detail": {"type": "string"},
                    "parameter": {"type": "string"},
                },
            },
        },
    },
}


def describe(app: FastAPI, specs: tuple[RouteSpec, ...], desk: ApiParts) -> Json:
    """Return the document. It tells what may be asked, and holds no data."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas: Json = {"ProblemDetails": _PROBLEM}
    for spec in specs:
        operation = document["paths"][spec.path][spec.method.value.lower()]
        operation["responses"] = _responses(spec)
        operation["security"] = [] if isinstance(spec.guard, Public) else [{"session": []}]
        if operation["security"] and spec.method.value not in SAFE_METHODS:
            operation["description"] += f"\n\nNeeds the session's token in {CSRF_HEADER}."
        if spec.body is not None:
            operation["requestBody"] = _request_body(spec.body)
            schemas |= _schemas(spec.body)
    document["paths"].update(desk.extra_openapi)
    extra: Mapping[str, Any] = desk.extra_components.get("schemas", {})
    extra_schemes: Mapping[str, Any] = desk.extra_components.get("securitySchemes", {})
    document["components"] = {
        "schemas": {**schemas, **extra},
        "securitySchemes": {"session": _session_scheme(desk), **extra_schemes},
    }
    return document


def _session_scheme(desk: ApiParts) -> Json:
    return {"type": "apiKey", "in": "cookie", "name": cookie_name(desk.settings)}


def _responses(spec: RouteSpec) -> Json:
    done: Json = {"description": "Done"}
    if spec.produces is not None:
        done["content"] = {spec.produces: {}}
    problem = {
        "description": "A problem (RFC 9457)",
        "content": {"application/problem+json": {"schema": {"$ref": _ref("ProblemDetails")}}},
    }
    return {str(spec.status): done, "default": problem}


def _request_body(model: type[BaseModel]) -> Json:
    schema = {"$ref": _ref(model.__name__)}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _schemas(model: type[BaseModel]) -> Json:
    schema = model.model_json_schema(ref_template=_REFS)
    inner: Json = schema.pop("$defs", {})
    return {model.__name__: schema, **inner}


def _ref(name: str) -> str:
    return _REFS.format(model=name)
