from __future__ import annotations

import asyncio
import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from prometheus_client import generate_latest
from sqlalchemy import insert
from starlette.types import Message, Scope

from ingest.app import create_app
from ingest.finding import Refused
from ingest.limits import IntakeLimits
from ingest.receipt import receipt_of
from schemas.codec import canonical, decode
from schemas.errors import StorageError
from schemas.report import AdmittedReport, Receipt
from schemas.tables import dead_letters, positions, reports
from tests.ingest.support import CLEAN, NODE, NOON, UNIT, Station, body, station

NDJSON = "application/x-ndjson"


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Station]:
    with station(tmp_path) as it:
        yield it


def lines(*ids: str, **changes: Any) -> bytes:  # noqa: ANN401 - fields of a report
    return b"\n".join(body(root_id=it, **changes) for it in ids)


def store(at: Station, message: AdmittedReport, position: int) -> str:
    """Do what processing does with a report of the log."""
    receipt = receipt_of(message, position=position)
    with at.engine.begin() as connection:
        connection.execute(
            insert(reports).values(
                report_id=receipt.report_id,
                root_id=receipt.root_id,
                revision=receipt.revision,
                current=True,
                node=NODE,
                position=position,
                unit_id=message.unit_id,
                sha256=message.sha256,
                received_at=message.received_at,
                occurred_start=message.report.occurred_start,
                day=16055,
                event_type=message.report.event_type,
                event_class="CLASH",
                record_kind="INCIDENT",
                fusible=True,
                cell4=0,
                level=0,
                exercise=False,
                incident_id="0142fabd-9dc0-8af5-83f8-83eb4d2d3091",
                body=canonical(message.model_dump(mode="json")),
            )
        )
        connection.execute(insert(positions).values(partition=NODE, position=position + 1, epoch=1))
    return receipt.report_id


class TestOneReport:
    def test_a_clean_report_is_on_disk_when_it_is_answered(self, at: Station) -> None:
        answer = at.post(body())
        assert answer.status_code == 202, answer.text
        receipt = answer.json()
        assert receipt["state"] == "accepted"
        assert receipt["warnings"] == []
        assert receipt["token"] == f"door-1:1:{receipt['report_id']}"
        assert [it.report.root_id for it in at.stored()] == ["bor-2013-0001"]

    def test_the_receipt_is_what_its_model_says(self, at: Station) -> None:
        for content in (body(), body(root_id="abc-2", colour="red")):
            text = at.post(content).content
            receipt = Receipt.model_validate_json(text)
            assert receipt.model_dump_json(exclude_none=True).encode() == text

    def test_the_same_report_again_gets_the_first_answer(self, at: Station) -> None:
        first = at.post(body(colour="red")).json()
        at.clock.at = NOON.replace(hour=13)
        spaced = orjson.dumps(orjson.loads(body(colour="red")), option=orjson.OPT_INDENT_2)
        again = at.post(spaced)
        assert again.status_code == 202
        assert again.json() == first | {"duplicate": True}
        assert len(at.stored()) == 1

    def test_the_first_answer_stands_also_where_the_start_was_filled(self, at: Station) -> None:
        content = orjson.dumps({"text": "shots", "location": "Bor"})
        first = at.post(content).json()
        at.clock.at = NOON.replace(hour=13)
        assert at.post(content).json() == first | {"duplicate": True}

    def test_another_body_under_the_same_key_is_a_conflict(self, at: Station) -> None:
        at.post(body())
        answer = at.post(body(severity=5))
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["code"] == "CONFLICT"
        assert problem["errors"][0]["pointer"] == "#/revision"
        assert "next revision" in problem["detail"]
        assert at.post(body(severity=5, revision=2)).status_code == 202

    def test_what_was_trimmed_still_gets_its_first_answer(self, at: Station) -> None:
        first = at.post(body(colour="red")).json()
        store(at, at.stored()[0], 1)
        at.spool.trim(2)
        at.post(body(root_id="abc-2"))
        again = at.post(body(colour="red")).json()
        assert again["duplicate"]
        assert again["report_id"] == first["report_id"]
        assert again["received_at"] == first["received_at"]
        assert again["warnings"] == first["warnings"]
        assert at.post(body(severity=1)).status_code == 409

    def test_what_was_trimmed_after_it_was_set_aside_is_told_so(self, at: Station) -> None:
        first = at.post(body()).json()
        with at.engine.begin() as connection:
            connection.execute(
                insert(dead_letters).values(
                    partition=NODE,
                    position=1,
                    reason="too odd",
                    at=NOON,
                    value=canonical(at.stored()[0].model_dump(mode="json")),
                    root_id="bor-2013-0001",
                    revision=1,
                )
            )
        at.spool.trim(2)
        at.post(body(root_id="abc-2"))
        again = at.post(body()).json()
        assert again == first | {"duplicate": True, "state": "set_aside", "reason": "too odd"}

    def test_what_nobody_remembers_is_not_asked_for_again(self, at: Station) -> None:
        at.post(body())
        at.spool.trim(2)
        at.post(body(root_id="abc-2"))
        again = at.post(body())
        assert again.status_code == 202
        assert again.json()["duplicate"]
        assert again.json()["token"] == f"door-1:1:{again.json()['report_id']}"

    def test_while_the_database_is_away_a_trimmed_repeat_has_to_wait(self, at: Station) -> None:
        at.post(body())
        at.spool.trim(2)
        at.post(body(root_id="abc-2"))
        with at.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE reports")
        assert at.post(body()).status_code == 503

    def test_problems_say_what_to_do_and_whether_to_try_again(self, at: Station) -> None:
        answer = at.post(b"{")
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["type"] == "urn:tocsin:problem:syntax"
        assert problem["retryable"] is False
        assert problem["errors"][0]["detail"].endswith("where reading stopped.")
        assert at.post(b"{").json()["instance"] != problem["instance"]

    def test_unauthenticated_answers_name_the_scheme(self, at: Station) -> None:
        answer = at.post(body(), authorization="Bearer nothing")
        assert answer.headers["www-authenticate"] == "Bearer"

    def test_only_post_is_answered(self, at: Station) -> None:
        assert at.client.put("/v1/reports").status_code == 405


