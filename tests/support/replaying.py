"""The sample's reports run through admission and processing in one process, in any order and cuts.

No HTTP and no spool: for what must not depend on either.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deploy import migrate
from deploy.database import Database, open_database
from deploy.demo.folder import sample_folder
from deploy.demo.generator import Planned
from deploy.demo.mission_files import MissionBundle, read_bundle
from ingest.admission import Admitted, Context, admit
from ingest.credentials import Sender
from ingest.gazetteer import Gazetteer
from ingest.limits import IntakeLimits
from processing.adapters.sql.layers import store_layer
from processing.adapters.sql.positions import SqlPositions
from processing.adapters.sql.rules import store_rules
from processing.adapters.sql.state_hash import state_hash
from processing.adapters.sql.transaction import sql_stores
from processing.batch.account import Account, read_account
from processing.engine.batch import Batch, Claim, Decoded, Stretch
from processing.pipeline import Pipeline
from processing.rules.loading import default_rules
from schemas.layer import LayerKind
from schemas.log import Record

NODE = "node-1"
_ADMIN = {LayerKind.ADM0, LayerKind.ADM1, LayerKind.ADM2}


class StandingClock:
    """A clock for code that asks the time though no report came."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A database of the sample mission with a pipeline on it."""

    database: Database
    pipeline: Pipeline
    bundle: MissionBundle

    def store(self, values: Sequence[bytes], *, batch_size: int) -> None:
        """Store admitted reports, which were encoded, in batches of a size."""
        claim = SqlPositions(self.database.begin).claim([NODE])[NODE]
        position = claim.position
        for start in range(0, len(values), batch_size):
            chunk = values[start : start + batch_size]
            self.pipeline(_batch(chunk, Claim(position=position, epoch=claim.epoch)))
            position += len(chunk)

    def state_hash(self) -> str:
        return state_hash(self.database.read)


def make_desk(
    folder: Path,
    *,
    start: datetime,
    bundle: MissionBundle | None = None,
    database: Database | None = None,
) -> Desk:
    """Make a database in a folder, or take one, with the sample's layers and the default rules."""
    bundle = bundle or read_bundle(sample_folder())
    database = database or open_database(folder / "tocsin.db")
    migrate.upgrade(database.begin)
    for layer, features in bundle.layers.items():
        store_layer(database.begin, layer, features, source="sample", now=start)
    store_rules(database.begin, default_rules().rules, now=start)
    pipeline = Pipeline(
        sql_stores(database.begin),
        bundle.mission.zone(),
        clock=StandingClock(start),
        link=lambda alert_id: f"http://127.0.0.1/#/alerts/{alert_id}",
    )
    return Desk(database=database, pipeline=pipeline, bundle=bundle)


def admitted(planned: Sequence[Planned], bundle: MissionBundle) -> list[bytes]:
    """Return what the spool would hold after these reports were sent, in order, duplicates out."""
    take = _intake(bundle)
    seen: set[tuple[str, int]] = set()
    values = []
    for one in planned:
        result = take(one)
        key = (result.entry.root_id, result.entry.revision)
        if key not in seen:
            seen.add(key)
            values.append(result.entry.value)
    return values


def _intake(bundle: MissionBundle) -> Callable[[Planned], Admitted]:
    pcodes = frozenset(
        feature.feature_id
        for layer, features in bundle.layers.items()
        if layer in _ADMIN
        for feature in features
    )
    gazetteer = Gazetteer(zone=bundle.mission.zone(), area=bundle.mission.area.box(), pcodes=pcodes)
    limits = IntakeLimits()

    def take(one: Planned) -> Admitted:
        context = Context(
            node=NODE,
            sender=Sender(unit_id=one.unit_id, key_id="test", max_level=1),
            received_at=one.send_at,
            gazetteer=gazetteer,
        )
        result = admit(json.dumps(one.body).encode(), context=context, limits=limits)
        assert isinstance(result, Admitted), result
        return result

    return take


def _batch(values: Sequence[bytes], claim: Claim) -> Batch[Account]:
    records = tuple(
        Decoded(
            record=Record(partition=NODE, position=claim.position + number, value=value),
            message=read_account(value),
        )
        for number, value in enumerate(values)
    )
    return Batch(
        stretches=(
            Stretch(
                partition=NODE,
                epoch=claim.epoch,
                start=claim.position,
                end=claim.position + len(values),
            ),
        ),
        records=records,
    )
