"""The body of a webhook, made once when a transition is committed and sent as these bytes.

Thin on purpose: the receiver reads the rest with its own credentials, so need-to-know and the
audit of reads hold for it too.
"""

from __future__ import annotations

from schemas.alert import Alert, Transition
from schemas.codec import encode_full
from schemas.delivery import WebhookBody, WebhookData


def body(alert: Alert, transition: Transition, *, link: str) -> bytes:
    """Return the body that tells of one transition, with `link` as the place to read on.

    Priority and state are those of the transition; band and kinds those of the alert, which is
    the alert as the transition left it.
    """
    data = WebhookData(
        alert_id=alert.alert_id,
        number=f"A {alert.number}",
        seq=transition.seq,
        kinds=alert.kinds,
        priority=transition.priority,
        band=alert.band.name,
        state=transition.to_state,
        illustrative=alert.illustrative,
        url=link,
    )
    return encode_full(
        WebhookBody(type=f"alert.{transition.kind}", timestamp=transition.at, data=data)
    )


def webhook_id(alert_id: str, seq: int) -> str:
    """Return the id by which a receiver knows a repeated delivery: the same in every attempt."""
    return f"msg_{alert_id.replace('-', '')}_{seq}"
