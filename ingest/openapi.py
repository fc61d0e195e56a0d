"""The OpenAPI 3.1 of the door, by hand: its routes are not FastAPI's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.admission_table import REFUSALS
from schemas.report import Receipt, Report

_REFS = "#/components/schemas/{model}"
_SECURITY: list[dict[str, list[str]]] = [{"deviceKey": []}]


def openapi_paths() -> dict[str, Any]:
    """Return the `paths` of the door; `openapi_components` has what they refer to."""
    return {
        "/v1/reports": {"post": _report()},
        "/v1/reports:batch": {"post": _batch()},
        "/v1/reports/{report_id}": {"get": _receipt()},
    }


def openapi_components() -> dict[str, Any]:
    """Return the `components` that the paths of the door refer to."""
    schemas: dict[str, Any] = {"Problem": _problem_schema(), "BatchAnswer": _batch_schema()}
    for model, mode in ((Report, "validation"), (Receipt, "serialization")):
        # The tuple above widens the two literal modes to str.
        schema = model.model_json_schema(ref_template=_REFS, mode=mode)  # type: ignore[arg-type]
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    return {
        "schemas": schemas,
        "securitySchemes": {
            "deviceKey": {
                "type": "http",
                "scheme": "bearer",
                "description": "A unit's device key, `fu_…`.",
            }
        },
    }


def _report() -> dict[str, Any]:
    return {
        "operationId": "send_report",
        "summary": "Send one report",
        "description": "202 once the report is durable. Sending the same report again gives the "
        "first answer. What is odd is accepted with warnings.",
        "security": _SECURITY,
        "requestBody": _body({"application/json": _schema("Report")}),
        "responses": {"202": _answer("The report is durable.", "Receipt")}
        | _refusals(400, 401, 403, 408, 409, 413, 415, 422, 503),
    }


def _batch() -> dict[str, Any]:
    array = {"schema": {"type": "array", "maxItems": 1000, "items": _schema("Report")["schema"]}}
    return {
        "operationId": "send_reports",
        "summary": "Send up to 1,000 reports",
        "description": "A JSON array, or one object a line. 200 with one verdict an item, in "
        "order, each with a status of its own; a bad item never sinks the others.",
        "security": _SECURITY,
        "requestBody": _body(
            {"application/json": array, "application/x-ndjson": _schema("Report")}
        ),
        "responses": {"200": _answer("Each report's verdict.", "BatchAnswer")}
        | _refusals(400, 401, 403, 408, 413, 415, 503),
    }


def _receipt() -> dict[str, Any]:
    identifier = {"name": "report_id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "operationId": "get_receipt",
        "summary": "Ask what became of a report",
        "description": "Only for the unit that sent it.",
        "security": _SECURITY,
        "parameters": [identifier],
        "responses": {"200": _answer("Its present state.", "Receipt")}
        | _refusals(401, 403, 404, 503),
    }


def _body(content: Mapping[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": dict(content)}


def _schema(model: str) -> dict[str, Any]:
    return {"schema": {"$ref": _REFS.format(model=model)}}


def _answer(description: str, model: str) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": _schema(model)}}


def _refusals(*statuses: int) -> dict[str, Any]:
    return {
        str(status): {
            "description": " ".join(row.when for row in REFUSALS.values() if row.status == status),
            "content": {"application/problem+json": _schema("Problem")},
        }
        for status in statuses
    }


def _batch_schema() -> dict[str, Any]:
    verdict = {
        "type": "object",
        "required": ["index", "status"],
        "properties": {
            "index": {"type": "integer"},
            "status": {"type": "integer"},
            "receipt": _schema("Receipt")["schema"],
            "problem": _schema("Problem")["schema"],
        },
    }
    return {
        "type": "object",
        "required": ["accepted", "refused", "items"],
        "properties": {
            "accepted": {"type": "integer"},
            "refused": {"type": "integer"},
            "items": {"type": "array", "items": verdict},
        },
    }


def _problem_schema() -> dict[str, Any]:
    text = {"type": "string"}
    finding = {
        "type": "object",
        "required": ["pointer", "code", "detail"],
        "properties": {"pointer": text, "code": text, "detail": text},
    }
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "errors", "retryable"],
        "properties": {
            "type": text,
            "title": text,
            "status": {"type": "integer"},
            "detail": text,
            "code": {"type": "string", "enum": sorted(REFUSALS)},
            "errors": {"type": "array", "items": finding},
            "retryable": {"type": "boolean"},
            "instance": text,
        },
    }
