"""A response: what someone did about an alert, or the coded reason why not."""

from __future__ import annotations

from schemas.message import Code, Message, Text, Time


class Response(Message):
    """One step of an answer. `actor` is from the code list `response_actor`."""

    alert_id: str
    seq: int
    actor: Code = "UN_FORCE"
    tier: Code | None = None
    no_response_reason: Code | None = None
    outcome: Code | None = None
    at: Time
    by: str
    note: Text | None = None
