from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ingest import admission
from ingest.admission import Admitted, Context, admit, admit_all
from ingest.finding import Refused
from ingest.limits import IntakeLimits
from ingest.plain_report import PlainReport
from ingest.quick_way import plain_entries
from schemas.codec import canonical, decode, sha256
from schemas.geometry import BoundingBox
from schemas.identity import report_id
from schemas.report import AdmittedReport, Report, ReportedLocation
from tests.ingest.support import CLEAN, GAZETTEER, NODE, NOON, SENDER, UNIT, body, patient

LIMITS = IntakeLimits()
CONTEXT = Context(node=NODE, sender=SENDER, received_at=NOON, gazetteer=GAZETTEER)
HEAD = admission._head(CONTEXT)
MOMENT = admission._moment(CONTEXT, LIMITS, HEAD)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(sorted(Report.model_fields))
PARTS = st.sampled_from(
    [
        "lon",
        "lat",
        "mgrs",
        "pcode",
        "precision",
        "harm",
        "best",
        "type",
        "role",
        "raw_code",
        "given",
    ]
)
# Objects that look like reports: the right names, any values.
REPORTISH = st.dictionaries(
    FIELDS,
    JSON
    | st.dictionaries(PARTS, JSON, max_size=4)
    | st.lists(st.dictionaries(PARTS, JSON, max_size=3), max_size=3)
    | st.sampled_from(["2013-12-16T09:30:00Z", "2013-12-16", "NIL", "COSMIC", "AC_CLASH", "P3"]),
    max_size=6,
)


def admitted(content: bytes) -> Admitted:
    decision = admit(content, context=CONTEXT, limits=LIMITS)
    assert isinstance(decision, Admitted), decision
    return decision


def message(content: bytes) -> AdmittedReport:
    return decode(AdmittedReport, admitted(content).entry.value)


def codes(content: bytes) -> list[str]:
    return [warning.code for warning in admitted(content).warnings]


