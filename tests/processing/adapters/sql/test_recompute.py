from __future__ import annotations

import pytest

from processing.adapters.sql.recompute import SqlRecomputer
from schemas.errors import NotFoundError
from tests.processing.building import ZONE, Database, admitted, ask, process, report

KILLED = [{"harm": "KILLED", "best": 7, "population": "CIVILIANS"}]


@pytest.fixture
def flagged(made: Database) -> Database:
    """A mission with flags of several rules."""
    process(
        made,
        [
            admitted(report("root-1", event_type="VC_KILLING", victims=KILLED)),
            admitted(report("root-2", event_type="VC_KILLING"), unit_id="unit-2"),
            admitted(report("root-3", event_type="VC_IMMINENT_THREAT")),
            admitted(report("root-4", event_type="UN_ATTACK_BASE")),
        ],
    )
    return made


def flag_ids(made: Database, where: str = "1 = 1") -> list[str]:
    query = f"SELECT flag_id FROM flags WHERE {where} ORDER BY flag_id"  # noqa: S608 - a constant
    with made.read() as connection:
        return [row[0] for row in ask(connection, query)]


def altered(made: Database, statement: str) -> None:
    with made.begin() as connection:
        ask(connection, statement)


def test_every_flag_comes_out_equal(flagged: Database) -> None:
    recomputer = SqlRecomputer(flagged.read, ZONE)
    found = [recomputer.recompute(flag_id) for flag_id in flag_ids(flagged)]
    assert {one.stored.rule_id for one in found} >= {"R01", "R03", "R08", "R09"}
    assert [one.differences for one in found] == [()] * len(found)
    assert all(one.equal and one.recomputed is not None for one in found)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE incidents SET lon = lon + 0.001",
        "UPDATE incidents SET severity = 1",
        "UPDATE incidents SET body = replace(body, '\"killed_best\":7', '\"killed_best\":8')",
        "UPDATE incidents SET retracted = true",
        "DELETE FROM incidents",
    ],
)
def test_an_incident_altered_behind_its_back_shows(flagged: Database, change: str) -> None:
    altered(flagged, change)
    recomputer = SqlRecomputer(flagged.read, ZONE)
    (flag_id, *_) = flag_ids(flagged, "rule_id = 'R01'")
    assert not recomputer.recompute(flag_id).equal


def test_a_report_altered_behind_its_back_shows(flagged: Database) -> None:
    altered(flagged, "UPDATE reports SET body = replace(body, '\"best\":7', '\"best\":9')")
    recomputer = SqlRecomputer(flagged.read, ZONE)
    (flag_id, *_) = flag_ids(flagged, "rule_id = 'R01'")
    assert "not what its reports say" in recomputer.recompute(flag_id).differences[-1]


def test_the_flags_own_numbers_are_not_believed(flagged: Database) -> None:
    altered(flagged, "UPDATE flags SET body = replace(body, '\"killed\":7', '\"killed\":99')")
    recomputer = SqlRecomputer(flagged.read, ZONE)
    (flag_id, *_) = flag_ids(flagged, "rule_id = 'R01'")
    found = recomputer.recompute(flag_id)
    assert "numbers.killed: stored 99, recomputed 7" in found.differences


def test_a_withdrawn_flag_is_equal_when_its_rule_does_not_raise_it(flagged: Database) -> None:
    process(
        flagged,
        [admitted(report(f"root-{n}", revision=2, report_kind="RETRACTION")) for n in (1, 2, 3, 4)],
    )
    ids = flag_ids(flagged, "state = 'WITHDRAWN'")
    recomputer = SqlRecomputer(flagged.read, ZONE)
    assert ids
    assert all(recomputer.recompute(flag_id).recomputed is None for flag_id in ids)


def test_an_unknown_flag_is_not_found(made: Database) -> None:
    with pytest.raises(NotFoundError):
        SqlRecomputer(made.read, ZONE).recompute("0142f8b3-c400-816e-b937-d89ad653062d")
