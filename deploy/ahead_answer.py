"""What the child that reads ahead answers, as bytes: plain tuples, which are quickest to read."""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from typing import Any

from processing.batch.account import Account, Placed
from processing.batch.rows import ReportRow
from processing.fuse.said import Said
from processing.fuse.victims import Count
from schemas.log import Record

# A record and its account; None when it cannot be decoded.
Prepared = tuple[Record, Account | None]

_HARMS = Said._fields.index("harms")


def pack(prepared: Sequence[Prepared]) -> bytes:
    """Return prepared records as bytes."""
    return marshal.dumps([(tuple(record), _plain(account)) for record, account in prepared])


def unpack(data: bytes) -> list[Prepared]:
    """Return what was packed by the same Python. Raises EOFError, TypeError or ValueError."""
    return [
        (Record._make(record), None if plain is None else _account(*plain))
        for record, plain in marshal.loads(data)  # noqa: S302 - written by our own child
    ]


def _plain(account: Account | None) -> tuple[Any, ...] | None:
    if account is None:
        return None
    said, placed = account.said, account.placed
    harms = {harm: tuple(count) for harm, count in said.harms.items()}
    told = (*said[:_HARMS], harms, *said[_HARMS + 1 :])
    if placed is None:
        return account[:-2], told, None, None, None
    return account[:-2], told, tuple(placed.row), placed.layers, placed.near


def _account(
    fields: tuple[Any, ...],
    told: tuple[Any, ...],
    row: tuple[Any, ...] | None,
    layers: str,
    near: bytes,
) -> Account:
    said = Said._make(told)
    if said.harms:
        said = said._replace(harms={harm: Count._make(count) for harm, count in said.harms.items()})
    placed = None if row is None else Placed(layers, ReportRow._make(row), near)
    return Account._make((*fields, said, placed))
