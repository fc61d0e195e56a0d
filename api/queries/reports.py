"""Whether a report was processed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, exists, literal, or_, select

from schemas.receipt_token import Awaited
from schemas.tables import dead_letters, reports


def is_processed(one: Awaited) -> Select[Any]:
    """Find a row if a report is stored, or what lies at its place was set aside."""
    stored = exists().where(reports.c.report_id == one.report_id)
    aside = exists().where(
        and_(dead_letters.c.partition == one.node, dead_letters.c.position == one.position)
    )
    return select(literal(1)).where(or_(stored, aside))