class TestBatch:
    def test_lines_and_arrays_get_one_verdict_an_item_in_order(self, at: Station) -> None:
        ids = [f"abc-{n:03d}" for n in range(20)]
        as_lines = at.post_batch(lines(*ids), content_type=NDJSON)
        as_array = at.post_batch(b"[" + b",".join(body(root_id=it) for it in ids) + b"]")
        assert as_lines.status_code == as_array.status_code == 200
        for answer, is_repeat in ((as_lines, False), (as_array, True)):
            items = answer.json()["items"]
            assert [item["index"] for item in items] == list(range(20))
            assert [item["receipt"]["root_id"] for item in items] == ids
            assert {item["receipt"]["duplicate"] for item in items} == {is_repeat}
        assert [it.report.root_id for it in at.stored()] == ids

    def test_a_bad_item_never_sinks_the_others(self, at: Station) -> None:
        at.post(body(root_id="taken-1"))
        bad = [
            b"{",
            b'{"a":1,"a":2}',
            b"[]",
            b"{}",
            b'{"x":NaN}',
            body(root_id="taken-1", severity=1),
        ]
        content = b"[" + b",".join([body(root_id="abc-1"), *bad[1:], body(root_id="abc-2")]) + b"]"
        answer = at.post_batch(content).json()
        assert [item["status"] for item in answer["items"]] == [202, 400, 400, 422, 400, 409, 202]
        assert (answer["accepted"], answer["refused"]) == (2, 5)
        as_lines = b"\n".join([body(root_id="abc-3"), *bad, body(root_id="abc-4")])
        items = at.post_batch(as_lines, content_type=NDJSON).json()["items"]
        assert [item["status"] for item in items] == [202, 400, 400, 400, 422, 400, 409, 202]
        assert items[1]["problem"]["code"] == "SYNTAX"
        assert {it.report.root_id for it in at.stored()} >= {f"abc-{n}" for n in range(1, 5)}

    def test_repeats_inside_of_one_batch_are_seen(self, at: Station) -> None:
        content = lines("abc-1", "abc-1") + b"\n" + body(root_id="abc-1", severity=2)
        items = at.post_batch(content, content_type=NDJSON).json()["items"]
        assert [item["status"] for item in items] == [202, 202, 409]
        assert items[1]["receipt"]["duplicate"]
        assert items[1]["receipt"]["token"] == items[0]["receipt"]["token"]

    def test_a_thousand_are_taken_and_one_more_is_not(self, at: Station) -> None:
        ids = [f"abc-{n:04d}" for n in range(1_001)]
        answer = at.post_batch(lines(*ids), content_type=NDJSON)
        assert answer.status_code == 413
        assert answer.json()["code"] == "TOO_MANY"
        assert at.stored() == []
        answer = at.post_batch(lines(*ids[:1_000]), content_type=NDJSON)
        assert answer.json()["accepted"] == 1_000
        assert len(at.stored()) == 1_000

    def test_one_large_report_is_refused_for_itself(self, at: Station) -> None:
        content = lines("abc-1") + b"\n" + lines("abc-2", text="x" * 2_000_000)
        items = at.post_batch(content, content_type=NDJSON).json()["items"]
        assert [item["status"] for item in items] == [202, 413]

    def test_lines_sent_as_json_and_one_object_alone_are_taken_too(self, at: Station) -> None:
        assert at.post_batch(lines("abc-1", "abc-2")).json()["accepted"] == 2
        assert at.post_batch(body(root_id="abc-3")).json()["accepted"] == 1

    def test_packed_batches_are_taken(self, at: Station) -> None:
        content = gzip.compress(lines(*[f"abc-{n:03d}" for n in range(1_000)]))
        answer = at.post_batch(content, content_type=NDJSON, content_encoding="gzip")
        assert answer.json()["accepted"] == 1_000

    @pytest.mark.parametrize(
        ("content", "status"), [(b"", 400), (b"\n", 400), (b"[]", 200), (b"7", 200), (b"[1,", 400)]
    )
    def test_odd_batches(self, at: Station, content: bytes, status: int) -> None:
        assert at.post_batch(content).status_code == status


