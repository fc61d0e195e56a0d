"""The whole sample, 2011 to 2018, through admission and processing: what is concluded is right,
is the same whatever the order and the cuts, and can be derived again.

Fusion is judged against truth units (`deploy/demo/truth.py`), places against the true point's
county in the same layer.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import update

from deploy.demo.events import Event, read_county_pcodes, read_events
from deploy.demo.folder import sample_folder
from deploy.demo.generator import Planned
from deploy.demo.mission_files import MissionBundle, read_bundle
from deploy.demo.show import planned_reports
from deploy.demo.truth import score, truth_units
from processing.adapters.sql.recompute import SqlRecomputer
from processing.locate.columns import PlaceColumns
from processing.locate.layers import LayerSet
from processing.locate.locate import Locator
from schemas import tables
from schemas.codec import decode, encode
from schemas.incident import Incident
from tests.support.replaying import Desk, admitted, make_desk

# The figures: units that are exactly one incident, incidents that mix units.
EXACT_AT_LEAST = 0.97
MIXED_BELOW = 0.015
CANDIDATE_AT_LEAST = 0.999
# The months of the war's beginning, for what need not see everything.
DENSE = (date(2013, 11, 1), date(2014, 6, 30))


@pytest.fixture(scope="module")
def bundle() -> MissionBundle:
    return read_bundle(sample_folder())


@pytest.fixture(scope="module")
def planned() -> list[Planned]:
    return planned_reports()


@pytest.fixture(scope="module")
def events() -> dict[str, Event]:
    return {event.event_id: event for event in read_events(sample_folder() / "ucdp_events.csv")}


@pytest.fixture(scope="module")
def desk(
    bundle: MissionBundle, planned: list[Planned], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """The whole sample, stored in the order in which it was sent."""
    made = make_desk(
        tmp_path_factory.mktemp("conclusions"), start=planned[0].send_at, bundle=bundle
    )
    made.store(admitted(planned, bundle), batch_size=100)
    yield made
    made.database.engine.dispose()


def test_truth_units_are_one_incident_each(
    desk: Desk, planned: list[Planned], events: dict[str, Event]
) -> None:
    event_of = {one.body["root_id"]: one.event_id for one in planned}
    inside: dict[str, list[str]] = defaultdict(list)
    with desk.database.read() as connection:
        for root_id, incident_id in connection.exec_driver_sql(
            "SELECT root_id, incident_id FROM reports WHERE current AND incident_id IS NOT NULL"
        ):
            if event_of[root_id] is not None:
                inside[incident_id].append(event_of[root_id] or "")
    units = truth_units(list(events.values()))
    result = score(units, inside.values())
    print(f"\nfusion: {result.exact} of {result.units} units exact, {result.mixed} incidents mixed")
    for unit in result.split:
        print("  not exact:", unit)
    assert result.units == 325
    assert result.exact_share >= EXACT_AT_LEAST
    assert result.mixed_share < MIXED_BELOW


def test_places_are_in_the_true_county_or_have_it_as_a_candidate(
    desk: Desk, bundle: MissionBundle, planned: list[Planned], events: dict[str, Event]
) -> None:
    truth = _true_counties(bundle, list(events.values()))
    event_of = {one.body["root_id"]: one.event_id for one in planned}
    certain = wrong = candidate = missed = 0
    with desk.database.read() as connection:
        rows = connection.exec_driver_sql(
            "SELECT root_id, adm2, adm2_candidates FROM reports "
            "WHERE current AND place_from IN ('degrees', 'mgrs')"
        ).all()
    for root_id, adm2, candidates in rows:
        true = truth.get(event_of[root_id] or "", "")
        if not true:
            continue
        if adm2:
            certain += 1
            wrong += adm2 != true
        else:
            candidate += 1
            missed += true not in (candidates or "")
    print(f"\nplace: {certain} certain ({wrong} wrong), {candidate} possible ({missed} missed)")
    assert certain > 500
    assert wrong == 0
    assert missed <= (1 - CANDIDATE_AT_LEAST) * candidate


def test_ucdp_names_the_same_county_where_it_can(
    bundle: MissionBundle, events: dict[str, Event]
) -> None:
    names = read_county_pcodes(sample_folder() / "county_aliases.csv")
    exact = [event for event in events.values() if event.where_prec <= 2 and event.adm2]
    truth = _true_counties(bundle, exact)
    same = sum(truth[event.event_id] == names.get((event.adm1, event.adm2)) for event in exact)
    print(f"\nUCDP's county names agree with the layer for {same} of {len(exact)} points")
    assert same / len(exact) > 0.9


@pytest.mark.parametrize(("seed", "batch_size"), [(1, 1_000), (2, 7), (3, 1)])
def test_order_and_cuts_do_not_matter(
    desk: Desk, planned: list[Planned], tmp_path: Path, seed: int, batch_size: int
) -> None:
    """Three shuffles of all reports; the batches of 100 in order are the module's own."""
    values = admitted(planned, desk.bundle)
    random.Random(seed).shuffle(values)
    other = make_desk(tmp_path, start=planned[0].send_at, bundle=desk.bundle)
    other.store(values, batch_size=batch_size)
    assert other.state_hash() == desk.state_hash()
    other.database.engine.dispose()


