"""Answers with a body: JSON and GeoJSON, made into bytes once."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.requests import Request
from starlette.responses import Response

from api import geojson

JSON = "application/json"


def json_answer(body: Any) -> Response:  # noqa: ANN401 - anything that orjson writes
    """Return JSON."""
    return Response(orjson.dumps(body), media_type=JSON)


def feature_answer(feature: bytes) -> Response:
    """Return one Feature."""
    return Response(feature, media_type=geojson.MEDIA_TYPE)


def weak_etag(*parts: str) -> str:
    """Return the ETag of an answer that says the same as long as these parts are the same."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f'W/"{digest[:32]}"'


def is_known(request: Request, etag: str) -> bool:
    """Say whether the caller has this answer already."""
    given = request.headers.get("If-None-Match", "")
    return etag in {each.strip() for each in given.split(",")}


def not_modified(etag: str) -> Response:
    """Return 304 without a body."""
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers={"ETag": etag})


def next_href(request: Request, cursor: str | None) -> str | None:
    """Return the same list from a cursor on, relative to this host; None at the end."""
    if cursor is None:
        return None
    kept = [(name, value) for name, value in request.query_params.items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"
