from __future__ import annotations

import pytest

from processing.fuse.severity import severity
from processing.fuse.victims import harms, tally
from schemas.report import VictimCount


class TestSeverity:
    @pytest.mark.parametrize(
        ("harm", "best", "expected"),
        [
            ("KILLED", 0, 1),
            ("KILLED", 1, 3),
            ("KILLED", 4, 3),
            ("KILLED", 5, 4),
            ("KILLED", 24, 4),
            ("KILLED", 25, 5),
            ("INJURED", 1, 2),
            ("DISPLACED", 1, 2),
            ("DISPLACED", 50, 3),
            ("DISPLACED", 500, 3),
            ("DISPLACED", 501, 4),
            ("ABDUCTED", 1, 3),
            ("SEXUALLY_HARMED", 1, 3),
            ("DETAINED", 9, 1),
        ],
    )
    def test_follows_the_impact_scale(self, harm: str, best: int, expected: int) -> None:
        counted = tally([harms([VictimCount(harm=harm, best=best)])], children=False)
        assert severity("OTHER", counted, ()) == expected

    @pytest.mark.parametrize(
        ("event_type", "expected"),
        [
            ("OTHER", 1),
            ("AN_UNKNOWN_CODE", 1),
            ("AC_CLASH", 3),
            ("UN_ATTACK_BASE", 4),
            ("CH_SCHOOL_ATTACK", 4),
            ("CH_HOSPITAL_ATTACK", 4),
            ("DP_SITE_INCIDENT", 4),
            ("SV_CRSV", 3),
            ("VC_ABDUCTION", 3),
            ("CR_KIDNAP", 3),
        ],
    )
    def test_is_at_least_what_the_type_implies(self, event_type: str, expected: int) -> None:
        assert severity(event_type, tally([], children=False), ()) == expected

    @pytest.mark.parametrize(
        ("tag", "expected"),
        [
            ("MRM_SCHOOL_HOSPITAL", 4),
            ("MRM_SEXUAL_VIOLENCE", 3),
            ("MRM_ABDUCTION", 3),
            ("MRM_ACCESS_DENIAL", 1),
        ],
    )
    def test_is_at_least_what_a_grave_violation_implies(self, tag: str, expected: int) -> None:
        assert severity("OTHER", tally([], children=False), (tag,)) == expected
