"""Who must be told of a transition, as rows of the outbox. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from processing.batch.rows import DeliveryRow
from processing.notify.payload import body
from processing.notify.subscriptions import match
from schemas.alert import Alert, Transition
from schemas.clock import to_micros
from schemas.delivery import DeliveryState, Endpoint

# From an alert's id to the page where a person reads on.
Link = Callable[[str], str]

# Before any time of the system clock: due at once.
_AT_ONCE = 0.0


@dataclass(frozen=True, slots=True)
class Told:
    """A transition to tell of: the alert as it left it, and who heard of the alert before.

    `newcomers`: only those are told who did not hear of it before.
    """

    alert: Alert
    transition: Transition
    adm1: str | None
    before: Collection[str] = ()
    newcomers: bool = False


def deliveries(
    told: Sequence[Told], endpoints: Sequence[Endpoint], *, link: Link
) -> list[DeliveryRow]:
    """Return one row for each transition and endpoint that is to be rung, due at once."""
    return [
        DeliveryRow(
            endpoint_id=endpoint_id,
            alert_id=one.alert.alert_id,
            seq=one.transition.seq,
            state=DeliveryState.PENDING.value,
            priority=one.transition.priority,
            attempts=0,
            next_attempt_at=_AT_ONCE,
            last_status=None,
            last_error=None,
            created_at=to_micros(one.transition.at),
            delivered_at=None,
            payload=body(one.alert, one.transition, link=link(one.alert.alert_id)),
        )
        for one in told
        for endpoint_id in match(
            endpoints, one.alert, one.transition, adm1=one.adm1, told=one.before
        )
        if not (one.newcomers and endpoint_id in one.before)
    ]