class TestAnyBytes:
    @patient
    @given(st.binary(max_size=200))
    @example(b"")
    @example(b"[" * 2_000)
    @example(b'{"a":' * 40 + b"1" + b"}" * 40)
    def test_never_raise(self, content: bytes) -> None:
        assert isinstance(admit(content, context=CONTEXT, limits=LIMITS), Admitted | Refused)

    @patient
    @given(JSON)
    def test_any_json_is_admitted_or_refused(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        content = json.dumps(value).encode()
        assert isinstance(admit(content, context=CONTEXT, limits=LIMITS), Admitted | Refused)

    @patient
    @given(REPORTISH)
    def test_what_is_admitted_can_be_read_from_the_log(self, value: dict[str, Any]) -> None:
        decision = admit(json.dumps(value).encode(), context=CONTEXT, limits=LIMITS)
        if isinstance(decision, Refused):
            assert decision.code in {"UNUSABLE", "SYNTAX", "NOT_UTF8", "NOT_FINITE"}
            return
        read = decode(AdmittedReport, decision.entry.value)
        assert read.report.root_id == decision.entry.root_id
        assert read.report.revision == decision.entry.revision
        assert read.report.occurred_start is not None
        assert decision.entry.report_id == report_id(
            read.report.occurred_start, read.report.root_id, read.report.revision
        )
        assert read.warnings == decision.warnings
        assert len(read.warnings) <= LIMITS.max_warnings
        assert read.unit_id == UNIT
        assert read.received_at == NOON
        assert (read.decoded_lon is None) == (read.decoded_lat is None)
        # What is in the log is read the same by the strict reading: nothing is mended twice.
        again = admit(
            canonical(json.loads(decision.entry.value)["report"]), context=CONTEXT, limits=LIMITS
        )
        assert isinstance(again, Admitted)

    @patient
    @given(st.lists(REPORTISH.map(json.dumps).map(str.encode), max_size=5))
    def test_together_or_one_by_one_is_the_same(self, bodies: list[bytes]) -> None:
        one_by_one = [admit(it, context=CONTEXT, limits=LIMITS) for it in bodies]
        assert admit_all(bodies, context=CONTEXT, limits=LIMITS) == one_by_one


PLAINISH = st.fixed_dictionaries(
    {"root_id": st.sampled_from(["abc-1", "x", "bor/1", "a" * 64, "a" * 65, "é-1234"])},
    optional={
        "revision": st.sampled_from([1, 2, 0, 9_999, 10_000, "2", True, 2.0]),
        "occurred_start": st.sampled_from(
            [
                "2013-12-16T09:30:00Z",
                "2013-12-16T12:05:01Z",
                "1999-12-31T23:59:59Z",
                "2013-02-31T00:00:00Z",
                "2013-W51-1T10:00:00Z",
                "2013-12-16T09:30:60Z",
                "2013-12-16T24:00:00Z",
                "2013-12-16T09:30:00+00:00",
                "2013-12-16",
                7,
                None,
            ]
        ),
        "reported_at": st.sampled_from(["2013-12-16T09:30:00Z", "2013-12-17T09:30:00Z", "x"]),
        "event_type": st.sampled_from(["AC_CLASH", "OTHER", "DRAGON", "ac clash", 7, [], None]),
        "severity": st.sampled_from([1, 5, 6, True, "3", 3.0]),
        "exercise": st.sampled_from([True, False, 1, "yes", None]),
        "sensitivity": st.sampled_from(["UNCLASSIFIED", "STRICTLY_CONFIDENTIAL", "X", {}, 1]),
        "text": st.sampled_from(["shots", "", "x" * 10_000, "x" * 10_001, "é😀\x00", 7, None]),
        "raw_code": st.sampled_from(["x", "x" * 201, None]),
        "location": st.dictionaries(
            st.sampled_from([*ReportedLocation.model_fields, "z"]),
            st.sampled_from(
                [
                    31.5,
                    6.2,
                    6,
                    0,
                    -5,
                    2_000_001,
                    "P3",
                    "P9",
                    "SS0101",
                    "Bor",
                    "36NUM406866",
                    True,
                    None,
                    [],
                    "x" * 33,
                ]
            ),
            max_size=6,
        ),
        "actors": st.lists(
            st.dictionaries(
                st.sampled_from(["name", "type", "role", "actor_id", "z"]),
                st.sampled_from(["STATE_MILITARY", "PARTY", "abc", "x", 7, {}]),
                max_size=3,
            ),
            max_size=18,
        ),
        "victims": st.lists(
            st.dictionaries(
                st.sampled_from(["harm", "group", "min", "best", "max", "estimate"]),
                st.sampled_from(["KILLED", "men", 0, 2, 3, -1, 1_000_001, 2.0, True, None]),
                max_size=5,
            ),
            max_size=3,
        ),
        "source": st.dictionaries(
            st.sampled_from(["type", "reliability", "credibility", "ref", "graded_at"]),
            st.sampled_from(["FIRST_HAND", "A", "B", "1", 2, "abc", None]),
            max_size=3,
        ),
        "caveats": st.just([]) | st.just(["NO_PARTNER"]),
    },
)


# What units send.
PLAIN = (
    body(),
    body(text="Deux morts à l'église 😀\nAppelé à 9 h."),
    body(location={"given": "Bor", "lat": 6.2, "lon": 31.5, "uncertainty_m": 1_000.0}),
    body(location={"mgrs": "36NUM406866", "uncertainty_m": 500}),
    body(location={}, victims=[], actors=[]),
    body(sensitivity="UNCLASSIFIED", exercise=False, severity=5, raw_code="x", revision=12),
    body(occurred_start="2012-02-28T23:59:59Z", reported_at="2013-12-01T00:00:00Z"),
)
# Bodies that must not pass for plain, nor be told by their neighbours.
ODD = (
    b"",
    b"[]",
    b"{",
    b"\xef\xbb\xbf" + body(),
    b'{"root_id":"abc-1","root_id":"abc-1","occurred_start":"2013-12-16T09:30:00Z"}',
    b'{"root_id":"abc-1","occurred_start":"2013-12-16T09:30:00Z","text":"a","te\\u0078t":"\\u003a"}',
    b'{"root_id":"abc-1","occurred_start":"2013-12-16T09:30:00Z","text":"\\u003a"}',
    b'{"root_id":"abc-1","occurred_start":"2013-12-16T09:30:00Z","severity":1e999}',
    b'{"root_id":"abc-1","occurred_start":"2013-12-16T09:30:00Z"},{"root_id":"abc-2"}',
    b" " * (LIMITS.max_report_bytes + 1) + body(),
    orjson.dumps({**CLEAN, "occurred_start": "2013-12-16T09:30:00Z2013-12-16T09:30:00Z"}),
    orjson.dumps({**CLEAN, "observed_at": ""}),
    b'{"a":' * 300 + b"1" + b"}" * 300,
)


def carefully(content: bytes, context: Context = CONTEXT) -> Admitted:
    """Admit a body without a look at whether it is plain."""
    parsed = admission._parse(content, LIMITS)
    assert isinstance(parsed, admission._Parsed)
    read = admission._read_carefully(parsed, context)
    assert isinstance(read, admission._Read)
    judged = admission._judge(read, context, LIMITS)
    assert isinstance(judged, admission._Judged)
    return admission._written(judged, context, HEAD)


class TestTheQuickWay:
    """Documents near the border of what is plain: the quick way may only say what is so."""

    @settings(patient, max_examples=250)
    @given(PLAINISH)
    def test_says_the_same_as_the_careful_one(self, value: dict[str, Any]) -> None:
        parsed = admission._parse(orjson.dumps(value), LIMITS)
        assert isinstance(parsed, admission._Parsed)
        quick = admission._read(parsed, CONTEXT, LIMITS)
        if isinstance(quick, Refused) or not isinstance(quick.report, PlainReport):
            return
        careful = admission._read_carefully(parsed, CONTEXT)
        assert isinstance(careful, admission._Read)
        one, other = (admission._judge(it, CONTEXT, LIMITS) for it in (quick, careful))
        assert isinstance(one, admission._Judged)
        assert isinstance(other, admission._Judged)
        assert admission._written(one, CONTEXT, HEAD) == admission._written(other, CONTEXT, HEAD)

    @settings(patient, max_examples=250)
    @given(st.sampled_from(PLAIN), st.integers(0, 10_000), st.integers(0, 3), st.binary(max_size=3))
    def test_reads_broken_bytes_as_the_careful_one(
        self, content: bytes, at: int, length: int, instead: bytes
    ) -> None:
        at %= len(content)
        broken = content[:at] + instead + content[at + length :]
        [quick] = plain_entries([broken], MOMENT)
        assert quick is None or quick == carefully(broken).entry

    @pytest.mark.parametrize("content", PLAIN)
    def test_takes_what_most_units_send(self, content: bytes) -> None:
        assert plain_entries([content], MOMENT) == [carefully(content).entry]

    @pytest.mark.parametrize("at", [(0.0, 0.0), (0.5, 0.5), (-0.0, 0.0), (1e-7, 0.5), (31.5, 6.2)])
    @pytest.mark.parametrize("radius_m", [0.0, 0.25, 500.0, 1_999_999.5, 2_000_000.5, -5.0])
    def test_places_what_lies_at_the_null_position(
        self, at: tuple[float, float], radius_m: float
    ) -> None:
        everywhere = BoundingBox(west=-1, south=-1, east=40, north=40)
        context = replace(CONTEXT, gazetteer=replace(GAZETTEER, area=everywhere))
        content = body(location={"lon": at[0], "lat": at[1], "uncertainty_m": radius_m})
        [quick] = plain_entries([content], admission._moment(context, LIMITS, HEAD))
        assert quick is None or quick == carefully(content, context).entry

    @settings(patient, max_examples=150)
    @given(st.lists(PLAINISH.map(orjson.dumps) | st.sampled_from(ODD), max_size=8))
    def test_writes_the_same_as_the_careful_one(self, bodies: list[bytes]) -> None:
        careful = [admission._admit_carefully(it, CONTEXT, LIMITS, HEAD) for it in bodies]
        assert admit_all(bodies, context=CONTEXT, limits=LIMITS) == careful

    def test_takes_all_of_many_plain_ones(self) -> None:
        bodies = [body(root_id=f"bor-{number}", severity=1 + number % 5) for number in range(70)]
        entries = plain_entries(bodies, MOMENT)
        assert [it and it.root_id for it in entries] == [f"bor-{n}" for n in range(70)]
        assert [it.entry for it in map(admitted, bodies)] == entries

    def test_one_whose_oddness_is_seen_late_does_not_take_the_others_along(self) -> None:
        plain = body()
        for odd in (ODD[4], body(root_id="x"), body(reported_at="2014-12-16T10:00:00Z")):
            [before, none, after] = plain_entries([plain, odd, plain], MOMENT)
            assert before == after == admitted(plain).entry
            assert none is None

    @pytest.mark.parametrize("odd", ODD)
    def test_one_that_is_odd_does_not_change_its_neighbours(self, odd: bytes) -> None:
        plain = body()
        [before, _, after] = admit_all([plain, odd, plain], context=CONTEXT, limits=LIMITS)
        assert before == after == admitted(plain)

    @pytest.mark.parametrize(
        "location",
        [
            {"lon": 31.56, "lat": 6.21},
            {"lon": 31, "lat": 6, "uncertainty_m": 40, "given": "Bor", "pcode": "SS0101"},
            {"lon": 31.5, "lat": 6.2, "precision": "P7"},
            {"mgrs": "36NUM406866", "uncertainty_m": 500},
            {"mgrs": "36NUM406866", "uncertainty_m": 500, "lon": 33.5, "lat": 6.2},
            {"pcode": "SS0101", "precision": "P7"},
            {"given": "Bor"},
            {"pcode": "XX9999"},
            {"lon": 31.5, "lat": 6.2, "accuracy_m": 5},
            {"lon": 6.2, "lat": 31.5},
            {"lon": 0, "lat": 0},
            {"lon": 31.5, "lat": 6.2, "uncertainty_m": 0},
            {"lon": 31.5},
            {},
        ],
        ids=str,
    )
    def test_takes_what_units_send(self, location: dict[str, Any]) -> None:
        parsed = admission._parse(body(location=location), LIMITS)
        assert isinstance(parsed, admission._Parsed)
        quick = admission._read(parsed, CONTEXT, LIMITS)
        careful = admission._read_carefully(parsed, CONTEXT)
        assert isinstance(quick, admission._Read)
        assert isinstance(careful, admission._Read)
        assert isinstance(quick.report, PlainReport)
        one, other = (admission._judge(it, CONTEXT, LIMITS) for it in (quick, careful))
        assert isinstance(one, admission._Judged)
        assert isinstance(other, admission._Judged)
        assert admission._written(one, CONTEXT, HEAD) == admission._written(other, CONTEXT, HEAD)


class TestSameBody:
    @patient
    @given(REPORTISH, st.randoms(use_true_random=False))
    def test_the_order_of_keys_and_spaces_do_not_matter(
        self,
        value: dict[str, Any],
        random: Any,  # noqa: ANN401 - hypothesis' random
    ) -> None:
        keys = list(value)
        random.shuffle(keys)
        one = admit(json.dumps(value).encode(), context=CONTEXT, limits=LIMITS)
        other = admit(
            json.dumps({key: value[key] for key in keys}, indent=3).encode(),
            context=CONTEXT,
            limits=LIMITS,
        )
        if isinstance(one, Admitted):
            assert isinstance(other, Admitted)
            assert one.entry == other.entry
        else:
            assert isinstance(other, Refused)
            assert one.code == other.code

    def test_the_hash_is_of_the_body_as_it_was_sent(self) -> None:
        content = body(colour="red")
        assert admitted(content).entry.sha256 == sha256(canonical(orjson.loads(content)))
        assert admitted(content).entry.sha256 != admitted(body()).entry.sha256

    def test_another_value_is_another_body(self) -> None:
        assert admitted(body(severity=1)).entry.sha256 != admitted(body(severity=2)).entry.sha256

    def test_a_report_without_an_id_gets_the_same_one_for_the_same_body(self) -> None:
        content = orjson.dumps({"text": "shots"})
        assert admitted(content).entry.root_id == admitted(content).entry.root_id
        assert admitted(content).entry.root_id != admitted(b'{"text":"shot"}').entry.root_id


class TestCleanReport:
    def test_has_no_warnings_and_lies_in_the_log_as_it_was_sent(self) -> None:
        read = message(body())
        assert read.warnings == ()
        assert read.report == Report.model_validate(CLEAN)
        assert (read.decoded_lon, read.decoded_lat) == (31.56, 6.21)
        assert read.decoded_radius_m == 1_000
        assert read.decoded_from == "degrees"
        assert read.place_usable
        assert not read.clock_suspect

    def test_reads_the_same_as_by_the_careful_way(self) -> None:
        # An unknown field sends it the slow way; nothing else may differ.
        quick, careful = message(body()), message(body(colour="red"))
        assert careful.report == quick.report
        assert codes(body(colour="red")) == ["UNKNOWN_FIELD"]


class TestTimes:
    def test_are_written_in_utc(self) -> None:
        read = message(body(occurred_start="2013-12-16T12:30:00+03:00"))
        start = read.report.occurred_start
        assert start == datetime(2013, 12, 16, 9, 30, tzinfo=UTC)
        assert start is not None
        assert start.utcoffset() == timedelta(0)
        assert read.warnings == ()

    def test_a_missing_start_is_taken_from_the_best_time_there_is(self) -> None:
        seen = {"observed_at": "2013-12-16T08:00:00Z", "reported_at": "2013-12-16T08:30:00Z"}
        for given_times, expected in (
            (seen, datetime(2013, 12, 16, 8, 0, tzinfo=UTC)),
            ({"reported_at": "2013-12-16T08:30:00Z"}, datetime(2013, 12, 16, 8, 30, tzinfo=UTC)),
            ({}, NOON),
        ):
            read = message(orjson.dumps({"root_id": "abc-1", "text": "shots", **given_times}))
            assert read.report.occurred_start == expected
            assert "START_FILLED" in [it.code for it in read.warnings]

    @pytest.mark.parametrize("given_time", ["1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z"])
    def test_a_wrong_clock_is_marked_and_kept(self, given_time: str) -> None:
        read = message(body(occurred_start=given_time))
        assert read.clock_suspect
        assert read.report.occurred_start == datetime.fromisoformat(given_time)

    def test_five_minutes_ahead_is_still_a_clock(self) -> None:
        assert codes(body(reported_at="2013-12-16T12:05:00Z")) == []
        assert codes(body(reported_at="2013-12-16T12:05:01Z")) == ["CLOCK_SUSPECT"]

    def test_without_an_offset_they_are_the_missions(self) -> None:
        read = message(body(occurred_start="2013-12-16T12:30:00"))
        assert read.report.occurred_start == datetime(2013, 12, 16, 9, 30, tzinfo=UTC)

    def test_a_date_alone_says_its_precision(self) -> None:
        read = message(body(occurred_start="2013-12-16"))
        assert read.report.occurred_start == datetime(2013, 12, 15, 21, 0, tzinfo=UTC)
        assert read.report.time_precision == "DAY"


class TestCodes:
    def test_an_unknown_event_type_is_kept_as_raw_code(self) -> None:
        read = message(body(event_type="DRAGON"))
        assert (read.report.event_type, read.report.raw_code) == ("OTHER", "DRAGON")

    def test_the_senders_own_raw_code_stays(self) -> None:
        assert message(body(event_type="DRAGON", raw_code="drg")).report.raw_code == "drg"

    def test_words_are_kept_too(self) -> None:
        read = message(body(event_type="Attaque armée!"))
        assert (read.report.event_type, read.report.raw_code) == ("OTHER", "Attaque armée!")

    def test_an_unknown_actor_keeps_the_senders_word(self) -> None:
        read = message(body(actors=[{"type": "STATE_MILITARY"}, {"type": "WIZARD"}]))
        assert read.report.actors[0].raw_code is None
        assert (read.report.actors[1].type, read.report.actors[1].raw_code) == ("UNKNOWN", "WIZARD")
        assert read.warnings[0].pointer == "#/actors/1/type"

    @pytest.mark.parametrize("value", ["COSMIC", 2, {}, [], "", "très secret"])
    def test_an_unknown_sensitivity_is_the_highest(self, value: Any) -> None:  # noqa: ANN401 - any JSON value
        assert message(body(sensitivity=value)).report.sensitivity == "STRICTLY_CONFIDENTIAL"

    def test_a_caveat_that_cannot_be_read_raises_the_sensitivity(self) -> None:
        read = message(body(caveats=["NO_PARTNER", 7.5e20]))
        assert read.report.caveats == ("NO_PARTNER",)
        assert read.report.sensitivity == "STRICTLY_CONFIDENTIAL"

    def test_another_spelling_is_read(self) -> None:
        read = message(body(sensitivity="unclassified", event_type="ac-clash"))
        assert read.report.sensitivity == "UNCLASSIFIED"
        assert read.report.event_type == "AC_CLASH"


class TestSalvage:
    def test_a_bad_item_leaves_the_others_and_their_pointers(self) -> None:
        victims = [
            {"harm": "KILLED"},
            {"harm": "KILLED", "best": 1},
            {"harm": "KILLED", "best": "x"},
            {"harm": "KILLED", "best": 2, "colour": "red"},
        ]
        read = message(body(victims=victims))
        assert [cell.best for cell in read.report.victims] == [1, 2]
        assert {(it.code, it.pointer) for it in read.warnings} == {
            ("UNKNOWN_FIELD", "#/victims/3/colour"),
            ("INCOMPLETE", "#/victims/0"),
            ("WRONG_TYPE_OR_RANGE", "#/victims/2/best"),
            ("INCOMPLETE", "#/victims/2"),
        }

    def test_pointers_are_escaped(self) -> None:
        assert message(body(**{"a/b~c": 1})).warnings[0].pointer == "#/a~1b~0c"

    def test_the_list_of_warnings_is_bounded(self) -> None:
        read = message(body(**{f"f{n}": n for n in range(100)}))
        assert len(read.warnings) == LIMITS.max_warnings
        assert read.warnings[-1].code == "MORE_WARNINGS"
        assert read.warnings[-1].detail.startswith("61 ")


class TestUsable:
    @pytest.mark.parametrize(
        "content",
        [
            b'{"event_type":"AC_CLASH"}',
            b'{"event_type":"DRAGON"}',
            b'{"text":"shots"}',
            b'{"location":{"lon":31.5,"lat":6.2}}',
            b'{"location":{"place_name":"Bor"}}',
            b'{"location":"Bor"}',
            b'{"occurred_start":"2013-12-16T09:30:00Z"}',
            b'{"root_id":"abc-1","revision":2,"report_kind":"RETRACTION"}',
            b'{"report_kind":"NIL"}',
        ],
    )
    def test_one_of_what_where_and_when_is_enough(self, content: bytes) -> None:
        admitted(content)

    @pytest.mark.parametrize(
        "content",
        [
            b"{}",
            b'{"text":"  "}',
            b'{"event_type":"OTHER"}',
            b'{"location":{"lon":0,"lat":0}}',
            b'{"location":{"place_name":" "}}',
            b'{"severity":3}',
        ],
    )
    def test_none_of_them_is_not(self, content: bytes) -> None:
        decision = admit(content, context=CONTEXT, limits=LIMITS)
        assert isinstance(decision, Refused)
        assert decision.code == "UNUSABLE"
