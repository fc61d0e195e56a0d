"""Bytes ⇄ messages. Canonical JSON has sorted keys, no spaces, UTF-8, finite numbers."""

from __future__ import annotations

import hashlib
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from schemas.errors import InvalidMessageError

ModelT = TypeVar("ModelT", bound=BaseModel)


def encode(message: BaseModel) -> bytes:
    """Return the JSON bytes of a message, without the fields that have their default."""
    # What `model_dump_json` does, without going through text.
    return message.__pydantic_serializer__.to_json(message, exclude_defaults=True)


def encode_full(message: BaseModel) -> bytes:
    """Return the JSON bytes of a message with every field."""
    return message.model_dump_json().encode()


def decode(model: type[ModelT], data: bytes) -> ModelT:
    """Return the message in some bytes. Raises InvalidMessageError with a JSON pointer."""
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise InvalidMessageError(str(first["msg"]), pointer=pointer(first["loc"])) from error


def canonical(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Return the canonical JSON of a value made of JSON types."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def sha256(data: bytes) -> str:
    """Return the hex SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


def pointer(location: tuple[int | str, ...]) -> str:
    """Return the JSON pointer (RFC 6901, as a URI fragment) of a pydantic error's location."""
    return "#" + "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)