class TestCannotStore:
    @pytest.mark.parametrize("path", ["/v1/reports", "/v1/reports:batch"])
    def test_nothing_is_stored_and_the_sender_is_asked_to_try_again(
        self, at: Station, path: str
    ) -> None:
        at.spool.__exit__(None, None, None)
        headers = {"Authorization": f"Bearer {at.secret}"}
        answer = at.client.post(path, content=body(), headers=headers)
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "5"
        problem = answer.json()
        assert problem["code"] == "CANNOT_STORE"
        assert problem["retryable"] is True
        assert at.stored() == []
        assert at.client.get("/readyz").status_code == 503
        assert at.client.get("/healthz").status_code == 200

    def test_refusals_need_no_disk(self, at: Station) -> None:
        at.spool.__exit__(None, None, None)
        assert at.post(b"{").status_code == 400


class TestReceipt:
    def test_it_can_be_read_at_once(self, at: Station) -> None:
        receipt = at.post(body(colour="red")).json()
        answer = at.get(receipt["href"])
        assert answer.status_code == 200
        assert answer.json() == receipt

    def test_it_is_for_the_unit_that_sent_it(self, at: Station) -> None:
        other = at.keys.issue("other-unit")
        mate = at.keys.issue(UNIT)
        at.clock.seconds += 10
        href = at.post(body()).json()["href"]
        assert at.get(href, mate).status_code == 200
        hidden, missing = at.get(href, other), at.get(href[:-1] + "z", other)
        assert hidden.status_code == missing.status_code == 404
        without = {"instance"}
        assert {k: v for k, v in hidden.json().items() if k not in without} == {
            k: v for k, v in missing.json().items() if k not in without
        }

    def test_it_tells_when_processing_has_it(self, at: Station) -> None:
        href = at.post(body(colour="red")).json()["href"]
        store(at, at.stored()[0], 1)
        receipt = at.get(href).json()
        assert receipt["state"] == "stored"
        assert receipt["incident_id"] == "0142fabd-9dc0-8af5-83f8-83eb4d2d3091"
        assert [it["code"] for it in receipt["warnings"]] == ["UNKNOWN_FIELD"]
        other = at.keys.issue("other-unit")
        at.clock.seconds += 10
        assert at.get(href, other).status_code == 404

    def test_it_tells_when_it_was_set_aside_and_why(self, at: Station) -> None:
        href = at.post(body()).json()["href"]
        with at.engine.begin() as connection:
            connection.execute(
                insert(dead_letters).values(
                    partition=NODE,
                    position=1,
                    reason="too odd",
                    at=NOON,
                    value=canonical(at.stored()[0].model_dump(mode="json")),
                )
            )
        receipt = at.get(href).json()
        assert (receipt["state"], receipt["reason"]) == ("set_aside", "too odd")

    def test_no_id_is_no_report(self, at: Station) -> None:
        for path in ("nothing", "%00", "0142fabd-9dc0-8af5-83f8-83eb4d2d3091", "x" * 3_000):
            assert at.get(f"/v1/reports/{path}").status_code == 404


