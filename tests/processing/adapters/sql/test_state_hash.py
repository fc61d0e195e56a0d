from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from processing.adapters.sql.state_hash import dump, rounded, state_hash
from tests.processing.building import NOON, Database, admitted, ask, process, report
from tests.processing.conftest import MakeMission

KILLED = [{"harm": "KILLED", "best": 7, "population": "CIVILIANS"}]


def test_an_empty_store_has_a_hash_of_nothing(made: Database) -> None:
    assert not list(dump(made.read))
    assert len(state_hash(made.read)) == 64


def test_lists_each_kind_of_conclusion(made: Database) -> None:
    process(made, [admitted(report("root-1", event_type="VC_KILLING", victims=KILLED))])
    kinds = {orjson.loads(line)[0] for line in dump(made.read)}
    assert kinds == {"report", "incident", "cube", "flag", "alert"}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reports SET adm2 = 'SSX01'",
        "UPDATE incidents SET body = replace(body, 'VC_KILLING', 'VC_ASSAULT')",
        "UPDATE cube SET deaths = deaths + 1",
        "UPDATE flags SET body = replace(body, '\"band\":3', '\"band\":4')",
        "UPDATE alerts SET priority = 1",
    ],
)
def test_any_changed_conclusion_changes_it(made: Database, change: str) -> None:
    process(made, [admitted(report("root-1", event_type="VC_KILLING", victims=KILLED))])
    before = state_hash(made.read)
    with made.begin() as connection:
        ask(connection, change)
    assert state_hash(made.read) != before


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE reports SET received_at = 0, position = 99, node = 'node-z'",
        "UPDATE incidents SET updated_at = 0",
        "UPDATE flags SET retrospective = true, revision = 9",
        "UPDATE alerts SET state = 'RESOLVED', seq = 9",
        "DELETE FROM changes",
        "DELETE FROM history",
    ],
)
def test_when_something_was_learnt_or_done_is_not_in_it(made: Database, change: str) -> None:
    process(made, [admitted(report("root-1", event_type="VC_KILLING", victims=KILLED))])
    before = state_hash(made.read)
    with made.begin() as connection:
        ask(connection, change)
    assert state_hash(made.read) == before


def test_the_time_of_arrival_is_not_in_it(make_mission: MakeMission) -> None:
    hashes = set()
    for late in (timedelta(hours=1), timedelta(days=30)):
        made = make_mission()
        said = report("root-1", event_type="VC_KILLING", victims=KILLED)
        process(made, [admitted(said, received_at=NOON + late)])
        hashes.add(state_hash(made.read))
    assert len(hashes) == 1


def test_floats_are_equal_to_nine_decimals() -> None:
    assert rounded({"a": [0.1 + 0.2, 2.0, -0.0, 1e-12, 3, True, None, "x"]}) == {
        "a": [0.3, 2, 0, 0, 3, True, None, "x"]
    }
