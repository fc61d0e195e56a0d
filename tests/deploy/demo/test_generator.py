"""The generator is deterministic, says nothing that UCDP lacks, and keeps its stated shares."""

import json
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from deploy.demo.events import read_events
from deploy.demo.folder import sample_folder
from deploy.demo.generator import Planned
from deploy.demo.show import planned_reports
from deploy.demo.truth import score, truth_units
from schemas.geometry import Position, geodesic_m
from schemas.report import Report


@pytest.fixture(scope="module")
def planned() -> list[Planned]:
    return planned_reports()


def test_two_runs_plan_the_same_reports(planned: list[Planned]) -> None:
    assert planned_reports() == planned


def test_reports_are_sent_in_order_and_never_before_they_happen(planned: list[Planned]) -> None:
    times = [one.send_at for one in planned]
    assert times == sorted(times)
    for one in planned:
        report = Report.model_validate(one.body)
        assert report.occurred_start is not None
        assert report.occurred_start <= one.send_at


def test_no_event_id_is_in_an_id_or_a_text(planned: list[Planned]) -> None:
    for one in planned:
        if one.event_id is not None:
            words = json.dumps([one.body["root_id"], one.body["text"]])
            assert f" {one.event_id}" not in words
            assert one.event_id not in one.body["text"]


def test_every_named_actor_is_named_by_ucdp(planned: list[Planned]) -> None:
    events = {event.event_id: event for event in read_events(sample_folder() / "ucdp_events.csv")}
    for one in planned:
        names = {actor["name"] for actor in one.body.get("actors", []) if "name" in actor}
        if one.event_id is None:
            assert names == set()
        else:
            event = events[one.event_id]
            assert names <= {event.side_a, event.side_b}


def test_places_are_rounded_within_the_radius_that_the_report_states(
    planned: list[Planned],
) -> None:
    events = {event.event_id: event for event in read_events(sample_folder() / "ucdp_events.csv")}
    for one in planned:
        place = one.body["location"]
        if one.event_id is None or "lon" not in place:
            continue
        event = events[one.event_id]
        away = geodesic_m(
            Position(lon=place["lon"], lat=place["lat"]), Position(lon=event.lon, lat=event.lat)
        )
        assert away <= place["uncertainty_m"]


def test_made_up_reports_say_that_they_are(planned: list[Planned]) -> None:
    for one in planned:
        is_made_up = one.event_id is None and one.body["report_kind"] != "NIL"
        assert bool(one.body.get("illustrative")) == is_made_up
        assert not is_made_up or "Illustrative" in one.body["text"]


def test_at_most_one_report_in_a_hundred_has_a_wrong_day(planned: list[Planned]) -> None:
    events = {event.event_id: event for event in read_events(sample_folder() / "ucdp_events.csv")}
    about = [one for one in planned if one.event_id is not None]
    wrong = sum(_day(one) != events[one.event_id or ""].date_start for one in about)
    assert 0 < wrong <= 0.01 * len(about)


def _day(one: Planned) -> date:
    said = Report.model_validate(one.body).occurred_start
    assert said is not None
    return said.astimezone(ZoneInfo("Africa/Juba")).date()


def test_truth_units_of_the_sample_are_the_published_number() -> None:
    events = read_events(sample_folder() / "ucdp_events.csv")
    units = truth_units(events)
    assert (len(units), sum(len(unit) for unit in units)) == (325, 369)


def test_a_perfect_fusion_scores_one_and_a_mixed_one_less() -> None:
    units = [("a", "b"), ("c",)]
    assert score(units, [["a", "b", "a"], ["c"]]).exact_share == 1.0
    mixed = score(units, [["a", "b", "c"]])
    assert (mixed.exact, mixed.mixed) == (0, 1)
    split = score(units, [["a"], ["b"], ["c"]])
    assert (split.exact, split.mixed, split.split) == (1, 0, ("a+b",))
