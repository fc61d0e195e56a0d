import pytest

from processing.notify.subscriptions import match
from schemas.alert import TransitionKind
from schemas.delivery import Endpoint
from tests.processing.notify.test_payload import alert, transition


def endpoint(**filters: object) -> Endpoint:
    fields = {"endpoint_id": "post", "url": "https://example.org/", **filters}
    return Endpoint.model_validate(fields)


def rings(one: Endpoint, *, told: tuple[str, ...] = ()) -> bool:
    return match([one], alert(level=1), transition(), adm1="SS01", told=told) == ["post"]


class TestMatch:
    def test_rings_an_endpoint_without_filters(self) -> None:
        assert rings(endpoint(max_level=1))

    @pytest.mark.parametrize(
        ("filters", "is_rung"),
        [
            ({"areas": ["SS0101"]}, True),
            ({"areas": ["SS01"]}, True),
            ({"areas": ["SS02", "SS0102"]}, False),
            ({"kinds": ["R09"]}, True),
            ({"kinds": ["R03", "R05"]}, False),
            ({"events": ["raised"]}, True),
            ({"events": ["withdrawn", "escalated"]}, False),
            ({"min_priority": 4}, True),
            ({"min_priority": 5}, False),
            ({"max_level": 2}, True),
            ({"max_level": 0}, False),
            ({"active": False}, False),
        ],
    )
    def test_rings_only_where_every_filter_lets_it_through(
        self, filters: dict[str, object], *, is_rung: bool
    ) -> None:
        assert rings(endpoint(**{"max_level": 1, **filters})) == is_rung

    @pytest.mark.parametrize("filters", [{"areas": ["SS02"]}, {"kinds": ["R03"]}])
    def test_rings_who_was_told_before_though_it_no_longer_matches(
        self, filters: dict[str, object]
    ) -> None:
        one = endpoint(max_level=1, **filters)
        assert not rings(one)
        assert rings(one, told=("post",))

    def test_never_waives_sensitivity_nor_the_choice_of_events(self) -> None:
        assert not rings(endpoint(max_level=0), told=("post",))
        assert not rings(endpoint(max_level=1, events=["resolved"]), told=("post",))
        assert not rings(endpoint(max_level=1, active=False), told=("post",))

    def test_an_alert_without_a_state_rings_only_endpoints_without_areas(self) -> None:
        unplaced = alert(place_key="cell:85754e63fffffff")
        everywhere, there = endpoint(), endpoint(endpoint_id="there", areas=["SS01"])
        found = match([there, everywhere], unplaced, transition(), adm1=None)
        assert found == ["post"]

    def test_keeps_the_order_of_the_endpoints(self) -> None:
        many = [endpoint(endpoint_id=f"post-{n}") for n in (3, 1, 2)]
        found = match(many, alert(), transition(TransitionKind.ESCALATED), adm1="SS01")
        assert found == ["post-3", "post-1", "post-2"]
