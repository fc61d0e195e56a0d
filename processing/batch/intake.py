"""Which reports of a batch are new, and which revision of each root counts. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from processing.batch.account import Account
from processing.batch.rows import ReportRow
from processing.engine.batch import Decoded

Key = tuple[str, int]
Rank = tuple[int, str, str, int]

# One report that the log brought.
Arrival = Decoded[Account]

CONFLICT = "conflict: another body of the same root_id and revision was received first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """What of a batch is to be stored.

    `new` are to be inserted, in log order; `displaced` are stored rows that lose to one of them
    and are to be removed; `refused` and `overruled` lost a conflict and are to be set aside (the
    first are arrivals, the second among `displaced`).
    """

    new: tuple[Arrival, ...]
    displaced: tuple[ReportRow, ...]
    refused: tuple[Arrival, ...]
    overruled: tuple[ReportRow, ...]


def sift(arrivals: Sequence[Arrival], stored: Iterable[ReportRow]) -> Sifted:
    """Drop what is known already, and settle conflicts by the smallest rank.

    A known report with the same body is dropped in silence; the copy that was received first stays.
    """
    winners, refused = _winners(arrivals)
    held = {(row.root_id, row.revision): row for row in stored}
    new: list[Arrival] = []
    displaced: list[ReportRow] = []
    overruled: list[ReportRow] = []
    for key, one in winners.items():
        row = held.get(key)
        if row is None:
            new.append(one)
            continue
        is_same = row.sha256 == one.message.sha256
        if _rank(row) > rank(one):
            new.append(one)
            displaced.append(row)
            overruled += () if is_same else (row,)
        elif not is_same:
            refused.append(one)
    return Sifted(
        new=tuple(new),
        displaced=tuple(displaced),
        refused=tuple(refused),
        overruled=tuple(overruled),
    )


def _winners(arrivals: Sequence[Arrival]) -> tuple[dict[Key, Arrival], list[Arrival]]:
    """Settle conflicts inside the batch; return the winners and those to be set aside."""
    winners: dict[Key, Arrival] = {}
    refused: list[Arrival] = []
    for one in arrivals:
        rival = winners.setdefault(one.message.key, one)
        if rival is one:
            continue
        first, second = (one, rival) if rank(one) < rank(rival) else (rival, one)
        winners[one.message.key] = first
        if first.message.sha256 != second.message.sha256:
            refused.append(second)
    return winners, refused


def rank(one: Arrival) -> Rank:
    """Return what decides a conflict, whatever the order of arrival: the smallest wins."""
    account = one.message
    return account.received_us, account.node, account.sha256, one.record.first_at().sequence


def _rank(row: ReportRow) -> Rank:
    return row.received_at, row.node, row.sha256, row.position


class Turnover(NamedTuple):
    """The revision of one root that counted before a batch, and the one that counts after it."""

    before: ReportRow | None
    after: ReportRow


def turnovers(
    new: Iterable[ReportRow], stored: Iterable[ReportRow], displaced: Iterable[ReportRow]
) -> list[Turnover]:
    """Return the roots whose counting revision changed, in order of root_id."""
    gone = {row.report_id for row in displaced}
    old: dict[str, list[ReportRow]] = {}
    for row in stored:
        old.setdefault(row.root_id, []).append(row)
    fresh: dict[str, ReportRow] = {}
    for row in new:
        rival = fresh.setdefault(row.root_id, row)
        if rival.revision < row.revision:
            fresh[row.root_id] = row
    found: list[Turnover] = []
    for root_id in sorted(fresh):
        held = old.get(root_id, ())
        rows = [row for row in held if row.report_id not in gone]
        after = max((*rows, fresh[root_id]), key=_revision) if rows else fresh[root_id]
        before = next((row for row in held if row.current), None)
        if before is None or after is not before:
            found.append(Turnover(before=before, after=after))
    return found


def _revision(row: ReportRow) -> int:
    return row.revision
