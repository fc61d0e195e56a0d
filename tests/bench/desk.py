"""A desk inside this process, for what HTTP and the spool should not blur."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deploy.database import Database
from deploy.demo.folder import sample_folder
from deploy.demo.mission_files import MissionBundle, read_bundle
from ingest.admission import Admitted, Context, admit
from ingest.credentials import Sender
from ingest.gazetteer import Gazetteer
from ingest.limits import IntakeLimits
from schemas.layer import LayerKind
from tests.bench.boxes import use_rules
from tests.bench.generator import START, Sent
from tests.support.replaying import NODE, Desk, make_desk

_ADMIN = (LayerKind.ADM0, LayerKind.ADM1, LayerKind.ADM2)


def bench_desk(folder: Path, database: Database | None = None) -> Desk:
    """Return a desk with the sample's layers, and the rules of the benchmark's boxes."""
    bundle = read_bundle(sample_folder())
    desk = make_desk(folder, start=START, bundle=bundle, database=database)
    use_rules(desk.database)
    return desk


def admitted(sent: Iterable[Sent], bundle: MissionBundle) -> list[bytes]:
    """Return what the spool would hold after these reports were sent."""
    pcodes = frozenset(feature.feature_id for layer in _ADMIN for feature in bundle.layers[layer])
    mission = bundle.mission
    gazetteer = Gazetteer(zone=mission.zone(), area=mission.area.box(), pcodes=pcodes)
    return [_value(one, gazetteer) for one in sent]


def _value(one: Sent, gazetteer: Gazetteer) -> bytes:
    context = Context(
        node=NODE,
        sender=Sender(unit_id=one.unit_id, key_id="bench", max_level=1),
        received_at=one.at,
        gazetteer=gazetteer,
    )
    result = admit(one.body, context=context, limits=IntakeLimits())
    assert isinstance(result, Admitted), result
    return result.entry.value
