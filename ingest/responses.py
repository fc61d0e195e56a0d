"""Answers of the door: JSON, and problem details (RFC 9457) with JSON pointers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from ingest.finding import Finding

PROBLEM_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a request was not done. `retryable`: whether the same request may work later.

    `instance` names this occurrence, so that a report by phone can be found in the log.
    """

    status: int
    code: str
    title: str
    detail: str
    retryable: bool = False
    findings: Sequence[Finding] = ()
    instance: str | None = None
    retry_after_s: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the problem as JSON types."""
        body: dict[str, Any] = {
            "type": f"urn:tocsin:problem:{self.code.lower().replace('_', '-')}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "errors": [
                {"pointer": it.pointer, "code": it.code, "detail": it.detail}
                for it in self.findings
            ],
            "retryable": self.retryable,
        }
        if self.instance is not None:
            body["instance"] = self.instance
        return body


def problem_response(problem: Problem, headers: Mapping[str, str] | None = None) -> Response:
    """Return the response of a problem."""
    extra = dict(headers or {})
    if problem.retry_after_s is not None:
        extra["Retry-After"] = str(problem.retry_after_s)
    return Response(
        orjson.dumps(problem.document()),
        status_code=problem.status,
        headers=extra,
        media_type=PROBLEM_TYPE,
    )


def json_response(body: bytes, *, status: int = 200) -> Response:
    """Return a response whose JSON bytes are made already."""
    return Response(body, status_code=status, media_type="application/json")
