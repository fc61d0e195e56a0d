from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.dialects import postgresql, sqlite

from processing.adapters.sql import outbox_statements
from processing.adapters.sql.outbox import SqlOutbox
from processing.notify.due import Due, Lane, Result
from processing.notify.verdict import Answer, Verdict
from schemas.delivery import DeliveryState
from schemas.tables import audit, endpoints
from tests.support.outbox import MISSION_NOW, OutboxBox, alert_id
from tests.support.postgresql import fresh_database

NOW = datetime(2026, 3, 14, 5, 42, tzinfo=UTC)
NOW_S = NOW.timestamp()
URL = "https://receiver.example.org/hook"


def anything(_lane: Lane) -> bool:
    return True


def keys(dues: list[Due]) -> list[tuple[str, str, int]]:
    return [(due.endpoint_id, due.alert_id, due.seq) for due in dues]


def delivered(due: Due) -> Result:
    verdict = Verdict(state=DeliveryState.DELIVERED)
    return Result(due=due, at=NOW, answer=Answer(status=204), verdict=verdict, took_ms=7)


def failed(due: Due, *, next_s: float, status: int = 500) -> Result:
    verdict = Verdict(state=DeliveryState.PENDING, next_attempt_s=next_s, reason=f"status {status}")
    return Result(due=due, at=NOW, answer=Answer(status=status), verdict=verdict)


def gone(due: Due) -> Result:
    verdict = Verdict(state=DeliveryState.FAILED, reason="gone", disables_endpoint=True)
    return Result(due=due, at=NOW, answer=Answer(status=410), verdict=verdict)