class TestAfterARestart:
    def test_receipts_of_what_waits_are_found_again(self, tmp_path: Path) -> None:
        with station(tmp_path) as before:
            hrefs = [before.post(body(root_id=f"abc-{n}")).json()["href"] for n in range(3)]
            dead = before.stored()[0]
        with station(tmp_path) as after:
            assert [after.get(href).json()["token"] for href in hrefs] == [
                f"door-1:{number}:{href.rpartition('/')[2]}" for number, href in enumerate(hrefs, 1)
            ]
            assert after.post(body(root_id="abc-0")).json()["duplicate"]
        with station(tmp_path) as later:
            # Processing has passed all three, and set one aside.
            with later.engine.begin() as connection:
                connection.execute(insert(positions).values(partition=NODE, position=4, epoch=1))
                connection.execute(
                    insert(dead_letters).values(
                        partition=NODE,
                        position=1,
                        reason="too odd",
                        at=NOON,
                        value=canonical(dead.model_dump(mode="json")),
                    )
                )
            assert later.get(hrefs[0]).json()["state"] == "set_aside"
            assert later.get(hrefs[1]).status_code == 404


class TestKeys:
    def test_a_revoked_key_stops_within_the_refresh(self, at: Station) -> None:
        assert at.post(body()).status_code == 202
        [key] = at.keys.stored.values()
        at.keys.stored[key.key_id] = replace(key, revoked_at=NOON)
        at.clock.seconds += 5
        assert at.post(body(root_id="abc-2")).status_code == 403

    def test_while_the_store_is_away_known_keys_go_on_working(self, tmp_path: Path) -> None:
        with station(tmp_path) as at:
            assert at.post(body()).status_code == 202

            def away() -> list[Any]:
                raise StorageError("away")

            at.door.keys._load = away
            at.clock.seconds += 100
            assert at.post(body(root_id="abc-2")).status_code == 202

    def test_before_any_key_was_read_nobody_is_refused_for_good(self, tmp_path: Path) -> None:
        with station(tmp_path) as at:

            def away() -> list[Any]:
                raise StorageError("away")

            at.door.keys._load = away
            answer = at.post(body())
            assert answer.status_code == 503
            assert answer.json()["retryable"] is True


class TestOperators:
    def test_verdicts_are_counted_by_reason(self, at: Station) -> None:
        at.post(body())
        at.post(body())
        at.post(b"{")
        at.post_batch(lines("abc-2", "abc-3", colour="red"), content_type=NDJSON)
        text = at.client.get("/metrics").text
        for line in (
            'tocsin_intake_verdicts_total{outcome="accepted",reason="CLEAN"} 1.0',
            'tocsin_intake_verdicts_total{outcome="duplicate",reason="CLEAN"} 1.0',
            'tocsin_intake_verdicts_total{outcome="refused",reason="SYNTAX"} 1.0',
            'tocsin_intake_verdicts_total{outcome="accepted",reason="WITH_WARNINGS"} 2.0',
            'tocsin_intake_warnings_total{code="UNKNOWN_FIELD"} 2.0',
        ):
            assert line in text
        assert at.spool._metrics.appended._value.get() == 3.0
        assert b"tocsin_intake" in generate_latest(at.door.metrics.registry)

    def test_it_is_ready(self, at: Station) -> None:
        assert at.client.get("/readyz").json() == {"status": "ready"}

    def test_the_published_document_names_every_route(self, at: Station) -> None:
        document = at.client.get("/openapi.json").json()
        assert set(document["paths"]) == {
            "/v1/reports",
            "/v1/reports:batch",
            "/v1/reports/{report_id}",
        }
        text = orjson.dumps(document).decode()
        for part in text.split('"$ref":"')[1:]:
            name = part.split('"')[0].removeprefix("#/components/schemas/")
            assert name in document["components"]["schemas"], name


