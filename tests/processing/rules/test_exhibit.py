"""What is read of an incident's body is what its model says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.rules.exhibit import read_exhibit
from schemas.codec import decode, encode
from schemas.incident import Incident, Victims
from tests.processing.rules.incidents import incident

NUMBERS = st.integers(0, 9)
VICTIMS = st.builds(
    Victims,
    killed_best=NUMBERS,
    civilians_killed_best=NUMBERS,
    un_killed_best=NUMBERS,
    un_injured_best=NUMBERS,
    children=st.booleans(),
)
MEMBERS = st.lists(st.tuples(st.text("ab-", max_size=3), NUMBERS), max_size=4)


@given(
    victims=VICTIMS,
    weight_milli=NUMBERS,
    n_independent=NUMBERS,
    illustrative=st.booleans(),
    members=MEMBERS.map(tuple),
)
def test_reads_what_the_model_says(**fields: object) -> None:
    body = encode(incident("a", **fields))  # type: ignore[arg-type]
    said = decode(Incident, body)
    found = read_exhibit(body)
    assert found.evidence == (said.incident_id, tuple(sorted(said.members)))
    assert found.weight_milli == said.weight_milli
    assert found.n_independent == said.n_independent
    assert found.illustrative == said.illustrative
    assert found.killed == said.victims.killed_best
    assert found.civilians_killed == said.victims.civilians_killed_best
    assert found.un_killed == said.victims.un_killed_best
    assert found.un_injured == said.victims.un_injured_best
    assert found.children_or_crsv == said.victims.children


@pytest.mark.parametrize(
    ("fields", "is_grave"),
    [
        ({}, False),
        ({"victims": Victims(children=True)}, True),
        ({"event_class": "CRSV"}, True),
        ({"event_class": "CHILD"}, True),
        ({"violations": ("LOOTING", "CRSV_RAPE")}, True),
        ({"violations": ("LOOTING",)}, False),
    ],
)
def test_children_and_sexual_violence_stand_out(fields: dict[str, object], is_grave: bool) -> None:  # noqa: FBT001
    one = incident("a").model_copy(update=fields)
    assert read_exhibit(encode(one)).children_or_crsv is is_grave
