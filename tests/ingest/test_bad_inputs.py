"""What people and broken devices send: each is answered as the admission table says."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from ingest.admission_table import REFUSALS, REMARKS
from tests.ingest.support import CLEAN, NOON, Station, body, day, station

LOCATION = CLEAN["location"]


def at(lon: Any, lat: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return {"location": {"lon": lon, "lat": lat, **more}}


def without(*keys: str) -> bytes:
    return orjson.dumps({key: value for key, value in CLEAN.items() if key not in keys})


def deep(levels: int) -> bytes:
    return b'{"root_id":"deep-1","x":' + b"[" * levels + b"]" * levels + b"}"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input, the status that it must get, and the codes that must be named."""

    name: str
    content: bytes
    status: int
    codes: tuple[str, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    key: str = "good"
    pointers: tuple[str, ...] = ()


def refused(name: str, content: bytes, code: str, **more: Any) -> Case:  # noqa: ANN401 - fields of a case
    return Case(name=name, content=content, status=REFUSALS[code].status, codes=(code,), **more)


def warned(name: str, content: bytes, *codes: str, **more: Any) -> Case:  # noqa: ANN401 - fields of a case
    return Case(name=name, content=content, status=202, codes=codes, **more)


CASES = (
    # --- what can't be read
    refused("empty body", b"", "SYNTAX"),
    refused("spaces only", b"  \n ", "SYNTAX"),
    refused("cut off in the middle", body()[:-20], "SYNTAX"),
    refused("two objects on one line", body() + body(), "SYNTAX"),
    refused("comma at the end", b'{"root_id":"abc-1",}', "SYNTAX"),
    refused("single quotes", b"{'root_id':'abc-1'}", "SYNTAX"),
    refused("a form's text", b"root_id=abc&text=hello", "SYNTAX"),
    refused("raw control character", b'{"text":"a\x01b"}', "SYNTAX"),
    refused("NaN", b'{"location":{"lon":NaN,"lat":4}}', "NOT_FINITE"),
    refused("minus Infinity", b'{"location":{"lon":-Infinity,"lat":4}}', "NOT_FINITE"),
    refused("1e999", b'{"location":{"lon":1e999,"lat":4}}', "NOT_FINITE"),
    refused("1e999 in an unknown field", b'{"text":"x","z":[1e999]}', "NOT_FINITE"),
    refused("a number of 1,000 digits", b'{"severity":' + b"9" * 1_000 + b"}", "NOT_FINITE"),
    refused("duplicate key", b'{"root_id":"abc-1","root_id":"abc-2"}', "DUPLICATE_KEY"),
    refused(
        "duplicate key below", b'{"text":"x","location":{"lon":1,"lat":2,"lon":3}}', "DUPLICATE_KEY"
    ),
    refused(
        "duplicate key in another spelling",
        b'{"text":"\\u003a","te\\u0078t":"b","severity":1}',
        "DUPLICATE_KEY",
    ),
    refused("33 deep", deep(32), "TOO_DEEP"),
    refused("10,000 deep", deep(10_000), "TOO_DEEP"),
    refused("100,000 open brackets", b"[" * 100_000, "TOO_DEEP"),
    refused("invalid UTF-8", b'{"text":"\xff\xfe"}', "NOT_UTF8"),
    refused("Latin-1", '{"text":"fusillade à Bor"}'.encode("latin-1"), "NOT_UTF8"),
    refused("UTF-16", '{"text":"x"}'.encode("utf-16"), "NOT_UTF8"),
    refused("half a surrogate pair", b'{"text":"\\ud800"}', "NOT_UTF8"),
    refused("an array", b"[" + body() + b"]", "NOT_AN_OBJECT"),
    refused("null", b"null", "NOT_AN_OBJECT"),
    refused("a number", b"42", "NOT_AN_OBJECT"),
    refused("a text", b'"attack"', "NOT_AN_OBJECT"),
    refused("10 MB", body(text="x" * 10_000_000), "TOO_LARGE"),
    refused(
        "10 MB that says it is 10 bytes",
        body(text="x" * 10_000_000),
        "TOO_LARGE",
        headers={"content_length": "10"},
    ),
    refused(
        "gzip bomb",
        gzip.compress(b" " * 50_000_000),
        "TOO_LARGE",
        headers={"content_encoding": "gzip"},
    ),
    refused("no gzip after all", body(), "BAD_ENCODING", headers={"content_encoding": "gzip"}),
    refused(
        "gzip cut off",
        gzip.compress(body())[:-9],
        "BAD_ENCODING",
        headers={"content_encoding": "gzip"},
    ),
    refused("brotli", body(), "MEDIA_TYPE", headers={"content_encoding": "br"}),
    refused("XML", b"<event/>", "MEDIA_TYPE", headers={"content_type": "application/xml"}),
    refused("an image", b"\x89PNG", "MEDIA_TYPE", headers={"content_type": "image/png"}),
    refused(
        "a form with files", b"--x", "MEDIA_TYPE", headers={"content_type": "multipart/form-data"}
    ),
    # --- who sends it
    refused("no key", body(), "KEY_MISSING", key="none"),
    refused("malformed key", body(), "KEY_MALFORMED", key="malformed"),
    refused("basic authentication", body(), "KEY_MALFORMED", key="basic"),
    refused("wrong secret", body(), "KEY_UNKNOWN", key="wrong secret"),
    refused("unknown key", body(), "KEY_UNKNOWN", key="unknown"),
    refused("expired key", body(), "KEY_EXPIRED", key="expired"),
    refused("revoked key", body(), "KEY_REVOKED", key="revoked"),
    refused("unit that left", body(), "UNIT_NOT_ALLOWED", key="left"),
    # --- what says nothing
    refused("empty object", b"{}", "UNUSABLE"),
    refused("only an id", b'{"root_id":"abc-1"}', "UNUSABLE"),
    refused("only unknown fields", b'{"what":"attack","where":"Bor"}', "UNUSABLE"),
    refused(
        "what, where and when all of the wrong type",
        b'{"event_type":7.5e300,"location":9,"occurred_start":true,"text":{}}',
        "UNUSABLE",
    ),
    # --- what gets in all the same
    warned("key order and spaces", orjson.dumps(CLEAN, option=orjson.OPT_INDENT_2)),
    warned("byte order mark", b"\xef\xbb\xbf" + body()),
    warned("gzip", gzip.compress(body()), headers={"content_encoding": "gzip"}),
    warned(
        "curl's own media type",
        body(),
        headers={"content_type": "application/x-www-form-urlencoded"},
    ),
    warned("no root_id", without("root_id"), "ROOT_ID_DERIVED", pointers=("#/root_id",)),
    warned("malformed root_id", body(root_id="nr. 7 / Bor"), "ROOT_ID_DERIVED"),
    warned("root_id is a number", body(root_id=7), "ROOT_ID_DERIVED"),
    warned(
        "unknown fields",
        body(colour="red", location={**LOCATION, "z": 1}),
        "UNKNOWN_FIELD",
        pointers=("#/colour", "#/location/z"),
    ),
    warned("swapped axes", body(**at(6.21, 31.56)), "SWAPPED_AXES", pointers=("#/location",)),
    warned("outside the area", body(**at(2.35, 48.85)), "OUTSIDE_AREA"),
    warned("antimeridian", body(**at(180.0, -16.5)), "OUTSIDE_AREA"),
    warned("beyond the antimeridian", body(**at(181.5, -16.5)), "OUT_OF_RANGE"),
    warned("beyond the pole", body(**at(31.5, 96.2)), "OUT_OF_RANGE"),
    warned("0, 0", body(**at(0, 0)), "NULL_POSITION"),
    warned("lat missing", body(location={"lon": 31.5}), "HALF_POSITION"),
    warned("degrees as text", body(**at("31.56", "6.21")), "READ_AS_MEANT"),
    warned("degrees as words", body(**at("east", "north")), "WRONG_TYPE_OR_RANGE"),
    warned("location as words", body(location="Bor, near the church"), "READ_AS_MEANT"),
    warned("unknown P-code", body(location={"pcode": "XX9999"}), "UNKNOWN_PCODE"),
    warned("grid reference of nowhere", body(location={"mgrs": "36N II 1"}), "MGRS_UNREADABLE"),
    warned("grid reference without its zone", body(location={"mgrs": "tm 834 865"})),
    warned("accuracy 0", body(**at(31.56, 6.21, accuracy_m=0)), "ACCURACY_ZERO"),
    warned("negative uncertainty", body(**at(31.5, 6.2, uncertainty_m=-5)), "WRONG_TYPE_OR_RANGE"),
    warned("year 1970", body(occurred_start="1970-01-01T00:00:00Z"), "CLOCK_SUSPECT"),
    warned("year 2100", body(occurred_start="2100-01-01T00:00:00Z"), "CLOCK_SUSPECT"),
    warned(
        "the device is an hour ahead", body(reported_at="2013-12-16T13:00:00Z"), "CLOCK_SUSPECT"
    ),
    warned("year 9999", body(occurred_start="9999-12-31T23:59:59-12:00"), "START_FILLED"),
    warned("no times", without("occurred_start", "reported_at"), "START_FILLED"),
    warned(
        "time as a number", body(occurred_start=1387186200), "WRONG_TYPE_OR_RANGE", "START_FILLED"
    ),
    warned(
        "time without offset", body(occurred_start="2013-12-16T12:30:00"), "TIME_WITHOUT_OFFSET"
    ),
    warned("31 February", body(occurred_start="2013-02-31T00:00:00Z"), "WRONG_TYPE_OR_RANGE"),
    warned("end before start", body(occurred_end="2013-12-15T00:00:00Z"), "END_BEFORE_START"),
    warned(
        "unknown event type", body(event_type="DRAGON"), "UNKNOWN_CODE", pointers=("#/event_type",)
    ),
    warned("event type in words", body(event_type="Attaque armée!"), "UNKNOWN_CODE"),
    warned("event type in small letters", body(event_type="ac clash"), "CODE_SPELLING"),
    warned("unknown actor type", body(actors=[{"type": "WIZARD"}]), "UNKNOWN_CODE"),
    warned("unknown sensitivity", body(sensitivity="COSMIC"), "UNKNOWN_CODE", "LEVEL_ABOVE_KEY"),
    warned("sensitivity as a number", body(sensitivity=2), "UNKNOWN_CODE", "LEVEL_ABOVE_KEY"),
    warned("severity 9", body(severity=9), "WRONG_TYPE_OR_RANGE"),
    warned("revision 0", body(revision=0), "WRONG_TYPE_OR_RANGE"),
    warned("revision as text", body(revision="2"), "READ_AS_MEANT"),
    warned("everything null", orjson.dumps({**CLEAN, "event_type": None, "actors": None})),
    warned("actor instead of actors", body(actors={"name": "A"}), "READ_AS_MEANT"),
    warned("100 actors", body(actors=[{"name": "A"}] * 100), "READ_AS_MEANT"),
    warned("victims without a number", body(victims=[{"harm": "KILLED"}]), "INCOMPLETE"),
    warned("minus three dead", body(victims=[{"harm": "KILLED", "best": -3}]), "INCOMPLETE"),
    warned(
        "best above max",
        body(victims=[{"harm": "KILLED", "best": 9, "max": 2}]),
        "COUNTS_CONTRADICT",
    ),
    warned("text of 100,000 characters", body(text="x" * 100_000), "READ_AS_MEANT"),
    warned("500 unknown fields", body(**{f"f{i}": i for i in range(500)}), "MORE_WARNINGS"),
    warned("markup", body(text="<script>alert(1)</script>")),
    warned("SQL", body(text="'); DROP TABLE spool; --")),
    warned("NUL in a text", body(text="a\u0000b")),
    warned("32 deep", deep(31)[:-1] + b',"text":"x"}', "UNKNOWN_FIELD"),
)


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    with station(tmp_path_factory.mktemp("door")) as it:
        yield it


def secret_of(door: Station, kind: str) -> str:
    key_id = door.secret.split("_")[1]
    match kind:
        case "malformed":
            secret = "fu_1_2"
        case "unknown":
            secret = f"fu_ffffffffff_{'A' * 43}"
        case "wrong secret":
            secret = f"fu_{key_id}_{'A' * 43}"
        case "expired":
            secret = door.keys.issue(expires_at=NOON)
        case "revoked":
            secret = door.keys.issue(revoked_at=NOON)
        case "left":
            secret = door.keys.issue(unit_valid_to=day(2013, 1, 1))
        case _:
            secret = door.secret
    # So that the ring looks again.
    door.clock.seconds += 10
    return secret


def authorization(door: Station, kind: str) -> str:
    if kind == "none":
        return ""
    return f"{'Basic' if kind == 'basic' else 'Bearer'} {secret_of(door, kind)}"


def test_there_are_at_least_sixty() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


def test_every_refusal_and_remark_that_a_body_can_cause_is_tried() -> None:
    tried = {code for case in CASES for code in case.codes}
    elsewhere = {
        "CONFLICT",
        "TOO_MANY",
        "CANNOT_STORE",
        "NOT_FOUND",
        "TOO_SLOW",
        "PLACE_CONTRADICTS",
    }
    assert tried | elsewhere == set(REFUSALS) | set(REMARKS)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_is_answered_as_the_table_says(door: Station, case: Case) -> None:
    before = len(door.stored())
    headers = {**case.headers, "authorization": authorization(door, case.key)}
    # Another id for each case, so that none is the duplicate of another.
    content = case.content.replace(b"bor-2013-0001", f"case-{CASES.index(case):03d}-x".encode())
    if case.headers.get("content_encoding") == "gzip" and case.status == 202:
        content = gzip.compress(body(root_id="case-gzip"))
    answer = door.post(content, **headers)
    document = answer.json()
    assert answer.status_code == case.status, document
    if case.status == 202:
        codes = {warning["code"] for warning in document["warnings"]}
        pointers = {warning["pointer"] for warning in document["warnings"]}
        assert codes >= set(case.codes), document
        assert bool(codes) == bool(case.codes), document
        assert pointers >= set(case.pointers), document
        assert len(door.stored()) == before + 1
        assert door.get(document["href"]).json() == document
        return
    assert answer.headers["content-type"] == "application/problem+json"
    assert document["code"] == case.codes[0], document
    assert document["status"] == case.status
    assert document["errors"], document
    assert document["retryable"] is False
    assert document["instance"].startswith("urn:tocsin:request:")
    assert len(door.stored()) == before


def test_after_all_of_them_a_good_report_is_taken_in(door: Station) -> None:
    answer = door.post(body(root_id="still-alive"))
    assert answer.status_code == 202


def test_each_is_answered_the_same_inside_of_a_batch(tmp_path: Path) -> None:
    cases = [
        case
        for case in CASES
        if case.key == "good" and not case.headers and b"\n" not in case.content and case.content
    ]
    cases = [replace(case, content=case.content.strip()) for case in cases]
    with station(tmp_path) as door:
        for number, case in enumerate(cases):
            if len(case.content) > 2_000_000:
                continue
            content = case.content.replace(b"bor-2013-0001", f"case-{number:03d}-x".encode())
            good = body(root_id=f"good-{number:03d}")
            answer = door.post_batch(good + b"\n" + content, content_type="application/x-ndjson")
            assert answer.status_code == 200, case.name
            first, second = answer.json()["items"]
            assert first["status"] == 202
            assert second["status"] == case.status, case.name