def test_every_flag_is_derived_again_equal(desk: Desk) -> None:
    recomputer = SqlRecomputer(desk.database.read, desk.bundle.mission.zone())
    with desk.database.read() as connection:
        ids = [
            row[0]
            for row in connection.exec_driver_sql(
                "SELECT flag_id FROM flags WHERE state = 'RAISED' ORDER BY flag_id"
            )
        ]
    results = [recomputer.recompute(flag_id) for flag_id in ids]
    print(f"\n{len(results)} flags derived again")
    assert len(results) > 500
    assert {result.stored.rule_id for result in results} == {"R01", "R03", "R05", "R08", "R09"}
    assert [result.differences for result in results if not result.equal] == []


def test_a_flag_whose_incident_was_altered_comes_out_different(
    bundle: MissionBundle, planned: list[Planned], tmp_path: Path
) -> None:
    dense = [one for one in planned if DENSE[0] <= one.send_at.date() <= DENSE[1]]
    other = make_desk(tmp_path, start=dense[0].send_at, bundle=bundle)
    other.store(admitted(dense, bundle), batch_size=200)
    recomputer = SqlRecomputer(other.database.read, bundle.mission.zone())
    with other.database.read() as connection:
        flag_id = connection.exec_driver_sql(
            "SELECT flag_id FROM flags WHERE rule_id = 'R01' AND state = 'RAISED' LIMIT 1"
        ).scalar_one()
    before = recomputer.recompute(flag_id)
    assert before.equal
    _move_away(other, before.stored.evidence[0].incident_id)
    after = SqlRecomputer(other.database.read, bundle.mission.zone()).recompute(flag_id)
    assert not after.equal
    other.database.engine.dispose()


def _move_away(desk: Desk, incident_id: str) -> None:
    table = tables.incidents
    with desk.database.begin() as connection:
        row = connection.execute(table.select().where(table.c.incident_id == incident_id)).one()
        altered = decode(Incident, row.body).model_copy(update={"lat": row.lat + 1.0})
        connection.execute(
            update(table)
            .where(table.c.incident_id == incident_id)
            .values(lat=row.lat + 1.0, body=encode(altered))
        )


def _true_counties(bundle: MissionBundle, events: list[Event]) -> dict[str, str]:
    locator = Locator(LayerSet.of(bundle.features()))
    count = len(events)
    located = locator.locate(
        PlaceColumns(
            lon=np.array([event.lon for event in events]),
            lat=np.array([event.lat for event in events]),
            radius_m=np.full(count, 0.1),
            decoded_from=["degrees"] * count,
            pcode=[""] * count,
            place_name=[""] * count,
            day=np.array([(event.date_start - date(1970, 1, 1)).days for event in events]),
        )
    )
    return dict(zip((event.event_id for event in events), located.adm2, strict=True))
