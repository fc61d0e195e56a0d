"""Endpoints: storing one with its secret, and ringing one with a test message."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass

from sqlalchemy import select

from deploy.box import Box
from deploy.configure import new_webhook_secret, write_endpoint
from processing.adapters.http.sender import SendLimits, open_sender
from processing.notify.addresses import allow_list
from processing.notify.sealing import Sealer
from processing.notify.signing import sign
from processing.notify.verdict import Answer
from schemas import tables
from schemas.codec import decode
from schemas.delivery import Endpoint
from schemas.errors import NotFoundError


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """What came back from an endpoint."""

    is_well: bool
    says: str


def add_endpoint(box: Box, endpoint: Endpoint, *, secret: str | None = None) -> str:
    """Store an endpoint with a new secret (or a given one) and return the secret."""
    chosen = secret or new_webhook_secret()
    sealed = Sealer(box.key).seal(chosen.encode(), subject=endpoint.endpoint_id)
    write_endpoint(box.database.begin, endpoint, sealed=sealed, now=box.system_clock.now())
    return chosen


def send_test(box: Box, endpoint_id: str) -> Rung:
    """Send one signed `endpoint.test` message. Blocks. Raises NotFoundError."""
    endpoint, secret = _endpoint(box, endpoint_id)
    answer = asyncio.run(_post(box, endpoint, secret))
    if answer.is_accepted():
        return Rung(is_well=True, says=f"answered {answer.status}; it verified or did not look")
    return Rung(is_well=False, says=f"not delivered ({answer.reason()}): check URL and receiver")


async def _post(box: Box, endpoint: Endpoint, secret: str) -> Answer:
    now = box.system_clock.now()
    body = json.dumps({"type": "endpoint.test", "timestamp": now.isoformat(), "data": {}}).encode()
    message_id = f"msg_test_{secrets.token_hex(16)}"
    seconds = int(now.timestamp())
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": sign(secret, message_id, unix_s=seconds, body=body),
    }
    limits = SendLimits(
        total_s=box.settings.webhook_timeout_s, allowed=allow_list(box.settings.webhook_allow)
    )
    async with open_sender(limits) as sender:
        return await sender.post(endpoint.url, body, headers)


def _endpoint(box: Box, endpoint_id: str) -> tuple[Endpoint, str]:
    query = select(tables.endpoints).where(tables.endpoints.c.endpoint_id == endpoint_id)
    with box.database.read() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise NotFoundError(f"no endpoint {endpoint_id}: see `tocsin endpoints list`")
    secret = Sealer(box.key).open(row.secret_sealed, subject=endpoint_id).decode()
    return decode(Endpoint, row.body), secret
