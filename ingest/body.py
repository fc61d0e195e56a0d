"""Read a request's body with its bounds held while it streams in."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from ingest.finding import Refused
from ingest.limits import IntakeLimits

_GZIP_WINDOW = 31
# Below this size no ratio is a bomb.
_RATIO_FROM_BYTES = 1024**2


async def read_body(request: Request, *, limit: int, limits: IntakeLimits) -> bytes | Refused:
    """Return the body, unpacked, or why it is not read to its end.

    What Content-Length says is believed only when it is too much. Raises Starlette's
    ClientDisconnect when the sender goes away.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", ""):
        return Refused(code="MEDIA_TYPE", detail=f"The encoding {encoding[:40]} is not known here.")
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared[:20]) > limit:
        return _too_large(limit)
    try:
        async with asyncio.timeout(limits.body_timeout_s):
            if encoding == "gzip":
                return await _unpack(request.stream(), limit=limit, ratio=limits.max_gzip_ratio)
            return await _collect(request.stream(), limit=limit)
    except TimeoutError:
        return Refused(code="TOO_SLOW", detail="The body did not arrive in time.")


async def _collect(chunks: AsyncIterator[bytes], *, limit: int) -> bytes | Refused:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit:
            return _too_large(limit)
    return bytes(body)


async def _unpack(chunks: AsyncIterator[bytes], *, limit: int, ratio: int) -> bytes | Refused:
    inflate = zlib.decompressobj(_GZIP_WINDOW)
    body = bytearray()
    packed = 0
    try:
        async for chunk in chunks:
            packed += len(chunk)
            body += inflate.decompress(chunk, limit + 1 - len(body))
            if len(body) > limit or inflate.unconsumed_tail:
                return _too_large(limit)
            if len(body) > _RATIO_FROM_BYTES and len(body) > ratio * packed:
                return Refused(code="TOO_LARGE", detail=f"Unpacks to over {ratio} times its size.")
    except zlib.error:
        return Refused(code="BAD_ENCODING", detail="The body is not a gzip stream.")
    if not inflate.eof or inflate.unused_data:
        return Refused(code="BAD_ENCODING", detail="The body is not one whole gzip stream.")
    return bytes(body)


def _too_large(limit: int) -> Refused:
    return Refused(code="TOO_LARGE", detail=f"Larger than {limit // 1024} KiB.")
