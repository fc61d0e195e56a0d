"""A database with endpoints and deliveries, as a batch would have committed them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from deploy.database import open_database, open_postgresql
from processing.adapters.sql.outbox import SqlOutbox
from processing.notify.sealing import Sealer
from schemas.codec import encode_full
from schemas.delivery import Endpoint
from schemas.tables import changes, deliveries, delivery_attempts, endpoints, metadata
from tests.support.receiver import SECRET

MISSION_NOW = datetime(2013, 12, 16, 5, 0, tzinfo=UTC)
SEALER = Sealer(b"k" * 32)


@dataclass(frozen=True, slots=True)
class StillClock:
    at: datetime

    def now(self) -> datetime:
        return self.at


def alert_id(number: int) -> str:
    return str(UUID(int=number))


class OutboxBox:
    """A database of its own for one test."""

    def __init__(self, where: Path | str) -> None:
        """Make it in a folder, or in an empty database of PostgreSQL at an address."""
        made = open_postgresql(where) if isinstance(where, str) else open_database(where / "t.db")
        self.engine, self.begin, self.read = made.engine, made.begin, made.read
        self._claims = None if made.is_file() else made.engine.begin
        with self.begin() as connection:
            metadata.create_all(connection)

    def outbox(self, *, lease_s: float | None = None) -> SqlOutbox:
        clock = StillClock(MISSION_NOW)
        return SqlOutbox(
            self.begin,
            self.read,
            sealer=SEALER,
            clock=clock,
            lease_s=lease_s,
            claims=self._claims,
        )

    def add_endpoint(
        self, url: str, endpoint_id: str = "sector-east", *, active: bool = True
    ) -> None:
        endpoint = Endpoint(endpoint_id=endpoint_id, url=url, active=active)
        with self.begin() as connection:
            connection.execute(
                insert(endpoints).values(
                    endpoint_id=endpoint_id,
                    body=encode_full(endpoint),
                    secret_sealed=SEALER.seal(SECRET.encode(), subject=endpoint_id),
                    created_at=MISSION_NOW,
                )
            )

    def add(
        self, number: int, seq: int = 1, endpoint_id: str = "sector-east", **changed: object
    ) -> None:
        """Commit one delivery: the transition `seq` of the alert with this number."""
        self.add_all([(number, seq)], endpoint_id, **changed)

    def add_all(
        self,
        transitions: Iterable[tuple[int, int]],
        endpoint_id: str = "sector-east",
        **changed: object,
    ) -> None:
        """Commit deliveries of transitions, given as (number of the alert, seq), at once."""
        rows = [
            {
                "endpoint_id": endpoint_id,
                "alert_id": alert_id(number),
                "seq": seq,
                "state": "PENDING",
                "priority": 3,
                "attempts": 0,
                "next_attempt_at": 0.0,
                "created_at": MISSION_NOW,
                "payload": b'{"type":"alert.raised","data":{"seq":%d}}' % seq,
            }
            | changed
            for number, seq in transitions
        ]
        with self.begin() as connection:
            connection.execute(insert(deliveries), rows)

    def states(self) -> dict[tuple[str, int, int], str]:
        """Return endpoint, alert number and seq → state."""
        with self.read() as connection:
            rows = connection.execute(select(deliveries)).all()
        return {(row.endpoint_id, UUID(row.alert_id).int, row.seq): row.state for row in rows}

    def row(self, number: int, seq: int = 1) -> Row[Any]:
        query = select(deliveries).where(
            deliveries.c.alert_id == alert_id(number), deliveries.c.seq == seq
        )
        with self.read() as connection:
            row: Row[Any] = connection.execute(query).one()
        return row

    def attempts(self) -> list[Row[Any]]:
        with self.read() as connection:
            return list(connection.execute(select(delivery_attempts)).all())

    def changes(self) -> list[Row[Any]]:
        with self.read() as connection:
            return list(connection.execute(select(changes)).all())
