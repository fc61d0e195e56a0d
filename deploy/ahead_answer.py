"""What the child that reads ahead answers, as bytes: plain tuples, which are quickest to read."""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Sequence
from itertools import repeat

from processing.batch.account import Account, Placed
from processing.batch.rows import ReportRow
from processing.fuse.said import Said
from schemas.log import Record

# A record and its account; None when it cannot be decoded.
Prepared = tuple[Record, Account | None]

# The last fields of an account, which are more than plain values.
_NESTED = len(Account._fields) - Account._fields.index("said")


def pack(prepared: Sequence[Prepared]) -> bytes:
    """Return prepared records as bytes. Their reports are all placed with the same layers or none.

    What several tuples share is written once. The records are the spool's: they have no origin.
    """
    accounts = [account for _, account in prepared if account is not None]
    placed = [account.placed for account in accounts if account.placed is not None]
    return marshal.dumps(
        (
            [(*record[:3], account is not None) for record, account in prepared],
            [account[:-_NESTED] for account in accounts],
            [tuple(account.said) for account in accounts],
            placed[0].layers if placed else None,
            [tuple(one.row) for one in placed],
            [one.near for one in placed],
        )
    )


def unpack(data: bytes | memoryview) -> list[Prepared]:
    """Return what was packed by the same Python. Raises EOFError, TypeError or ValueError."""
    records, fields, said, layers, rows, near = marshal.loads(data)  # noqa: S302 - our own child's
    placed: Iterable[Placed | None] = repeat(None, len(fields))
    if layers is not None:
        placed = map(Placed._make, zip(repeat(layers), map(ReportRow._make, rows), near))
    accounts = (
        Account._make((*plain, told, one))
        for plain, told, one in zip(fields, map(Said._make, said), placed, strict=True)
    )
    return [
        (Record(partition, position, value), next(accounts) if is_known else None)
        for partition, position, value, is_known in records
    ]
