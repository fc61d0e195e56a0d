"""A desk for tests of what is kept between its transactions."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

from processing.adapters.sql.transaction import sql_stores
from processing.pipeline import Pipeline
from schemas.codec import encode
from schemas.report import AdmittedReport
from tests.processing.building import ZONE, Database, FixedClock, MemoryLog, batches, link

# Each example makes a database of its own.
FEW = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class Desk:
    """A pipeline with a cache of its own, and a partition of its own."""

    def __init__(self, made: Database, partition: str) -> None:
        self.made = made
        self.transaction = sql_stores(made.begin)
        self.stage = Pipeline(self.transaction, ZONE, clock=FixedClock(), link=link)
        self.log = MemoryLog(partition=partition)

    def process(self, reports: list[AdmittedReport]) -> None:
        for one in reports:
            self.log.append(encode(one))
        for batch in batches(self.log, self.made, size=3):
            self.stage(batch)