@pytest.fixture(params=["sqlite", "postgresql"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OutboxBox]:
    box = OutboxBox(tmp_path if request.param == "sqlite" else fresh_database())
    box.add_endpoint(URL)
    yield box
    box.engine.dispose()


class TestClaim:
    def test_gives_what_is_due_with_its_address_and_secret(self, box: OutboxBox) -> None:
        box.add(1)
        (due,) = box.outbox().claim(NOW_S, anything)
        assert due.target is not None
        assert due.target.url == URL
        assert due.target.secret.startswith("whsec_")
        assert due.payload == box.row(1).payload
        assert due.first_attempt_s is None

    def test_never_shows_the_secret(self, box: OutboxBox) -> None:
        box.add(1)
        assert "whsec" not in repr(box.outbox().claim(NOW_S, anything))

    def test_gives_only_the_lowest_unfinished_transition_of_an_alert(self, box: OutboxBox) -> None:
        box.add(1, seq=2)
        box.add(1, seq=1)
        box.add(2, seq=5)
        assert keys(box.outbox().claim(NOW_S, anything)) == [
            ("sector-east", alert_id(1), 1),
            ("sector-east", alert_id(2), 5),
        ]

    def test_holds_a_transition_back_while_an_earlier_one_waits_for_a_retry(
        self, box: OutboxBox
    ) -> None:
        box.add(1, seq=1, attempts=1, next_attempt_at=NOW_S + 60)
        box.add(1, seq=2)
        assert box.outbox().claim(NOW_S, anything) == []
        assert keys(box.outbox().claim(NOW_S + 60, anything)) == [("sector-east", alert_id(1), 1)]

    @pytest.mark.parametrize("state", ["DELIVERED", "FAILED", "SUPERSEDED"])
    def test_lets_the_next_transition_go_once_the_earlier_one_is_finished(
        self, box: OutboxBox, state: str
    ) -> None:
        box.add(1, seq=1, state=state)
        box.add(1, seq=2)
        assert keys(box.outbox().claim(NOW_S, anything)) == [("sector-east", alert_id(1), 2)]

    def test_gives_the_newest_critical_first(self, box: OutboxBox) -> None:
        box.add(1, priority=3)
        box.add(2, priority=5, created_at=MISSION_NOW - timedelta(hours=1))
        box.add(3, priority=5)
        due = box.outbox().claim(NOW_S, anything)
        assert [one.alert_id for one in due] == [alert_id(3), alert_id(2), alert_id(1)]

    def test_never_lets_one_endpoint_hide_another(self, box: OutboxBox) -> None:
        box.add_endpoint(URL, "quiet")
        box.add_all(((number, 1) for number in range(2_000)), priority=5)
        box.add(3_000, endpoint_id="quiet", priority=1)
        due = box.outbox().claim(NOW_S, anything)
        assert ("quiet", alert_id(3_000), 1) in keys(due)

    def test_passes_over_what_is_not_wanted(self, box: OutboxBox) -> None:
        box.add(1)
        box.add(2)
        due = box.outbox().claim(NOW_S, lambda lane: lane[1] == alert_id(2))
        assert keys(due) == [("sector-east", alert_id(2), 1)]

    def test_tells_when_the_first_attempt_was_made(self, box: OutboxBox) -> None:
        box.add(1)
        outbox = box.outbox()
        outbox.mark([failed(*outbox.claim(NOW_S, anything), next_s=NOW_S + 5)])
        (due,) = outbox.claim(NOW_S + 5, anything)
        assert due.attempts == 1
        assert due.first_attempt_s == NOW_S

    def test_a_sole_notifier_may_claim_again_after_a_crash(self, box: OutboxBox) -> None:
        box.add(1)
        assert box.outbox().claim(NOW_S, anything) == box.outbox().claim(NOW_S, anything)

    def test_a_lease_keeps_a_second_notifier_away_until_it_runs_out(self, box: OutboxBox) -> None:
        box.add(1)
        one, other = box.outbox(lease_s=30), box.outbox(lease_s=30)
        assert len(one.claim(NOW_S, anything)) == 1
        assert other.claim(NOW_S + 29, anything) == []
        assert len(other.claim(NOW_S + 30, anything)) == 1

    def test_a_lease_is_taken_only_on_what_is_wanted(self, box: OutboxBox) -> None:
        box.add(1)
        box.outbox(lease_s=30).claim(NOW_S, lambda _lane: False)
        assert len(box.outbox(lease_s=30).claim(NOW_S, anything)) == 1


class TestClaimWithoutATarget:
    def test_says_that_the_endpoint_was_deleted(self, box: OutboxBox) -> None:
        box.add(1)
        with box.begin() as connection:
            connection.execute(delete(endpoints))
        (due,) = box.outbox().claim(NOW_S, anything)
        assert (due.target, due.refusal) == (None, "the endpoint was deleted")

    def test_says_that_the_endpoint_is_disabled(self, box: OutboxBox) -> None:
        box.add(1)
        with box.begin() as connection:
            connection.execute(
                endpoints.update().values(disabled_at=MISSION_NOW, disabled_reason="gone")
            )
        (due,) = box.outbox().claim(NOW_S, anything)
        assert (due.target, due.refusal) == (None, "the endpoint is disabled: gone")

    def test_says_that_the_endpoint_is_not_active(self, box: OutboxBox) -> None:
        box.add_endpoint(URL, "asleep", active=False)
        box.add(1, endpoint_id="asleep")
        (due,) = box.outbox().claim(NOW_S, anything)
        assert (due.target, due.refusal) == (None, "the endpoint is not active")

    def test_says_that_the_secret_does_not_open(self, box: OutboxBox) -> None:
        box.add(1)
        with box.begin() as connection:
            connection.execute(endpoints.update().values(secret_sealed=b"nonsense"))
        (due,) = box.outbox().claim(NOW_S, anything)
        assert due.target is None
        assert due.refusal == "the secret of sector-east is not a sealed record"


class TestMark:
    def test_stores_the_end_the_attempt_and_the_change(self, box: OutboxBox) -> None:
        box.add(1)
        outbox = box.outbox()
        outbox.mark([delivered(*outbox.claim(NOW_S, anything))])
        row, (attempt,), (change,) = box.row(1), box.attempts(), box.changes()
        assert (row.state, row.attempts, row.last_status) == ("DELIVERED", 1, 204)
        assert row.delivered_at == MISSION_NOW
        assert (attempt.attempt, attempt.at, attempt.status, attempt.took_ms) == (1, NOW, 204, 7)
        assert (change.entity, change.entity_id, change.revision) == ("delivery", alert_id(1), 1)

    def test_twice_equals_once(self, box: OutboxBox) -> None:
        box.add(1)
        outbox = box.outbox()
        (due,) = outbox.claim(NOW_S, anything)
        outbox.mark([delivered(due)])
        outbox.mark([delivered(due), failed(due, next_s=NOW_S + 5)])
        assert (box.row(1).state, box.row(1).attempts) == ("DELIVERED", 1)
        assert len(box.attempts()) == 1

    def test_counts_no_attempt_where_none_was_made(self, box: OutboxBox) -> None:
        box.add(1)
        outbox = box.outbox()
        (due,) = outbox.claim(NOW_S, anything)
        verdict = Verdict(state=DeliveryState.FAILED, reason="the endpoint was deleted")
        refused = Result(due=due, at=NOW, answer=Answer(), verdict=verdict, was_sent=False)
        outbox.mark([refused])
        assert (box.row(1).state, box.row(1).attempts) == ("FAILED", 0)
        assert box.row(1).last_error == "the endpoint was deleted"
        assert box.attempts() == []

    def test_sends_the_backlog_of_an_endpoint_that_answers_again(self, box: OutboxBox) -> None:
        box.add(1)
        box.add(2, attempts=9, next_attempt_at=NOW_S + 3_000, last_status=500)
        box.add(3, attempts=9, next_attempt_at=NOW_S + 3_000)
        outbox = box.outbox()
        outbox.mark([delivered(*outbox.claim(NOW_S, anything))])
        due = outbox.claim(NOW_S, anything)
        assert {one.alert_id for one in due} == {alert_id(2), alert_id(3)}

    def test_sends_the_backlogs_of_several_at_once(self, box: OutboxBox) -> None:
        box.add_endpoint(URL, "other")
        for endpoint_id in ("sector-east", "other"):
            box.add(1, endpoint_id=endpoint_id)
            box.add(2, endpoint_id=endpoint_id, attempts=1, next_attempt_at=NOW_S + 3_000)
        outbox = box.outbox()
        outbox.mark([delivered(due) for due in outbox.claim(NOW_S, anything)])
        assert len(outbox.claim(NOW_S, anything)) == 2

    def test_leaves_alone_what_was_asked_to_wait_or_is_another_endpoints(
        self, box: OutboxBox
    ) -> None:
        box.add_endpoint(URL, "other")
        box.add(1)
        box.add(2, attempts=1, next_attempt_at=NOW_S + 3_000, last_status=429)
        box.add(3, attempts=1, next_attempt_at=NOW_S + 3_000, endpoint_id="other")
        outbox = box.outbox()
        outbox.mark([delivered(*outbox.claim(NOW_S, anything))])
        assert outbox.claim(NOW_S, anything) == []

    def test_disables_an_endpoint_that_is_gone_and_fails_what_it_was_to_hear(
        self, box: OutboxBox
    ) -> None:
        box.add_endpoint(URL, "other")
        box.add(1)
        box.add(1, seq=2)
        box.add(2, attempts=1, next_attempt_at=NOW_S + 60)
        box.add(3, endpoint_id="other")
        outbox = box.outbox()
        outbox.mark([gone(*outbox.claim(NOW_S, lambda lane: lane == ("sector-east", alert_id(1))))])
        assert set(box.states().values()) == {"FAILED", "PENDING"}
        assert [key for key, state in box.states().items() if state == "PENDING"] == [
            ("other", 3, 1)
        ]
        with box.read() as connection:
            disabled = connection.execute(
                select(endpoints.c.endpoint_id).where(endpoints.c.disabled_at.is_not(None))
            ).scalars()
            assert list(disabled) == ["sector-east"]
            assert connection.execute(select(audit.c.what)).scalar() == "endpoint.disabled"


class TestNextDue:
    def test_is_the_earliest_time_to_come(self, box: OutboxBox) -> None:
        box.add(1, attempts=1, next_attempt_at=NOW_S + 60)
        box.add(2, attempts=1, next_attempt_at=NOW_S + 30)
        box.add(3)
        box.add(4, state="FAILED", next_attempt_at=NOW_S + 1)
        assert box.outbox().next_due(NOW_S) == NOW_S + 30
        assert box.outbox().pending() == 3

    def test_is_none_when_nothing_will_be(self, box: OutboxBox) -> None:
        assert box.outbox().next_due(NOW_S) is None


class TestManyNotifiers:
    """On PostgreSQL, where a claim waits for nobody."""

    def test_a_claim_does_not_wait_for_a_batch_that_is_being_stored(self) -> None:
        box = OutboxBox(fresh_database())
        box.add(1)
        with box.begin() as writing:
            writing.execute(select(endpoints)).all()
            assert len(box.outbox(lease_s=30).claim(NOW_S, anything)) == 1
        assert box.outbox(lease_s=30).claim(NOW_S, anything) == []
        box.engine.dispose()

    def test_of_several_at_once_each_delivery_is_claimed_by_one(self) -> None:
        box = OutboxBox(fresh_database())
        box.add_endpoint(URL)
        box.add_all([(number, 1) for number in range(200)])
        start = Barrier(4)

        def claimed(outbox: SqlOutbox) -> list[tuple[str, str, int]]:
            start.wait()
            return [key for _ in range(20) for key in keys(outbox.claim(NOW_S, anything))]

        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(claimed, [box.outbox(lease_s=30) for _ in range(4)]))
        together = [key for one in found for key in one]
        assert len(together) == len(set(together)) == 200
        box.engine.dispose()


class TestStatements:
    def test_use_the_index_on_what_is_pending(self, tmp_path: Path) -> None:
        box = OutboxBox(tmp_path)
        for statement in (outbox_statements.DUE, outbox_statements.NEXT_DUE):
            compiled = statement.compile(dialect=sqlite.dialect())
            with box.read() as connection:
                plan = connection.execute(
                    text("EXPLAIN QUERY PLAN " + str(compiled).replace("?", "1"))
                )
                assert "ix_deliveries_due" in str(plan.all())
        box.engine.dispose()

    def test_pass_over_rows_that_another_notifier_has_locked(self) -> None:
        compiled = outbox_statements.DUE_LOCKED.compile(
            dialect=postgresql.dialect()  # type: ignore[no-untyped-call]
        )
        assert "FOR UPDATE OF deliveries SKIP LOCKED" in str(compiled)
