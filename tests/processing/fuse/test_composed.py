"""An incident inside a batch is stored as the codec would store it, to the byte."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.fuse.composed import Composed, composed
from schemas.codec import decode, encode
from schemas.incident import Incident, Nearby, Victims

_OFFSETS = st.sampled_from((UTC, timezone(timedelta(hours=2)), timezone(-timedelta(minutes=210))))
_TIMES = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=_OFFSETS)  # noqa: DTZ001 - as hypothesis asks
_TEXT = st.text(max_size=12)
_METRES = st.floats(0.0, 1e300) | st.integers(0, 250_000_000).map(lambda n: n / 10)
_COUNTS = st.integers(0, 9)

_VICTIMS = st.builds(
    Victims,
    killed_min=_COUNTS,
    killed_best=_COUNTS,
    killed_max=_COUNTS,
    civilians_killed_best=_COUNTS,
    children=st.booleans(),
)
_NEARBY = st.builds(
    Nearby,
    feature_id=_TEXT,
    layer=_TEXT,
    kind=_TEXT,
    name=_TEXT,
    distance_m=_METRES,
    certain=st.booleans(),
)


def _or_default(name: str, other: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.just(Incident.model_fields[name].default) | other


_OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": _TEXT,
    "int": st.integers(-(2**53), 2**53),
    "bool": st.booleans(),
    "str | None": _TEXT,
    "tuple[str, ...]": st.lists(_TEXT, max_size=3).map(tuple),
}
_BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "occurred_start": _TIMES,
    "occurred_end": _TIMES,
    "lon": st.floats(-180.0, 180.0),
    "lat": st.floats(-90.0, 90.0),
    "radius_m": _METRES,
    "victims": _VICTIMS,
    "nearby": st.lists(_NEARBY, max_size=3).map(tuple),
    "members": st.lists(st.tuples(_TEXT, _COUNTS), max_size=3).map(tuple),
}
_TYPES: dict[str, str] = Incident.__annotations__
_INCIDENTS = st.fixed_dictionaries(
    {
        name: values if field.is_required() else _or_default(name, values)
        for name, field in Incident.model_fields.items()
        for values in (_BY_NAME[name] if name in _BY_NAME else _OF_TYPE[_TYPES[name]],)
    }
).map(lambda values: Incident(**values))


def of(incident: Incident) -> Composed:
    values = {name: getattr(incident, name) for name in Incident.model_fields}
    near = b"[%b]" % b",".join(map(encode, incident.nearby)) if incident.nearby else b""
    return Composed(**{**values, "nearby": near})


def test_has_the_fields_of_an_incident_in_their_order() -> None:
    assert Composed._fields == tuple(Incident.model_fields)


@settings(max_examples=300, deadline=None)
@given(incident=_INCIDENTS)
def test_its_body_is_what_the_codec_gives(incident: Incident) -> None:
    body = of(incident).body()
    assert body == encode(incident)
    # Times come back from JSON with another class of offset.
    assert of(decode(Incident, body)).body() == body


@given(incident=_INCIDENTS)
def test_comes_back_from_its_body(incident: Incident) -> None:
    assert composed(orjson.loads(of(incident).body())) == of(incident)


def test_is_stored_with_what_it_has_not_left_out() -> None:
    bare: dict[str, Any] = {
        "incident_id": "i",
        "day": 1,
        "event_type": "OTHER",
        "event_class": "OTHER",
    }
    incident = Incident(**bare, occurred_start=datetime(2014, 1, 1, tzinfo=UTC))
    assert orjson.loads(of(incident).body()).keys() == {*bare, "occurred_start"}
