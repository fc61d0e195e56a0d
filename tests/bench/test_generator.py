from __future__ import annotations

import json

import pytest

from schemas.codes.lists import event_class
from tests.bench.generator import MIN_DAYS, START, Sent, generate, realised, threat
from tests.bench.plans import by_unit
from tests.bench.world import make_world

COUNT = 1_200


@pytest.fixture(scope="module")
def sent() -> list[Sent]:
    return generate(COUNT)


def test_the_same_seed_gives_the_same_bytes_in_the_same_order() -> None:
    first = generate(300)
    make_world.cache_clear()
    assert generate(300) == first


def test_another_seed_gives_other_reports() -> None:
    ids = [{json.loads(one.body)["root_id"] for one in generate(100, seed=n)} for n in (7, 8)]
    assert not ids[0] & ids[1]


def test_the_shares_are_as_stated(sent: list[Sent]) -> None:
    found = realised(sent)
    assert found.reports == COUNT
    assert found.days >= MIN_DAYS
    assert found.nil_share <= 0.05
    assert found.most_per_event <= 3
    assert 1.5 < found.per_event < 2.2
    assert 600 <= found.mean_bytes <= 900


def test_there_are_five_classes_and_more(sent: list[Sent]) -> None:
    assert len({event_class(one.event_type) for one in sent}) >= 5


def test_reports_come_in_the_order_in_which_they_are_sent(sent: list[Sent]) -> None:
    assert [one.at for one in sent] == sorted(one.at for one in sent)


def test_no_root_has_the_same_revision_twice(sent: list[Sent]) -> None:
    bodies = [json.loads(one.body) for one in sent]
    assert len({(body["root_id"], body["revision"]) for body in bodies}) == COUNT


def test_batches_hold_every_report_once_and_one_unit_each(sent: list[Sent]) -> None:
    batches = by_unit(sent)
    assert sorted(one.body for batch in batches for one in batch) == sorted(
        one.body for one in sent
    )
    assert all(len({one.unit_id for one in batch}) == 1 for batch in batches)


def test_threats_of_a_run_are_in_places_of_their_own() -> None:
    told = [json.loads(threat(number, START).body)["location"]["given"] for number in range(79)]
    # "Village SS0101-07": the county is what an alert is about.
    assert len({name.rpartition("-")[0] for name in told}) > 70
