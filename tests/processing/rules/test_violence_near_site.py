from __future__ import annotations

from typing import Any, ClassVar

import pytest

from processing.rules.loading import default_rules
from processing.rules.window import FlagDraft
from schemas.flag import Band, Certainty
from schemas.incident import Incident, Victims
from schemas.rule import ViolenceNearSite
from tests.processing.rules.desk import conclude
from tests.processing.rules.incidents import incident
from tests.processing.rules.small_layers import DAY_0, LAYERS, POC_SITE, TOWN

RULE = next(rule for rule in default_rules().rules if isinstance(rule, ViolenceNearSite))
# One degree of latitude is 110.6 km here.
DEGREE_M = 110_600.0


def north_of_poc(km: float) -> tuple[float, float]:
    """A point so far north of the edge of the site (its radius is 1 km)."""
    return POC_SITE.lon, POC_SITE.lat + (km * 1_000 + POC_SITE.radius_m) / DEGREE_M


def flag_of(*incidents: Incident, site: str = POC_SITE.feature_id) -> FlagDraft | None:
    flags = conclude(RULE, LAYERS, incidents).values()
    return next((flag for flag in flags if flag.place_key == site), None)


def band_at(km: float, **more: Any) -> Band | None:  # noqa: ANN401
    flag = flag_of(incident(at=north_of_poc(km), **more))
    return flag.band if flag else None


class TestRings:
    @pytest.mark.parametrize(
        ("km", "band"), [(1, Band.HIGH), (4, Band.MEDIUM), (9, Band.LOW), (12, None)]
    )
    def test_the_nearer_the_higher(self, km: float, band: Band | None) -> None:
        assert band_at(km) == band

    def test_distance_is_to_the_edge_not_to_the_point(self) -> None:
        flag = flag_of(incident(at=north_of_poc(1.5)))
        assert flag is not None
        assert flag.numbers["distance_m"] == pytest.approx(1_500, abs=10)

    def test_shelling_reaches_twice_as_far(self) -> None:
        assert band_at(3.5, event_type="AC_CLASH") is Band.MEDIUM
        assert band_at(3.5, event_type="AC_SHELLING") is Band.HIGH

    def test_a_site_counts_only_while_it_exists(self) -> None:
        assert band_at(1, day=8) is None
        assert band_at(1, day=9) is Band.HIGH

    def test_small_settlements_do_not_count(self) -> None:
        assert flag_of(incident(at=(30.8, 8.4)), site="village-meri") is None

    def test_what_is_no_violence_does_not_count(self) -> None:
        assert band_at(1, event_type="DP_ARRIVAL") is None


class TestUncertainPlace:
    def test_lowers_the_band_by_one_and_says_so(self) -> None:
        flag = flag_of(incident(at=north_of_poc(1.5), radius_m=1_000))
        assert flag is not None
        assert flag.band is Band.MEDIUM
        assert flag.certainty is Certainty.CERTAIN
        flag = flag_of(incident(at=north_of_poc(6), radius_m=5_000))
        assert flag is not None
        assert flag.band is Band.MEDIUM
        assert flag.certainty is Certainty.POSSIBLE
        assert "only possibly" in flag.explanation

    def test_the_lowest_band_has_no_possible(self) -> None:
        assert band_at(12, radius_m=5_000) is None

    def test_a_place_wider_than_a_county_is_not_measured(self) -> None:
        assert band_at(1, radius_m=25_000) is not None
        assert band_at(1, radius_m=25_001) is None

    def test_an_unknown_place_is_not_measured(self) -> None:
        assert conclude(RULE, LAYERS, [incident(at=None)]) == {}


class TestMedium:
    WEAK: ClassVar[dict[str, Any]] = {"severity": 1, "event_type": "VC_EXTORTION"}

    def test_needs_a_serious_incident(self) -> None:
        assert band_at(4, **self.WEAK) is Band.LOW
        assert band_at(4, **{**self.WEAK, "severity": 2}) is Band.MEDIUM

    def test_or_two_incidents_that_day(self) -> None:
        two = [incident(name, at=north_of_poc(4), **self.WEAK) for name in "ab"]
        flag = flag_of(*two)
        assert flag is not None
        assert flag.band is Band.MEDIUM

    def test_and_not_one_that_lies_farther_out(self) -> None:
        far = incident("b", at=north_of_poc(9))
        flag = flag_of(incident("a", at=north_of_poc(4), **self.WEAK), far)
        assert flag is not None
        assert flag.band is Band.LOW

    def test_high_needs_neither(self) -> None:
        assert band_at(1, **self.WEAK) is Band.HIGH


class TestKey:
    def test_is_site_actor_class_and_day(self) -> None:
        flag = flag_of(incident(at=north_of_poc(1)))
        assert flag is not None
        assert flag.flag_key() == f"R01|poc-karo|ARMED_GROUP|{DAY_0 + 15}"

    def test_gathers_all_incidents_of_the_day(self) -> None:
        flag = flag_of(
            incident("a", at=north_of_poc(1)),
            incident("b", at=north_of_poc(9), level=1),
            incident("c", at=north_of_poc(1), day=16),
        )
        assert flag is not None
        assert [one for one, _ in flag.evidence] == ["incident-a", "incident-b"]
        assert flag.numbers["incidents"] == 2
        assert flag.level == 1

    def test_county_comes_from_the_layer(self) -> None:
        flag = flag_of(incident(at=north_of_poc(1), adm2="SS0102"))
        assert flag is not None
        assert (flag.adm1, flag.adm2) == ("SS01", "SS0101")


class TestPriority:
    def test_is_a_step_up_at_a_site_of_displaced_people(self) -> None:
        at_site = flag_of(incident(at=north_of_poc(1)))
        at_town = flag_of(incident(at=(30.5, 8.505)), site=TOWN.feature_id)
        assert at_site is not None
        assert at_town is not None
        assert at_site.band is at_town.band is Band.HIGH
        assert (at_site.priority, at_town.priority) == (4, 3)

    def test_is_a_step_up_with_children_and_never_above_five(self) -> None:
        shells = incident(at=north_of_poc(1), victims=Victims(children=True))
        flag = flag_of(shells)
        assert flag is not None
        assert flag.priority == 5


class TestSentence:
    def test_tells_what_where_when_and_why(self) -> None:
        flag = flag_of(incident(at=north_of_poc(1.2), event_type="AC_CLASH", weight_milli=300))
        assert flag is not None
        assert flag.unverified
        assert flag.explanation == (
            "Armed clash by an armed group, 1.2 km from the edge of Karo protection of civilians "
            "site on 16 December 2013 (place known to 100 m), within the ring of 2.0 km: high. "
            "Unverified: no source reaches the evidence weight of 0.5."
        )

    def test_weighs_the_population_on_a_scale_of_tens(self) -> None:
        flag = flag_of(incident(at=north_of_poc(1)))
        assert flag is not None
        assert flag.numbers["population_log10"] == pytest.approx(4.079, abs=0.001)
