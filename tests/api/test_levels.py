"""Whatever is stored, nothing above the viewer's level is ever part of an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select
from starlette.testclient import TestClient

from api.queries.incidents import IncidentFilter
from api.repository.changes import changes_between
from api.repository.incidents import page_of_incidents
from schemas import tables
from schemas.access import Level, Role
from schemas.alert import AlertState, Transition, TransitionKind
from schemas.flag import Evidence
from schemas.geometry import BoundingBox
from schemas.incident import Incident
from tests.api.rows import (
    a_flag,
    a_report,
    an_alert,
    an_incident,
    put_alert,
    put_change,
    put_flag,
    put_incident,
    put_report,
    put_transition,
)
from tests.api.world import World, person, signed_in

# Every text that a level-2 row carries contains "mark2", and so on.
MARK = re.compile(r"mark([0-2])")
STORED = (
    tables.reports,
    tables.incidents,
    tables.flags,
    tables.alerts,
    tables.alert_transitions,
    tables.changes,
)
QUERIES = ("", "?min_severity=5", "?event_type=EV2", "?event_class=CLASS1", "?bbox=2,-1,3,1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """The levels of an incident's reports, of the flag about it and of the alert about that."""

    reports: tuple[int, ...]
    flag: int
    alert: int


STORIES = st.lists(
    st.builds(
        Story,
        reports=st.lists(st.integers(0, 2), min_size=1, max_size=4).map(tuple),
        flag=st.integers(0, 2),
        alert=st.integers(0, 2),
    ),
    min_size=1,
    max_size=3,
)
FILTERS = st.builds(
    IncidentFilter,
    min_severity=st.integers(1, 5),
    event_types=st.sampled_from([(), ("EV0",), ("EV2",)]),
    event_classes=st.sampled_from([(), ("CLASS1",), ("CLASS0", "CLASS2")]),
    box=st.sampled_from([None, BoundingBox(west=0.5, south=-1, east=2.5, north=1)]),
)


@pytest.fixture
def viewers(world: World) -> Iterator[dict[Level, TestClient]]:
    app = world.app()
    with TestClient(app) as lowest:
        found = {Level.UNCLASSIFIED: lowest}
        found |= {level: TestClient(app) for level in Level if level not in found}
        for level, client in found.items():
            client.portal = lowest.portal
            who = person(f"level-{int(level)}", Role.COMMANDER, level=level)
            signed_in(world, who, client=client)
        yield found


def summary(number: int, levels: list[int]) -> Incident:
    """What is seen of an incident from reports at these levels: their highest marks everything."""
    top = max(levels)
    return an_incident(
        f"root-{number}",
        event_type=f"EV{top}",
        event_class=f"CLASS{top}",
        severity=top + 3,
        lon=float(top),
        lat=0.0,
        actor_tokens=(f"mark{top}",),
        members=tuple((f"root-{number}-{n}-mark{each}", 1) for n, each in enumerate(levels)),
        min_level=min(levels),
        level=top,
    )


def tell(connection: Connection, number: int, story: Story) -> dict[str, int]:
    """Store a story; return the level that one needs to know of each id."""
    levels = sorted(story.reports)
    whole = summary(number, levels)
    views = {
        each: summary(number, [level for level in levels if level <= each])
        for each in range(levels[0], levels[-1])
    }
    put_incident(connection, whole, views=views or None)
    needed = {whole.incident_id: levels[0]}
    for n, level in enumerate(levels):
        root = f"root-{number}-{n}-mark{level}"
        report = a_report(root, text=f"mark{level}", location={"given": f"mark{level}"})
        key = put_report(connection, report, level=level, incident=whole.incident_id)
        needed[key] = level
    flag_level = max(story.flag, levels[0])
    evidence = Evidence(incident_id=whole.incident_id, reports=((f"mark{flag_level}", 1),))
    flag = a_flag(
        f"R01|{number}|ANY",
        level=flag_level,
        explanation=f"mark{flag_level}",
        evidence=(evidence,),
    )
    alert = an_alert(number, level=story.alert, headline=f"mark{story.alert}")
    put_alert(connection, alert)
    put_transition(connection, raised(alert.alert_id, story.alert))
    put_flag(connection, flag, alert=alert.alert_id)
    needed |= {flag.flag_id: flag_level, alert.alert_id: story.alert}
    for entity, key in (("incident", whole.incident_id), ("flag", flag.flag_id)):
        put_change(connection, entity, key)
    put_change(connection, "alert", alert.alert_id)
    return needed


def raised(alert_id: str, level: int) -> Transition:
    return Transition(
        alert_id=alert_id,
        seq=1,
        kind=TransitionKind.RAISED,
        at=an_alert().raised_at,
        by="tocsin",
        from_state=None,
        to_state=AlertState.RAISED,
        priority=3,
        note=f"mark{level}",
    )


def store(world: World, stories: list[Story]) -> dict[str, int]:
    needed: dict[str, int] = {}
    with world.begin() as connection:
        for table in STORED:
            connection.execute(delete(table))
        for number, story in enumerate(stories):
            needed |= tell(connection, number, story)
    return needed


def lists(client: TestClient) -> Iterator[str]:
    for query in QUERIES:
        yield client.get(f"/v1/incidents{query}").text
    for path in ("/v1/flags", "/v1/alerts?state=all", "/v1/deliveries"):
        yield client.get(path).text


def details(client: TestClient, world: World) -> Iterator[str]:
    with world.read() as connection:
        for noun, key in (
            ("incidents", tables.incidents.c.incident_id),
            ("flags", tables.flags.c.flag_id),
            ("alerts", tables.alerts.c.alert_id),
        ):
            for each in connection.execute(select(key)).scalars():
                yield client.get(f"/v1/{noun}/{each}").text


SLOW = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@given(stories=STORIES)
@SLOW
def test_nothing_above_the_level_is_part_of_any_answer_and_all_else_is_there(
    world: World, viewers: dict[Level, TestClient], stories: list[Story]
) -> None:
    needed = store(world, stories)
    for level, client in viewers.items():
        texts = [*lists(client), *details(client, world)]
        for text in texts:
            assert all(int(mark) <= level for mark in MARK.findall(text)), text
        everything = "".join(texts)
        for key, need in needed.items():
            assert (key in everything) is (need <= level), (key, need, level)


@given(stories=STORIES, level=st.sampled_from(Level), wanted=FILTERS)
@QUICK
def test_nothing_above_the_level_is_read(
    world: World, stories: list[Story], level: Level, wanted: IncidentFilter
) -> None:
    needed = store(world, stories)
    hidden = {key for key, need in needed.items() if need > level}
    who = person("any", Role.COMMANDER, level=level)
    with world.read() as connection:
        page = page_of_incidents(connection, who, wanted, before=None, limit=100)
        heard = changes_between(connection, who, after=0, until=10_000, limit=1_000)
    for incident in (each.incident() for each in page.incidents):
        assert incident.level <= level
        assert wanted.admits(incident)
        assert all(int(mark) <= level for mark in MARK.findall(incident.model_dump_json()))
    assert {each.key[0] for each in page.incidents}.isdisjoint(hidden)
    assert {each.entity_id for each in heard} == needed.keys() - hidden - reports_of(world)


def reports_of(world: World) -> set[str]:
    with world.read() as connection:
        return set(connection.execute(select(tables.reports.c.report_id)).scalars())
