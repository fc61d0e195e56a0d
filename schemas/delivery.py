"""A delivery: telling one endpoint of one alert transition, and the attempts to do so."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from schemas.message import Key, Message, StrictMessage, Time


class DeliveryState(StrEnum):
    """PENDING until a 2xx (DELIVERED), a newer transition (SUPERSEDED) or the end (FAILED)."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    SUPERSEDED = "SUPERSEDED"
    FAILED = "FAILED"


class Delivery(Message):
    """One (endpoint, alert, transition), in order per endpoint and alert by `seq`."""

    delivery_id: str
    endpoint_id: str
    alert_id: str
    seq: int
    state: DeliveryState
    attempts: int = 0
    next_attempt_at: float = 0.0
    last_status: int | None = None
    last_error: str | None = None
    created_at: Time
    delivered_at: Time | None = None


class WebhookData(Message):
    """The thin data of a webhook: ids, kinds, priority, a link. No names, victims or place."""

    alert_id: str
    number: str
    seq: int
    kinds: tuple[str, ...]
    priority: int
    band: str
    state: str
    exercise: bool = False
    illustrative: bool = False
    url: str


class WebhookBody(Message):
    """The body of a webhook, signed as sent (Standard Webhooks 1.0.0)."""

    type: str
    timestamp: Time
    data: WebhookData


class Endpoint(StrictMessage):
    """Where to ring: a URL with its filters. An empty filter lets everything through.

    `areas` are P-codes (a county lies in its state), `kinds` rule ids, `events` transition kinds.
    """

    endpoint_id: Key
    url: Annotated[str, Field(max_length=2_000)]
    description: Annotated[str, Field(max_length=200)] = ""
    areas: tuple[Key, ...] = ()
    kinds: tuple[Key, ...] = ()
    events: tuple[Key, ...] = ()
    min_priority: Annotated[int, Field(ge=1, le=5)] = 1
    max_level: Annotated[int, Field(ge=0, le=2)] = 0
    scheme: Literal["v1"] = "v1"
    active: bool = True
