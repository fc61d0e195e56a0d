"""The lease of one duty in the database (`processing.watch.lease.Leases`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from sqlalchemy import Connection, insert, select, update

from processing.adapters.sql.errors import translated
from processing.watch.lease import Standing
from schemas.tables import leases

Transaction = Callable[[], AbstractContextManager[Connection]]


class SqlLeases:
    """One row of `leases`. Each method is one transaction of its own, durable when it returns."""

    def __init__(self, begin: Transaction, read: Transaction, name: str) -> None:
        self._begin = begin
        self._read = read
        self._name = name

    def load(self) -> Standing:
        """Return the lease as it stands; one that nobody ever took stands at its beginning."""
        with translated(), self._read() as connection:
            return self._found(connection) or Standing()

    def take(self, seen: Standing, holder: str) -> Standing | None:
        """Take a lease that still stands as it was seen; None if it does not."""
        taken = Standing(holder, seen.epoch + 1, 0, seen.position)
        with translated(), self._begin() as connection:
            if self._found(connection) is None and seen == Standing():
                connection.execute(insert(leases).values(name=self._name, **taken._asdict()))
                return taken
            return self._change(connection, seen, taken)

    def beat(self, mine: Standing) -> Standing | None:
        """Show that the holder lives; None if the lease is another's by now."""
        with translated(), self._begin() as connection:
            return self._change(connection, mine, mine._replace(beats=mine.beats + 1))

    def move(self, mine: Standing, position: int) -> Standing | None:
        """Store how far the holder has come; None if the lease is another's by now."""
        after = mine._replace(beats=mine.beats + 1, position=position)
        with translated(), self._begin() as connection:
            return self._change(connection, mine, after)

    def release(self, mine: Standing) -> None:
        """Give the lease back, if it is still ours."""
        with translated(), self._begin() as connection:
            self._change(connection, mine, mine._replace(holder=None))

    def _found(self, connection: Connection) -> Standing | None:
        row = connection.execute(
            select(leases.c.holder, leases.c.epoch, leases.c.beats, leases.c.position).where(
                leases.c.name == self._name
            )
        ).one_or_none()
        return None if row is None else Standing(*row)

    def _change(self, connection: Connection, before: Standing, after: Standing) -> Standing | None:
        changed = connection.execute(
            update(leases)
            .where(
                leases.c.name == self._name,
                leases.c.epoch == before.epoch,
                leases.c.beats == before.beats,
            )
            .values(**after._asdict())
        )
        return after if changed.rowcount == 1 else None
