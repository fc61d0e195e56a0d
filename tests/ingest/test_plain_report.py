"""What the quick way reads is the contract's, and it writes JSON as the careful way does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest import vocabulary
from ingest.plain_report import (
    PlainActor,
    PlainLocation,
    PlainReport,
    PlainSource,
    PlainVictims,
    canonical_lines,
    read_plain,
    starts_of,
)
from schemas.access import SENSITIVITY_LEVEL
from schemas.codec import canonical
from schemas.message import Message
from schemas.report import Actor, Report, ReportedLocation, SourceGrade, VictimCount
from tests.ingest.support import CLEAN, body, patient

LATEST = "2013-12-16T12:05:00Z"
PARTS = {
    PlainReport: Report,
    PlainLocation: ReportedLocation,
    PlainActor: Actor,
    PlainVictims: VictimCount,
    PlainSource: SourceGrade,
}
CODED = [
    *[
        ((field,), name)
        for field, name in vocabulary.TOP.items()
        if field in PlainReport.__struct_fields__
    ],
    *[(("actors", field), name) for field, name in vocabulary.ACTOR.items()],
    *[(("victims", field), name) for field, name in vocabulary.VICTIM.items()],
    (("location", "precision"), "loc_precision"),
    (("source", "type"), "source_type"),
    (("source", "reliability"), "reliability"),
    (("source", "credibility"), "credibility"),
]

TEXTS = st.text(max_size=30) | st.sampled_from(['"\\/\b\f\n\r\t', "\x00\x1f\x7f", "\u2028😀", ":"])
NUMBERS = (
    st.integers(-1_000_000_000, 1_000_000_000)
    | st.floats(-1e9, 1e9)
    | st.floats(-1e-3, 1e-3)
    | st.sampled_from([0, 0.0, -0.0, 5e-324, 1e-5, 1e-6, 1e-7, 123456789.12345679, 0.1 + 0.2])
)
METRES = st.integers(0, 2_000_000) | st.floats(0, 2e6) | st.floats(0, 1e-3)
COUNTS = st.integers(0, 1_000_000)
TIMES = st.sampled_from(
    ["2013-12-16T09:30:00Z", "2012-02-29T23:59:59Z", "2000-01-01T00:00:00Z", LATEST]
)
KEYS = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._:-]{2,63}\Z")


def codes(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(sorted(vocabulary.known(name)))


PLAIN = st.fixed_dictionaries(
    {"root_id": KEYS, "occurred_start": TIMES},
    optional={
        "revision": st.integers(1, 9_999),
        "supersedes": KEYS,
        "record_kind": codes("record_kind"),
        "report_kind": codes("report_kind"),
        "observed_at": TIMES,
        "reported_at": TIMES,
        "time_precision": codes("time_precision"),
        "event_type": codes("event_type"),
        "raw_code": TEXTS,
        "severity": st.integers(1, 5),
        "sensitivity": st.sampled_from(sorted(SENSITIVITY_LEVEL)),
        "exercise": st.booleans(),
        "illustrative": st.booleans(),
        "derived_from": TEXTS,
        "text": TEXTS | st.just("é" * 10_000),
        "location": st.fixed_dictionaries(
            {},
            optional={
                "given": TEXTS,
                "lon": NUMBERS,
                "lat": NUMBERS,
                "mgrs": TEXTS,
                "pcode": TEXTS,
                "place_name": TEXTS,
                "precision": codes("loc_precision"),
                "uncertainty_m": METRES,
                "accuracy_m": METRES,
            },
        ),
        "actors": st.lists(
            st.fixed_dictionaries(
                {},
                optional={
                    "actor_id": KEYS,
                    "name": TEXTS,
                    "raw_code": TEXTS,
                    "type": codes("actor_type"),
                    "role": codes("actor_role"),
                },
            ),
            max_size=3,
        ),
        "victims": st.lists(
            st.fixed_dictionaries(
                {"harm": codes("harm"), "best": COUNTS},
                optional={
                    "group": codes("victim_group"),
                    "population": codes("victim_population"),
                    "min": st.just(0),
                    "max": st.just(1_000_000),
                    "estimate": st.booleans(),
                },
            ),
            max_size=3,
        ),
        "source": st.fixed_dictionaries(
            {},
            optional={
                "type": codes("source_type"),
                "ref": KEYS,
                "reliability": codes("reliability"),
                "credibility": codes("credibility"),
            },
        ),
    },
)


# Longer ones are made of the same parts.
MANY = (
    body(),
    body(text='Deux morts à l\'église 😀\n"Appelé" à 9 h.'),
    body(location={"given": "Bor", "lat": 6.2, "lon": 31, "uncertainty_m": 1_000.0}, revision=2),
    json.dumps(CLEAN, indent=1).encode(),
)


def with_code(place: Sequence[str], code: str) -> bytes:
    """Return a plain report with a code at a field of it, or of one of its parts."""
    *part, field = place
    if not part:
        return body(**{field: code})
    if part == ["victims"]:
        return body(victims=[{"harm": "KILLED", "best": 1, field: code}])
    return body(**{part[0]: [{field: code}] if part == ["actors"] else {field: code}})


def read(content: bytes) -> PlainReport | None:
    report = read_plain(content, max_level=9)
    return report if report is not None and starts_of([report], latest=LATEST) else None


@pytest.mark.parametrize(("part", "model"), PARTS.items())
def test_every_field_is_the_contracts(part: Any, model: type[Message]) -> None:  # noqa: ANN401 - a struct
    fields = part.__struct_fields__
    assert set(fields) <= set(model.model_fields)
    assert list(fields) == sorted(fields), "canonical JSON has this order"


@pytest.mark.parametrize(("place", "name"), CODED)
def test_every_code_is_from_its_list(place: Sequence[str], name: str) -> None:
    for code in vocabulary.known(name):
        assert read(with_code(place, code)) is not None
    assert read(with_code(place, "DRAGON")) is None


@settings(patient, max_examples=150)
@given(PLAIN, st.booleans(), st.booleans(), st.randoms(use_true_random=False))
def test_what_was_read_writes_itself_as_canonical_json(
    value: dict[str, Any],
    is_ascii: bool,  # noqa: FBT001 - drawn
    is_spaced: bool,  # noqa: FBT001 - drawn
    random: Random,
) -> None:
    members = list(value.items())
    random.shuffle(members)
    separators = (", ", ": ") if is_spaced else (",", ":")
    content = json.dumps(dict(members), ensure_ascii=is_ascii, separators=separators).encode()
    report = read(content)
    assert report is not None
    assert canonical_lines([report]) == canonical(orjson.loads(content)) + b"\n"


@settings(patient, max_examples=300)
@given(st.sampled_from(MANY), st.integers(0, 10_000), st.integers(0, 3), st.binary(max_size=3))
def test_broken_bytes_are_read_as_json_or_not_at_all(
    content: bytes, at: int, length: int, instead: bytes
) -> None:
    at %= len(content)
    broken = content[:at] + instead + content[at + length :]
    report = read(broken)
    if report is not None:
        assert canonical_lines([report]) == canonical(orjson.loads(broken)) + b"\n"


@pytest.mark.parametrize(
    "number",
    ["1e5", "1E5", "-0", "-0.0", "1.50", "1e-7", "5e-324", "0.1e1", "1e-400", "999999999.9999999"],
)
def test_a_number_in_another_form_is_written_as_the_careful_way_writes_it(number: str) -> None:
    content = body(location={"lon": 31.5}).replace(b"31.5", number.encode())
    report = read(content)
    assert report is not None
    assert canonical_lines([report]) == canonical(orjson.loads(content)) + b"\n"


@pytest.mark.parametrize(
    "changes",
    [
        {"root_id": "bor-1\nbor-2"},
        {"root_id": "bor-1\n"},
        {"supersedes": "bor-1\n"},
        {"root_id": "ab"},
        {"occurred_start": "2013-12-16T24:00:00Z"},
        {"occurred_start": "2013-12-16t09:30:00z"},
        {"occurred_start": "2013-12-16 09:30:00Z"},
        {"occurred_start": "2013-W51-1T10:00:00Z"},
        {"occurred_start": "2013-02-29T10:00:00Z"},
        {"occurred_start": "20131216T093000.123Z"},
        {"occurred_start": "1999-12-31T23:59:59Z"},
        {"reported_at": "2013-12-16T12:05:01Z"},
        {"observed_at": "2013-12-16T09:30:0\u0660Z"},
        {"location": {"lon": 1e16}},
        {"location": {"lon": 10**18}},
        {"victims": [{"harm": "KILLED", "best": 2, "min": 3}]},
        {"victims": [{"harm": "KILLED", "best": 2, "max": 1}]},
        {"revision": 2.0},
        {"text": None},
        {"colour": "red"},
    ],
    ids=str,
)
def test_what_may_be_remarked_on_is_not_plain(changes: dict[str, Any]) -> None:
    assert read(body(**changes)) is None


def test_a_leap_day_is_plain() -> None:
    assert read(body(occurred_start="2012-02-29T10:00:00Z")) is not None


def test_one_that_is_not_clean_is_seen_among_others() -> None:
    good, bad = read_plain(body(), max_level=0), read_plain(body(root_id="x"), max_level=0)
    assert good is not None
    assert bad is not None
    assert starts_of([good, good], latest=LATEST) == [good.start()] * 2
    assert starts_of([good, bad, good], latest=LATEST) is None


@pytest.mark.parametrize("level", SENSITIVITY_LEVEL.values())
def test_is_read_up_to_the_level_that_the_sender_may_write(level: int) -> None:
    content = body(sensitivity="CONFIDENTIAL")
    assert (read_plain(content, max_level=level) is not None) == (level >= 1)
