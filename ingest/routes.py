"""The routes of the door: one report, a batch, and what became of it.

Plain Starlette routes: FastAPI's body layer costs more than all that is done here. The order is
the same in each: who is it, is it too much, is it admitted, is it on disk; only then the answer.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial, wraps
from typing import TypeVar

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ingest.admission import Admitted, Context, admit
from ingest.answers import Told, Trimmed, problem_of, settle, told
from ingest.batch import Decision, batch_answer, clean_answer, decide_batch
from ingest.body import read_body
from ingest.credentials import Denial, Sender
from ingest.door import Door
from ingest.finding import Refused
from ingest.gathering import Gathering
from ingest.media import is_json, is_lines, media_type
from ingest.responses import json_response, problem_response
from ingest.spool_entry import SpoolVerdict
from schemas.errors import StorageError

log = structlog.get_logger(__name__)

REPORTS = "/v1/reports"
BATCH = "/v1/reports:batch"
RECEIPT = "/v1/reports/{report_id}"

_DENIED = {
    Denial.KEY_MISSING: "No device key was sent.",
    Denial.KEY_MALFORMED: "What was sent is no device key.",
    Denial.KEY_UNKNOWN: "This key is not known.",
    Denial.KEY_EXPIRED: "This key has expired.",
    Denial.KEY_REVOKED: "This key was revoked.",
    Denial.UNIT_NOT_ALLOWED: "This unit no longer reports.",
}
_CLOSED_REQUEST = 499
# How a report is counted that is new and of which nothing was remarked.
_CLEAN = ("accepted", "CLEAN")
# After a body that was not read to its end, what follows on the connection is not a request.
_CLOSE = {"Connection": "close"}
_HEADERS = {401: {"WWW-Authenticate": "Bearer"}, 408: _CLOSE, 413: _CLOSE}


class RefusedError(Exception):
    """Ends the handling of a request with a refusal. Stays inside this module."""

    def __init__(self, refused: Refused, *, unit_id: str | None = None) -> None:
        super().__init__(refused.code)
        self.refused = refused
        self.unit_id = unit_id


T = TypeVar("T")
Handler = Callable[["Intake", Request], Awaitable[Response]]


def _answered(handler: Handler) -> Handler:
    """Turn what ends a handler early into its answer."""

    @wraps(handler)
    async def answer(intake: Intake, request: Request) -> Response:
        try:
            return await handler(intake, request)
        except RefusedError as stop:
            return intake.refuse(stop.refused, unit_id=stop.unit_id)
        except StorageError as error:
            log.warning("nothing stored", reason=str(error))
            return intake.refuse(Refused(code="CANNOT_STORE", detail="Nothing was stored."))
        except ClientDisconnect:
            # Nobody is there to read this.
            return Response(status_code=_CLOSED_REQUEST)

    return answer


class Intake:
    """The handlers over one door."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._spool = Gathering(door.spool)

    @_answered
    async def report(self, request: Request) -> Response:
        """Take one report: 202 with its receipt once it is on disk."""
        sender = await self._sender(request)
        _require_media(request, is_json)
        body = await self._body(request, limit=self._door.limits.max_report_bytes)
        decision = await self._run(
            partial(admit, body, context=self._context(sender), limits=self._door.limits), body
        )
        verdicts = await self._store([decision] if isinstance(decision, Admitted) else ())
        [answer] = await self._settle([decision], verdicts)
        if isinstance(answer, Refused):
            raise RefusedError(answer, unit_id=sender.unit_id)
        self._count([answer])
        return json_response(answer.receipt.encode(), status=202)

    @_answered
    async def batch(self, request: Request) -> Response:
        """Take up to 1,000 reports: 200 with one verdict an item, in order."""
        sender = await self._sender(request)
        media = _require_media(request, lambda it: is_json(it) or is_lines(it))
        body = await self._body(request, limit=self._door.limits.max_batch_bytes)
        decisions = await self._decide(body, sender, as_lines=is_lines(media))
        if isinstance(decisions, Refused):
            raise RefusedError(decisions, unit_id=sender.unit_id)
        verdicts = await self._store([it for it in decisions if isinstance(it, Admitted)])
        clean = clean_answer(decisions, verdicts, node=self._door.node)
        if clean is not None:
            self._door.metrics.verdicts.labels(*_CLEAN).inc(len(decisions))
            return json_response(clean)
        answers = await self._settle(decisions, verdicts)
        self._count(answers)
        return json_response(batch_answer(answers))

    @_answered
    async def receipt(self, request: Request) -> Response:
        """Tell what became of a report, to the unit that sent it."""
        sender = await self._sender(request)
        report_id = request.path_params["report_id"]
        found = await asyncio.to_thread(self._door.receipts.find, report_id, unit_id=sender.unit_id)
        if found is None:
            raise RefusedError(Refused(code="NOT_FOUND", detail="There is no such report."))
        return json_response(found.model_dump_json(exclude_none=True).encode())

    # ------------------------------------------------------------ steps

    async def _sender(self, request: Request) -> Sender:
        keys = self._door.keys
        if keys.is_stale():
            await asyncio.to_thread(keys.refresh)
        zone = self._door.gazetteer().zone
        today = self._door.clock.now().astimezone(zone).date()
        found = keys.verify(request.headers.get("authorization"), today=today)
        if isinstance(found, Denial):
            raise RefusedError(Refused(code=found.value, detail=_DENIED[found]))
        return found

    async def _body(self, request: Request, *, limit: int) -> bytes:
        body = await read_body(request, limit=limit, limits=self._door.limits)
        if isinstance(body, Refused):
            raise RefusedError(body)
        return body

    def _context(self, sender: Sender) -> Context:
        door = self._door
        return Context(
            node=door.node,
            sender=sender,
            received_at=door.clock.now(),
            gazetteer=door.gazetteer(),
        )

    async def _decide(
        self, body: bytes, sender: Sender, *, as_lines: bool
    ) -> list[Decision] | Refused:
        decide = partial(
            decide_batch,
            body,
            as_lines=as_lines,
            context=self._context(sender),
            limits=self._door.limits,
        )
        return await self._run(decide, body)

    async def _run(self, work: Callable[[], T], body: bytes) -> T:
        """Do some work on a body: here if it is short, else on a thread."""
        if len(body) <= self._door.limits.inline_bytes:
            return work()
        return await asyncio.to_thread(work)

    async def _settle(
        self, decisions: Sequence[Decision], verdicts: Sequence[SpoolVerdict]
    ) -> list[Told | Refused]:
        """Answer each in order; the log has answered those that are admitted."""
        stored = iter(verdicts)
        node = self._door.node
        answers = [
            it if isinstance(it, Refused) else settle(it, next(stored), node=node)
            for it in decisions
        ]
        return [await self._recall(it) if isinstance(it, Trimmed) else it for it in answers]

    async def _store(self, admitted: Sequence[Admitted]) -> list[SpoolVerdict]:
        """Store what is admitted, all of it in one transaction."""
        if not admitted:
            return []
        return await self._spool.append([it.entry for it in admitted])

    async def _recall(self, answer: Trimmed) -> Told:
        """Ask the database for a first answer that the log has let go."""
        first = await asyncio.to_thread(
            self._door.receipts.first_answer, answer.root_id, answer.revision
        )
        if first is None:
            log.warning("first answer is lost", root_id=answer.root_id, revision=answer.revision)
            return answer.otherwise
        return told(first)

    # ------------------------------------------------------------ telling

    def refuse(self, refused: Refused, *, unit_id: str | None = None) -> Response:
        """Answer with a refusal: counted, logged once, and named by its instance."""
        instance = f"urn:tocsin:request:{secrets.token_hex(8)}"
        self._count([refused])
        log.info("refused", code=refused.code, unit_id=unit_id, instance=instance)
        problem = problem_of(refused, instance=instance)
        return problem_response(problem, _HEADERS.get(problem.status))

    def _count(self, answers: Sequence[Told | Refused]) -> None:
        metrics = self._door.metrics
        for (outcome, reason), count in Counter(map(_outcome, answers)).items():
            metrics.verdicts.labels(outcome, reason).inc(count)
        for answer in answers:
            if isinstance(answer, Told) and answer.warnings:
                for warning in answer.warnings:
                    metrics.warnings.labels(warning.code).inc()


def _outcome(answer: Told | Refused) -> tuple[str, str]:
    if isinstance(answer, Refused):
        return "refused", answer.code
    _, is_duplicate, warnings = answer
    if warnings or is_duplicate:
        return "duplicate" if is_duplicate else "accepted", "WITH_WARNINGS" if warnings else "CLEAN"
    return _CLEAN


def _require_media(request: Request, is_known: Callable[[str], bool]) -> str:
    media = media_type(request.headers.get("content-type"))
    if not is_known(media):
        raise RefusedError(Refused(code="MEDIA_TYPE", detail="This is not sent as JSON."))
    return media


def intake_routes(door: Door) -> list[BaseRoute]:
    """Return the routes of the door, to mount in any Starlette or FastAPI app."""
    intake = Intake(door)
    return [
        Route(BATCH, intake.batch, methods=["POST"]),
        Route(REPORTS, intake.report, methods=["POST"]),
        Route(RECEIPT, intake.receipt, methods=["GET"]),
    ]
