"""What an alert says: what follows from its raised flags, and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from processing.rules.explain import band_word, when
from schemas.flag import Band, FlagHead, FlagState

# What the rules that ship are about, in a few words. Another rule is named by its id.
_SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "R01": "violence near civilians",
        "R03": "rising tempo of violence",
        "R05": "risk of another attack",
        "R08": "hostile acts against the UN",
        "R09": "imminent threat to civilians",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The sum of some raised flags. `live_band` is that of the flags that may ring, if any."""

    flag_ids: tuple[str, ...]
    kinds: tuple[str, ...]
    band: Band
    live_band: Band | None
    priority: int
    level: int
    illustrative: bool
    place_name: str
    day: int
    lon: float | None
    lat: float | None

    def fields(self, place_name: str) -> dict[str, Any]:
        """Return the fields of the alert that follow from its flags."""
        return {
            "flag_ids": self.flag_ids,
            "kinds": self.kinds,
            "band": self.band,
            "priority": self.priority,
            "level": self.level,
            "illustrative": self.illustrative,
            "retrospective": self.live_band is None,
            "lon": self.lon,
            "lat": self.lat,
            "headline": self.headline(place_name or self.place_name),
        }

    def headline(self, place_name: str) -> str:
        """Return what the alert is about, where and when; no person, source or victim."""
        subjects = ", ".join(_SUBJECTS.get(kind, kind) for kind in self.kinds)
        band = band_word(self.band).capitalize()
        return f"{band}: {subjects} in {place_name}, {when(self.day)}"


def content_of(flags: Sequence[FlagHead]) -> Content | None:
    """Return what some flags say together, or None when none of them is raised.

    The order of the flags does not matter. Shadow flags never become part of an alert.
    """
    raised = sorted(
        (flag for flag in flags if flag.state is FlagState.RAISED and not flag.shadow),
        key=lambda flag: (-flag.band, -flag.priority, flag.flag_id),
    )
    if not raised:
        return None
    lead = raised[0]
    live = [flag.band for flag in raised if not flag.retrospective]
    return Content(
        flag_ids=tuple(sorted(flag.flag_id for flag in raised)),
        kinds=tuple(sorted({flag.rule_id for flag in raised})),
        band=lead.band,
        live_band=max(live, default=None),
        priority=max(flag.priority for flag in raised),
        level=max(flag.level for flag in raised),
        illustrative=any(flag.illustrative for flag in raised),
        place_name=lead.place_name,
        day=lead.day,
        lon=lead.lon,
        lat=lead.lat,
    )