class TestTransport:
    """What a test client can't do: chunks, a stop in the middle, a lie about the length."""

    @staticmethod
    async def send(
        at: Station, chunks: list[Message], *, headers: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str]]:
        sent: list[Message] = []
        fields = {"authorization": f"Bearer {at.secret}", **(headers or {})}
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "path": "/v1/reports",
            "raw_path": b"/v1/reports",
            "query_string": b"",
            "headers": [(key.encode(), value.encode()) for key, value in fields.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
            "root_path": "",
        }
        waiting = list(chunks)

        async def receive() -> Message:
            if waiting:
                return waiting.pop(0)
            await asyncio.Event().wait()
            raise AssertionError

        async def keep(message: Message) -> None:
            sent.append(message)

        await create_app(at.door)(scope, receive, keep)
        headers_sent = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        return sent[0]["status"], headers_sent

    @staticmethod
    def chunk(content: bytes, *, more: bool = True) -> Message:
        return {"type": "http.request", "body": content, "more_body": more}

    async def test_a_body_in_chunks_is_one_body(self, at: Station) -> None:
        content = body()
        chunks = [self.chunk(content[n : n + 7]) for n in range(0, len(content), 7)]
        status, _ = await self.send(at, [*chunks, self.chunk(b"", more=False)])
        assert status == 202

    async def test_reading_stops_at_the_bound_whatever_the_length_says(self, at: Station) -> None:
        endless = [self.chunk(b"x" * 100_000) for _ in range(1_000)]
        status, headers = await self.send(at, endless, headers={"content-length": "10"})
        assert status == 413
        assert headers["connection"] == "close"

    async def test_a_length_beyond_the_bound_is_refused_unread(self, at: Station) -> None:
        status, _ = await self.send(at, [], headers={"content-length": "9" * 30})
        assert status == 413

    async def test_a_packed_endless_body_stops_too(self, at: Station) -> None:
        packed = gzip.compress(b"x" * 100_000_000)
        chunks = [self.chunk(packed[n : n + 500]) for n in range(0, len(packed), 500)]
        status, _ = await self.send(at, chunks, headers={"content-encoding": "gzip"})
        assert status == 413

    async def test_a_sender_that_stops_is_given_up(self, tmp_path: Path) -> None:
        with station(tmp_path, limits=IntakeLimits(body_timeout_s=0.05)) as at:
            status, headers = await self.send(at, [self.chunk(b"{")])
            assert status == 408
            assert headers["retry-after"] == "5"

    async def test_a_sender_that_goes_away_stores_nothing(self, at: Station) -> None:
        await self.send(at, [self.chunk(body()), {"type": "http.disconnect"}])
        assert at.stored() == []


def test_what_is_in_the_log_is_what_was_sent(at: Station) -> None:
    at.post(body())
    stored = at.stored()[0]
    assert stored.report.model_dump(mode="json", exclude_defaults=True) == {
        **CLEAN,
        "actors": [{"name": "A", "type": "STATE_MILITARY"}],
        "occurred_start": "2013-12-16T09:30:00Z",
    }
    assert decode(AdmittedReport, canonical(stored.model_dump(mode="json"))) == stored


def test_refused_is_a_value_with_its_row() -> None:
    assert Refused(code="SYNTAX", detail="x") == Refused(code="SYNTAX", detail="x")
