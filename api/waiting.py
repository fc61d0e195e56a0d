"""Reading one's own write: a list with `min_position` waits until a report was processed.

The tokens are those of receipts. Whether one is processed is a look-up by primary key, on whichever
node and in whichever database: positions of a node are no measure where its reports go through
several partitions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

import anyio
from pydantic import Field
from starlette.requests import Request

from api.problems import RETRY_AFTER_S, FieldError, ProblemError, bad_parameter
from api.repository.reports import missing_of
from api.services import Services, services_of
from schemas.message import StrictMessage
from schemas.receipt_token import MAX_LENGTH, Awaited, read_token

PARAMETER = "min_position"
MAX_TOKENS = 20
_FIRST_LOOK_S, _LONGEST_PAUSE_S = 0.02, 0.4


class AwaitingQuery(StrictMessage):
    """What may be asked of every list of conclusions."""

    min_position: Annotated[
        list[Annotated[str, Field(max_length=MAX_LENGTH)]],
        Field(
            default_factory=list,
            max_length=MAX_TOKENS,
            description="tokens of receipts: answer once these reports are processed",
        ),
    ]


async def wait_for_reports(request: Request) -> None:
    """Wait until the reports that the request names are processed, if it names any.

    Raises ProblemError: 400 for what is no token, 503 when it takes too long.
    """
    tokens = request.query_params.getlist(PARAMETER)
    if not tokens:
        return
    awaited = _read(tokens)
    services = services_of(request)
    began, pause_s = services.parts.monotonic(), _FIRST_LOOK_S
    patience_s = services.parts.settings.position_patience.total_seconds()
    while awaited := await _missing(services, awaited):
        waited_s = services.parts.monotonic() - began
        if waited_s >= patience_s or services.parts.is_stopping():
            raise _not_yet(len(awaited))
        await asyncio.sleep(min(pause_s, patience_s - waited_s))
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def _read(tokens: Sequence[str]) -> list[Awaited]:
    if len(tokens) > MAX_TOKENS:
        raise bad_parameter(PARAMETER, f"give up to {MAX_TOKENS} tokens of receipts")
    found = [read_token(text) for text in tokens]
    if None in found:
        raise bad_parameter(PARAMETER, "give the token of a receipt, as it was told")
    return [one for one in found if one is not None]


async def _missing(services: Services, awaited: Sequence[Awaited]) -> list[Awaited]:
    def look() -> list[Awaited]:
        with services.parts.read() as connection:
            return missing_of(connection, awaited)

    return await anyio.to_thread.run_sync(look, limiter=services.waiting)


def _not_yet(count: int) -> ProblemError:
    detail = (
        f"{count} of the reports that you wait for are not processed yet: ask again, or leave "
        f"{PARAMETER} out for what there is now"
    )
    error = FieldError(pointer=f"#/query/{PARAMETER}", parameter=PARAMETER, detail=detail)
    return ProblemError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        errors=(error,),
        headers={"Retry-After": str(RETRY_AFTER_S)},
    )
