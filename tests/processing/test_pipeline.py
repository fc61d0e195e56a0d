"""From records in a log to what people see, with the real stages over SQLite in a file."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import pytest

from processing.adapters.sql.positions import SqlPositions
from processing.adapters.sql.state_hash import state_hash
from processing.batch.account import read_account
from processing.engine.limits import EngineLimits
from processing.engine.loop import Worker
from processing.engine.ports import Ports, SoleLog
from schemas.alert import AlertState
from schemas.codec import encode
from schemas.delivery import Endpoint
from schemas.errors import FencedError
from schemas.report import AdmittedReport
from tests.processing.building import (
    NOON,
    PARTITION,
    Database,
    MemoryLog,
    add_endpoint,
    admitted,
    ask,
    batches,
    count,
    log_of,
    pipeline,
    process,
    read_back,
    report,
)
from tests.processing.conftest import MakeMission
from tests.processing.engine.fakes import EndOfLog

KILLED = [{"harm": "KILLED", "best": 7, "population": "CIVILIANS"}]
FAR = {"lon": 30.0, "lat": 7.0}


def attack(root_id: str = "root-1", **fields: object) -> AdmittedReport:
    """Civilians killed beside the protected site in the east."""
    return admitted(report(root_id, event_type="VC_KILLING", victims=KILLED, **fields))


def rows(made: Database, query: str) -> list[tuple[Any, ...]]:
    with made.read() as connection:
        return [tuple(row) for row in ask(connection, query)]


class TestTheWayOfAReport:
    def test_two_accounts_become_one_incident_flags_one_alert_and_a_delivery(
        self, made: Database
    ) -> None:
        add_endpoint(made, Endpoint(endpoint_id="hook-1", url="https://joc.example/hook"))
        second = admitted(report("root-2", event_type="VC_KILLING"), unit_id="unit-2")
        process(made, [attack(), second, admitted(report("root-3", location=FAR))])

        bodies = [orjson.loads(body) for (body,) in rows(made, "SELECT body FROM incidents")]
        assert sorted(len(one["members"]) for one in bodies) == [1, 2]
        assert rows(made, "SELECT DISTINCT state FROM flags") == [("RAISED",)]
        assert {rule for (rule,) in rows(made, "SELECT rule_id FROM flags")} >= {"R01", "R03"}
        alerts = rows(made, "SELECT number, state, priority FROM alerts ORDER BY number")
        assert [number for number, _, _ in alerts] == list(range(1, len(alerts) + 1))
        assert {state for _, state, _ in alerts} == {"RAISED"}
        assert max(priority for _, _, priority in alerts) == 4
        told = rows(made, "SELECT endpoint_id, state, next_attempt_at FROM deliveries")
        assert told[0] == ("hook-1", "PENDING", 0.0)
        assert rows(made, "SELECT position FROM positions") == [(3,)]

    def test_a_retraction_withdraws_what_rested_on_it_and_tells_those_who_were_told(
        self, made: Database
    ) -> None:
        add_endpoint(made, Endpoint(endpoint_id="hook-1", url="https://joc.example/hook"))
        process(made, [attack(), attack(revision=2, report_kind="RETRACTION")], size=1)

        assert rows(made, "SELECT DISTINCT state FROM flags") == [("WITHDRAWN",)]
        assert {state for (state,) in rows(made, "SELECT state FROM alerts")} == {
            AlertState.WITHDRAWN.value
        }
        assert rows(made, "SELECT retracted FROM incidents") == [(1,)]
        assert count_of(made, "cube") == 0
        kinds = [orjson.loads(body)["type"] for (body,) in rows(made, _PAYLOADS)]
        assert kinds == ["alert.raised", "alert.withdrawn"] * (len(kinds) // 2)

    def test_a_late_report_tells_history_and_rings_nobody(self, made: Database) -> None:
        add_endpoint(made, Endpoint(endpoint_id="hook-1", url="https://joc.example/hook"))
        said = report("root-1", event_type="VC_KILLING", victims=KILLED)
        process(made, [admitted(said, received_at=NOON + timedelta(days=30))])

        assert {one for (one,) in rows(made, "SELECT retrospective FROM flags")} == {1}
        assert {one for (one,) in rows(made, "SELECT retrospective FROM alerts")} == {1}
        assert count_of(made, "deliveries") == 0

    def test_a_correction_keeps_the_old_incident_readable_and_points_it_on(
        self, made: Database
    ) -> None:
        second = admitted(report("root-2", event_type="VC_KILLING"), unit_id="unit-2")
        process(made, [attack(), second, attack(revision=2, report_kind="RETRACTION")], size=2)

        (old, new), *others = rows(made, "SELECT old_id, new_id FROM redirects")
        assert not others
        assert rows(made, "SELECT incident_id FROM incidents") == [(new,)]
        assert rows(made, "SELECT entity_id FROM history WHERE entity = 'incident'") == [(old,)]

    def test_what_comes_back_counts_its_revisions_on(self, made: Database) -> None:
        second = admitted(report("root-2", event_type="VC_KILLING"), unit_id="unit-2")
        process(
            made,
            [attack(), second, attack(revision=2, report_kind="NIL"), attack(revision=3)],
            size=1,
        )
        assert rows(made, "SELECT count(*) FROM redirects WHERE new_id IS NULL") == [(0,)]
        (one,) = rows(made, "SELECT incident_id, revision FROM incidents WHERE NOT retracted")
        kept = rows(made, f"SELECT max(revision) FROM history WHERE entity_id = '{one[0]}'")  # noqa: S608
        assert one[1] == int(str(kept[0][0])) + 1

    def test_what_nobody_says_happened_is_stored_and_makes_no_incident(
        self, made: Database
    ) -> None:
        process(
            made,
            [
                admitted(report("root-1", record_kind="ACTIVITY")),
                admitted(report("root-2", report_kind="NIL")),
            ],
        )
        assert (count_of(made, "reports"), count_of(made, "incidents")) == (2, 0)

    def test_a_report_without_a_place_is_an_incident_of_its_own(self, made: Database) -> None:
        lost = {"place_name": "nowhere that is known"}
        process(made, [admitted(report(f"root-{n}", location=lost)) for n in (1, 2)])
        assert rows(made, "SELECT cell4, cell5, lon FROM incidents") == [(0, 0, None)] * 2

    def test_an_exercise_is_shown_and_counts_nowhere(self, made: Database) -> None:
        process(made, [attack(exercise=True)])
        assert count_of(made, "incidents") == 1
        assert (count_of(made, "cube"), count_of(made, "flags")) == (0, 0)

    def test_nothing_is_written_when_nothing_is_new(self, made: Database) -> None:
        process(made, [attack()])
        before = count_of(made, "changes")
        log = log_of([attack(), attack()])
        stage = pipeline(made)
        for batch in batches(log, made, size=10):
            stage(batch)
        assert count_of(made, "changes") == before
        assert rows(made, "SELECT position FROM positions") == [(2,)]


_PAYLOADS = "SELECT payload FROM deliveries ORDER BY alert_id, seq"


def count_of(made: Database, table: str) -> int:
    with made.read() as connection:
        return count(connection, table)


class TestPoison:
    def test_what_cannot_be_decoded_is_kept_with_its_reason_and_the_rest_goes_on(
        self, made: Database
    ) -> None:
        log = log_of([attack()])
        log.append(b'{"node": 7}')
        log.append(encode(attack("root-2")))
        drain(made, log, lambda _name: None)

        assert {root for (root,) in rows(made, "SELECT root_id FROM reports")} == {
            "root-1",
            "root-2",
        }
        ((position, reason, value),) = rows(
            made, "SELECT position, reason, value FROM dead_letters"
        )
        assert (position, value) == (1, b'{"node": 7}')
        assert str(reason).startswith("undecodable: ")
        assert rows(made, "SELECT position FROM positions") == [(3,)]

    def test_what_breaks_the_stages_is_kept_with_what_it_says_it_is(self, made: Database) -> None:
        log = log_of([attack(), attack("root-2"), attack("root-3")])
        broken = pipeline(made)
        whole = next(iter(batches(log, made, size=3)))
        broken(whole.refused("ValueError: broke"))

        letters = rows(made, "SELECT root_id, revision, reason FROM dead_letters ORDER BY position")
        assert letters == [(f"root-{n}", 1, "ValueError: broke") for n in (1, 2, 3)]
        assert (count_of(made, "reports"), count_of(made, "incidents")) == (0, 0)


class TestConflicts:
    @pytest.mark.parametrize("size", [1, 2])
    @pytest.mark.parametrize("swapped", [False, True])
    def test_the_body_received_first_wins_in_any_order(
        self, made: Database, *, size: int, swapped: bool
    ) -> None:
        early = admitted(report("root-1", text="first"), received_at=NOON + timedelta(minutes=1))
        late = admitted(report("root-1", text="second"), received_at=NOON + timedelta(minutes=2))
        process(made, [late, early] if swapped else [early, late], size=size)

        assert rows(made, "SELECT sha256 FROM reports") == [(early.sha256,)]
        ((reason, value, root_id),) = rows(made, "SELECT reason, value, root_id FROM dead_letters")
        assert str(reason).startswith("conflict")
        assert isinstance(value, bytes)
        assert (read_back(value), root_id) == (late, "root-1")

    def test_the_same_body_from_another_node_is_known(self, made: Database) -> None:
        said = report("root-1")
        process(made, [admitted(said), admitted(said, node="node-b")], size=1)
        assert rows(made, "SELECT node FROM reports") == [(PARTITION,)]
        assert count_of(made, "dead_letters") == 0


class CrashError(BaseException):
    """What kill -9 is to a process, is this to a worker: nothing catches it."""


@dataclass
class CrashOnce:
    """Crashes at the nth passing of a named point."""

    name: str
    left: int

    def __call__(self, name: str) -> None:
        if name != self.name:
            return
        self.left -= 1
        if self.left == 0:
            raise CrashError


def drain(made: Database, log: MemoryLog, checkpoint: Callable[[str], None]) -> None:
    """Let a worker go through a log, and another one go on when it crashes."""
    ports = Ports(
        log=SoleLog(log),
        stage=pipeline(made, checkpoint=checkpoint),
        positions=SqlPositions(made.begin),
        decode=lambda record: read_account(record.value),
        monotonic=time.monotonic,
    )
    log.waits = 0
    try:
        Worker(ports, EngineLimits(max_records=2)).run(EndOfLog(log))
    except CrashError:
        drain(made, log, checkpoint)


STORY = [
    attack(),
    admitted(report("root-2", event_type="VC_KILLING"), unit_id="unit-2"),
    admitted(report("root-3", event_type="VC_IMMINENT_THREAT", record_kind="COMMUNITY_ALERT")),
    attack(revision=2, location=FAR),
    admitted(report("root-4", event_type="UN_ATTACK_BASE")),
    admitted(report("root-2", revision=2, report_kind="RETRACTION")),
    attack("root-5"),
]
COUNTED = ("reports", "incidents", "history", "redirects", "alert_transitions", "deliveries")


class TestCrashes:
    @pytest.mark.parametrize("name", ["batch.inside", "batch.before_commit", "batch.after_commit"])
    @pytest.mark.parametrize("at", [1, 2, 3, 4])
    def test_a_crash_anywhere_loses_and_repeats_nothing(
        self, make_mission: MakeMission, name: str, at: int
    ) -> None:
        crash = CrashOnce(name, at)
        states = []
        for checkpoint in (lambda _name: None, crash):
            made = make_mission()
            add_endpoint(made, Endpoint(endpoint_id="hook-1", url="https://joc.example/hook"))
            drain(made, log_of(STORY), checkpoint)
            counts = [count_of(made, table) for table in COUNTED]
            states.append((state_hash(made.read), counts))
        assert crash.left <= 0
        assert states[0] == states[1]

    def test_of_two_workers_only_the_owner_commits(self, made: Database) -> None:
        log = log_of(STORY)
        first = next(iter(batches(log, made, size=3)))
        process(made, STORY[:3])
        with pytest.raises(FencedError):
            pipeline(made)(first)
        assert count_of(made, "reports") == 3
