"""The outbox: deliveries that were committed with their transitions and wait to be sent.

Order per endpoint and alert: only the lowest unfinished `seq` is ever due. A later transition
waits until the earlier one is DELIVERED or FAILED (72 h); nothing is superseded, because a
receiver must see every transition, in order.

A sole notifier (SQLite) claims by reading: what it holds is in its memory, and after a crash the
rows are simply still due. Several notifiers (PostgreSQL) need `lease_s`: a claim then pushes
`next_attempt_at` forward, and a crash lets the lease run out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import Connection
from sqlalchemy.engine import Row

from processing.adapters.sql import outbox_statements as sql
from processing.adapters.sql.errors import translated
from processing.adapters.sql.prepared import run, run_many
from processing.notify.due import Due, Lane, Result, Target
from processing.notify.sealing import Sealer
from processing.notify.slots import AHEAD
from schemas.clock import Clock
from schemas.codec import decode
from schemas.delivery import DeliveryState, Endpoint
from schemas.errors import ConfigurationError

Transaction = Callable[[], AbstractContextManager[Connection]]

# The most deliveries that one claim looks at, and that of one endpoint: twice what the sender
# holds of it, because what it holds is still due and looked at again.
CLAIM_ROWS = 1_024
CLAIM_ROWS_AN_ENDPOINT = 2 * AHEAD

MICROSECONDS = 1_000_000


class SqlOutbox:
    """The deliveries table, as the sender's `Outbox`. Safe to call from several threads."""

    def __init__(
        self,
        begin: Transaction,
        read: Transaction,
        *,
        sealer: Sealer,
        clock: Clock,
        lease_s: float | None = None,
        claims: Transaction | None = None,
    ) -> None:
        """Keep what is given. `clock` is the mission's: it dates what people see.

        `claims` opens a transaction for a claim with a lease, where that need not wait for those
        who write: it locks the rows that it takes, and tells nobody of a change.
        """
        self._begin = begin
        self._read = read
        self._sealer = sealer
        self._clock = clock
        self._lease_s = lease_s
        self._claims = claims or begin
        self._targets: dict[str, tuple[bytes, bytes, Target | str]] = {}

    def claim(self, now_s: float, wanted: Callable[[Lane], bool]) -> list[Due]:
        """Return the due deliveries of wanted lanes, one a lane, the most urgent first.

        The rows of one endpoint never hide those of another. Raises StorageError.
        """
        if self._lease_s is None:
            with translated(), self._read() as connection:
                rows = _due_rows(connection, sql.DUE, now_s)
            return [self._due(row) for row in rows if wanted((row.endpoint_id, row.alert_id))]
        return self._claim_with_lease(now_s, now_s + self._lease_s, wanted)

    def mark(self, results: Sequence[Result]) -> None:
        """Store what came of some attempts in one short transaction; durable when it returns.

        Marking twice equals marking once. An endpoint that accepted something again gets what
        waits for a later attempt now; one that is gone is disabled and its deliveries fail.
        """
        at = self._clock.now()
        with translated(), self._begin() as connection:
            run_many(connection, sql.MARK, [sql.mark_row(result, at) for result in results])
            attempts = sql.attempt_insert(connection.dialect.name)
            sent = [sql.attempt_row(result) for result in results if result.was_sent]
            run_many(connection, attempts, sent)
            _recover(connection, results)
            _disable(connection, results)
            run_many(connection, sql.CHANGE, [sql.change_row(result, at) for result in results])

    def next_due(self, now_s: float) -> float | None:
        """Return the Unix seconds at which the next delivery becomes due; None if none will.

        What is due already but waits for an earlier transition or for room is not counted.
        """
        with translated(), self._read() as connection:
            value = run(connection, sql.NEXT_DUE, {"now_s": now_s}).scalar()
        return None if value is None else float(value)

    def pending(self) -> int:
        """Return how many deliveries wait, due or not."""
        with translated(), self._read() as connection:
            return int(connection.execute(sql.PENDING_COUNT).scalar_one())

    def _claim_with_lease(
        self, now_s: float, lease_end_s: float, wanted: Callable[[Lane], bool]
    ) -> list[Due]:
        with translated(), self._claims() as connection:
            rows = _due_rows(connection, sql.DUE_LOCKED, now_s)
            taken = [self._due(row) for row in rows if wanted((row.endpoint_id, row.alert_id))]
            run_many(connection, sql.LEASE, [sql.lease_row(due, lease_end_s) for due in taken])
        return taken

    def _due(self, row: Row[tuple[object, ...]]) -> Due:
        target = self._target(row)
        return Due(
            endpoint_id=row.endpoint_id,
            alert_id=row.alert_id,
            seq=row.seq,
            priority=row.priority,
            attempts=row.attempts,
            payload=row.payload,
            target=target if isinstance(target, Target) else None,
            refusal=target if isinstance(target, str) else None,
            first_attempt_s=None if row.first_at is None else row.first_at / MICROSECONDS,
        )

    def _target(self, row: Row[tuple[object, ...]]) -> Target | str:
        """Return where to send, or why not; opened once for as long as the row is the same."""
        if row.body is None:
            return "the endpoint was deleted"
        if row.disabled_at is not None:
            return f"the endpoint is disabled: {row.disabled_reason or 'by hand'}"
        known = self._targets.get(row.endpoint_id)
        if known and known[:2] == (row.body, row.secret_sealed):
            return known[2]
        target = self._opened(decode(Endpoint, row.body), row.secret_sealed)
        self._targets[row.endpoint_id] = (row.body, row.secret_sealed, target)
        return target

    def _opened(self, endpoint: Endpoint, sealed: bytes) -> Target | str:
        if not endpoint.active:
            return "the endpoint is not active"
        try:
            secret = self._sealer.open(sealed, subject=endpoint.endpoint_id)
        except ConfigurationError as error:
            return str(error)
        return Target(url=endpoint.url, secret=secret.decode())


def _due_rows(
    connection: Connection, statement: sql.DueSelect, now_s: float
) -> Sequence[Row[tuple[object, ...]]]:
    values = {"now_s": now_s, "rows": CLAIM_ROWS, "rows_an_endpoint": CLAIM_ROWS_AN_ENDPOINT}
    return run(connection, statement, values).all()


def _recover(connection: Connection, results: Sequence[Result]) -> None:
    delivered = {
        result.due.endpoint_id: result.at.timestamp()
        for result in results
        if result.verdict.state is DeliveryState.DELIVERED
    }
    rows = [sql.forward_row(endpoint_id, at_s) for endpoint_id, at_s in delivered.items()]
    run_many(connection, sql.BRING_FORWARD, rows)


def _disable(connection: Connection, results: Sequence[Result]) -> None:
    for result in results:
        if result.verdict.disables_endpoint:
            row = sql.disable_row(result)
            for statement in (sql.DISABLE, sql.FAIL_ALL, sql.AUDIT):
                run(connection, statement, row)
