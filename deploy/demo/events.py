"""The sample's events and units as values, read from the sample's CSV files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

STATE_BASED, NON_STATE, ONE_SIDED = 1, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One UCDP event. `where_prec` 1 exact … 7 unknown, `date_prec` 1 day … 5 over a month.

    The three death estimates are sorted here: 13 events of the source are not.
    """

    event_id: str
    date_start: date
    date_end: date
    date_prec: int
    where_prec: int
    violence: int
    side_a: str
    side_b: str
    dyad: str
    place: str
    adm1: str
    adm2: str
    lon: float
    lat: float
    deaths_a: int
    deaths_b: int
    deaths_civilians: int
    deaths_unknown: int
    deaths_low: int
    deaths_best: int
    deaths_high: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporter:
    """A unit that can report: where it sits, from when to when, and how its word is graded."""

    unit_id: str
    kind: str
    lon: float
    lat: float
    valid_from: date | None
    valid_to: date | None
    source_type: str
    reliability: str
    credibility: str
    reach_m: float

    def is_there(self, day: date) -> bool:
        """Say whether the unit was deployed on a day."""
        starts = self.valid_from is None or self.valid_from <= day
        return starts and (self.valid_to is None or day < self.valid_to)


def read_events(path: Path) -> list[Event]:
    """Read the UCDP events, oldest first."""
    events = [_event(row) for row in _rows(path)]
    return sorted(events, key=lambda event: (event.date_start, event.event_id))


def read_reporters(path: Path) -> list[Reporter]:
    """Read the units that can report, by id."""
    return sorted((_reporter(row) for row in _rows(path)), key=lambda unit: unit.unit_id)


def read_county_pcodes(path: Path) -> dict[tuple[str, str], str]:
    """Return the P-codes of UCDP's (adm_1, adm_2) names; ("…", "") is the state's."""
    return {(row["ucdp_adm_1"], row["ucdp_adm_2"]): row["pcode"] for row in _rows(path)}


def _rows(path: Path) -> Sequence[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _event(row: dict[str, str]) -> Event:
    low, best, high = (int(row[name]) for name in ("low", "best", "high"))
    return Event(
        event_id=row["id"],
        date_start=date.fromisoformat(row["date_start"]),
        date_end=date.fromisoformat(row["date_end"]),
        date_prec=int(row["date_prec"]),
        where_prec=int(row["where_prec"]),
        violence=int(row["type_of_violence"]),
        side_a=row["side_a"],
        side_b=row["side_b"],
        dyad=row["dyad_new_id"],
        place=row["where_coordinates"],
        adm1=row["adm_1"],
        adm2=row["adm_2"],
        lon=float(row["longitude"]),
        lat=float(row["latitude"]),
        deaths_a=int(row["deaths_a"]),
        deaths_b=int(row["deaths_b"]),
        deaths_civilians=int(row["deaths_civilians"]),
        deaths_unknown=int(row["deaths_unknown"]),
        deaths_low=min(low, best),
        deaths_best=best,
        deaths_high=max(high, best),
    )


def _reporter(row: dict[str, str]) -> Reporter:
    return Reporter(
        unit_id=row["unit_id"],
        kind=row["kind"],
        lon=float(row["lon"]),
        lat=float(row["lat"]),
        valid_from=_day(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        source_type=row["source_type"],
        reliability=row["reliability"],
        credibility=row["credibility"],
        reach_m=float(row["reach_km"]) * 1_000,
    )


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
