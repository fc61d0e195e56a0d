"""Errors as problem+json (RFC 9457). Every 4xx and 5xx of this service is made here.

`errors` lists what is wrong with the request: each has a JSON pointer, and the name of the query
parameter where there is one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from api.headers import ALWAYS, FOR_DATA
from schemas.codec import pointer
from schemas.errors import (
    ConflictError,
    InvalidMessageError,
    NotFoundError,
    RefusedError,
    StorageError,
    TocsinError,
)

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1
RETRYABLE = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldError:
    """One thing that is wrong with a request."""

    pointer: str
    detail: str
    parameter: str | None = None


class ProblemError(TocsinError):
    """An answer that is an error; trying again helps only where `headers` say when."""

    def __init__(
        self,
        status: HTTPStatus,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


def bad_parameter(name: str, detail: str) -> ProblemError:
    """Return the 400 that names a query parameter."""
    error = FieldError(pointer=f"#/query/{name}", parameter=name, detail=detail)
    return ProblemError(HTTPStatus.BAD_REQUEST, f"{name}: {detail}", errors=(error,))


def bad_field(name: str, detail: str) -> ProblemError:
    """Return the 422 that names a member of the body."""
    error = FieldError(pointer=f"#/{name}", detail=detail)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, f"{name}: {detail}", errors=(error,))


def problem(error: ProblemError) -> Response:
    """Return the response of an error."""
    body = {
        "type": f"urn:tocsin:problem:{error.status.name.lower().replace('_', '-')}",
        "title": error.status.phrase,
        "status": error.status.value,
        "detail": error.detail,
        "code": error.status.name,
        "retryable": error.status in RETRYABLE,
        "errors": [_error_body(each) for each in error.errors],
    }
    return Response(
        orjson.dumps(body),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers=error.headers,
    )


def handle_problems(app: FastAPI) -> None:
    """Make every error of an app a problem."""
    app.add_exception_handler(TocsinError, _tocsin)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(StorageError, _store)
    app.add_exception_handler(OperationalError, _store)
    app.add_exception_handler(Exception, _unexpected)


def _error_body(error: FieldError) -> dict[str, str]:
    body = {"pointer": error.pointer, "detail": error.detail}
    if error.parameter is not None:
        body["parameter"] = error.parameter
    return body


async def _tocsin(_request: Request, error: Exception) -> Response:
    return problem(_as_problem(error))


def _as_problem(error: Exception) -> ProblemError:
    match error:
        case ProblemError():
            return error
        case NotFoundError():
            return ProblemError(HTTPStatus.NOT_FOUND, "there is nothing of that name")
        case ConflictError():
            return ProblemError(HTTPStatus.CONFLICT, str(error))
        case RefusedError():
            return _refused(error)
        case InvalidMessageError():
            each = FieldError(pointer=error.pointer, detail=error.reason)
            status = HTTPStatus.UNPROCESSABLE_ENTITY
            return ProblemError(status, "the body is not as asked for", errors=(each,))
        case _:
            log.error("request failed", error=type(error).__name__, exc_info=error)
            return _internal()


def _refused(error: RefusedError) -> ProblemError:
    if error.pointer is None:
        return ProblemError(HTTPStatus.CONFLICT, error.reason)
    each = FieldError(pointer=error.pointer, detail=error.reason)
    return ProblemError(HTTPStatus.UNPROCESSABLE_ENTITY, error.reason, errors=(each,))


def _busy() -> ProblemError:
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "the store did not answer in time; try again",
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )


def _internal() -> ProblemError:
    return ProblemError(HTTPStatus.INTERNAL_SERVER_ERROR, "this is our mistake; it was logged")


async def _http(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return problem(_internal())
    status = HTTPStatus(error.status_code)
    return problem(ProblemError(status, status.description or status.phrase, headers=error.headers))


async def _validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        return problem(_internal())
    found = tuple(_field_error(each["loc"], each["msg"]) for each in error.errors())
    names = ", ".join(sorted({each.parameter or each.pointer for each in found}))
    detail = f"the request is not as asked for: {names}"
    return problem(ProblemError(HTTPStatus.BAD_REQUEST, detail, errors=found))


def _field_error(location: tuple[int | str, ...], message: str) -> FieldError:
    name = str(location[1]) if location[0] == "query" and len(location) > 1 else None
    return FieldError(pointer=pointer(location), detail=message, parameter=name)


async def _store(_request: Request, error: Exception) -> Response:
    log.warning("store did not answer", error=type(error).__name__, exc_info=error)
    return problem(_busy())


async def _unexpected(_request: Request, error: Exception) -> Response:
    log.error("request failed", error=type(error).__name__, exc_info=error)
    # Starlette answers for what nobody caught outside of all middleware.
    response = problem(_internal())
    response.headers.update({**ALWAYS, **FOR_DATA})
    return response
