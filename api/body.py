"""Bodies of people's requests: small JSON, read with a bound, validated by one model."""

from __future__ import annotations

from http import HTTPStatus
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from api.problems import FieldError, ProblemError
from api.services import services_of
from schemas.codec import pointer

ModelT = TypeVar("ModelT", bound=BaseModel)


class JsonBody(Generic[ModelT]):
    """A dependency that returns the body as a model.

    415 unless it says that it is JSON (a form of another site cannot say so), 413 when too
    large, 400 for what is not JSON, 422 with pointers for what is not as asked for. The parser
    is pydantic's, which bounds the depth itself.
    """

    def __init__(self, model: type[ModelT]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> ModelT:
        """Read and validate."""
        content_type = request.headers.get("Content-Type", "").partition(";")[0].strip()
        if content_type.lower() != "application/json":
            detail = "send the body as application/json"
            raise ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, detail)
        limit = services_of(request).parts.settings.body_max_bytes
        return parse(self.model, await _read(request, max_bytes=limit))


def parse(model: type[ModelT], data: bytes) -> ModelT:
    """Return the model in a body. The values that were wrong are not repeated in the answer."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        errors = tuple(
            FieldError(pointer=pointer(each["loc"]), detail=each["msg"]) for each in found
        )
        is_json = all(each["type"] != "json_invalid" for each in found)
        status = HTTPStatus.UNPROCESSABLE_ENTITY if is_json else HTTPStatus.BAD_REQUEST
        raise ProblemError(status, "the body is not as asked for", errors=errors) from error


async def _read(request: Request, *, max_bytes: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            detail = f"the body is larger than {max_bytes} bytes"
            raise ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, detail)
        chunks.append(chunk)
    return b"".join(chunks)
