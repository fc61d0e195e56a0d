"""One attempt at one delivery: signed now, posted, judged."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from processing.adapters.http.resolver import Lookup, look_up
from processing.adapters.http.sender import Sender
from processing.notify.due import Due, Result, Target
from processing.notify.payload import webhook_id
from processing.notify.signing import sign
from processing.notify.verdict import Answer, Attempt, Verdict, judge
from schemas.clock import Clock, Monotonic
from schemas.delivery import DeliveryState
from schemas.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What sending takes from outside.

    `clock` is the system's, because receivers compare a signature's time with their own; `jitter`
    gives numbers in [0, 1); `tls` trusts a mission's own authorities.
    """

    clock: Clock
    monotonic: Monotonic
    jitter: Callable[[], float]
    checkpoint: Callable[[str], None] = lambda _name: None
    tls: ssl.SSLContext | None = None
    lookup: Lookup = look_up


async def attempt(due: Due, sender: Sender, around: Surroundings) -> Result:
    """Make one attempt and say what becomes of the delivery.

    The time in the signature is that of this attempt; the id is the same in every attempt.
    """
    at = around.clock.now()
    if due.target is None:
        return refused(due, at, due.refusal or "no address")
    try:
        headers = _headers(due, due.target, int(at.timestamp()))
    except ConfigurationError as error:
        return refused(due, at, str(error))
    around.checkpoint("notify.before_post")
    started_s = around.monotonic()
    answer = await sender.post(due.target.url, due.payload, headers)
    took_ms = round((around.monotonic() - started_s) * 1_000)
    around.checkpoint("notify.after_post")
    verdict = judge(answer, _made(due, at.timestamp()), jitter=around.jitter())
    return Result(due=due, at=at, answer=answer, verdict=verdict, took_ms=took_ms)


def refused(due: Due, at: datetime, reason: str) -> Result:
    """Return the end of a delivery that can't be sent at all."""
    verdict = Verdict(state=DeliveryState.FAILED, reason=reason)
    return Result(due=due, at=at, answer=Answer(error=reason), verdict=verdict, was_sent=False)


def _headers(due: Due, target: Target, unix_s: int) -> dict[str, str]:
    message_id = webhook_id(due.alert_id, due.seq)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(unix_s),
        "webhook-signature": sign(target.secret, message_id, unix_s=unix_s, body=due.payload),
    }


def _made(due: Due, at_s: float) -> Attempt:
    return Attempt(
        number=due.attempts + 1,
        priority=due.priority,
        first_s=due.first_attempt_s if due.first_attempt_s is not None else at_s,
        at_s=at_s,
    )
