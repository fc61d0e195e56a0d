"""The sample mission's reporting units, derived from the bases. None names a person.

Per stretch of a UNMISS base: a patrol and a community liaison unit. Further units only where the
data speak for them:

- observers (UNMO) where Geo-PKO maps military observers of the predecessor UNMIS at the same
  point (for UNMISS itself it maps none);
- police (UNPOL) where a protection-of-civilians site stood, while it did, as UN police and
  military patrolled the sites together (Geo-PKO maps no UNMISS police);
- a partner unit where a hospital lies within 10 km of the base.

That these units existed and reported is an assumption of the sample; grades and reach are hints
for the replay, not statements about anyone.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from deploy.demo.derive.bases import Base
from deploy.demo.derive.records import Cell, write_rows
from deploy.demo.derive.sites import SITES
from schemas.geometry import Position, geodesic_m

HOSPITAL_M = 10_000.0
SAME_PLACE_M = 1_000.0

Stay = tuple[date, date | None]  # the last day is excluded; None is open

UNIT_COLUMNS = (
    *("unit_id", "name", "kind", "lon", "lat", "valid_from", "valid_to", "un_base_id"),
    *("source_type", "reliability", "credibility", "reach_km"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How a kind of unit is called and how its reports are graded by default."""

    code: str
    slug: str
    label: str
    source_type: str
    reliability: str
    credibility: int
    reach_km: int


PATROL = Kind(
    code="PATROL",
    slug="patrol",
    label="patrol",
    source_type="FIRST_HAND",
    reliability="B",
    credibility=2,
    reach_km=100,
)
CLA = Kind(
    code="CLA",
    slug="cla",
    label="community liaison",
    source_type="COMMUNITY",
    reliability="C",
    credibility=3,
    reach_km=150,
)
UNMO = Kind(
    code="UNMO",
    slug="unmo",
    label="military observers",
    source_type="FIRST_HAND",
    reliability="B",
    credibility=2,
    reach_km=150,
)
UNPOL = Kind(
    code="UNPOL",
    slug="unpol",
    label="police",
    source_type="FIRST_HAND",
    reliability="B",
    credibility=2,
    reach_km=25,
)
PARTNER = Kind(
    code="PARTNER",
    slug="partner",
    label="partner",
    source_type="PARTNER",
    reliability="C",
    credibility=3,
    reach_km=200,
)


def derive_units(target: Path, bases: Sequence[Base]) -> list[str]:
    """Write `units.csv`; reads the hospitals from the files already written to `target`."""
    with (target / "health_facilities.csv").open(encoding="utf-8", newline="") as file:
        hospitals = [
            Position(lon=float(row["lon"]), lat=float(row["lat"]))
            for row in csv.DictReader(file)
            if row["kind"] == "HOSPITAL"
        ]
    rows = [
        _row(kind, base, stay, first=_is_first(base, bases))
        for base in bases
        if base.mission == "UNMISS"
        for kind, stay in _kinds(base, bases, hospitals)
    ]
    rows.sort(key=lambda row: str(row["unit_id"]))
    write_rows(target / "units.csv", UNIT_COLUMNS, rows)
    counts = {k: sum(r["kind"] == k for r in rows) for k in sorted({str(r["kind"]) for r in rows})}
    return [f"units: {len(rows)} ({', '.join(f'{k} {n}' for k, n in counts.items())})"]


def _kinds(
    base: Base, bases: Sequence[Base], hospitals: Sequence[Position]
) -> Iterable[tuple[Kind, Stay]]:
    stay = (base.valid_from, base.valid_to)
    yield PATROL, stay
    yield CLA, stay
    if any(
        other.mission == "UNMIS"
        and other.has("UNMO")
        and geodesic_m(other.at, base.at) <= SAME_PLACE_M
        for other in bases
    ):
        yield UNMO, stay
    for site in SITES:
        if site.town == base.name and base.stood_on(site.opened):
            ends = [day for day in (base.valid_to, site.closed) if day]
            yield UNPOL, (site.opened, min(ends, default=None))
    if any(geodesic_m(base.at, hospital) <= HOSPITAL_M for hospital in hospitals):
        yield PARTNER, stay


def _is_first(base: Base, bases: Sequence[Base]) -> bool:
    return not any(
        other.mission == base.mission
        and other.name == base.name
        and other.valid_from < base.valid_from
        for other in bases
    )


def _row(kind: Kind, base: Base, stay: Stay, *, first: bool) -> dict[str, Cell]:
    valid_from, valid_to = stay
    town = base.name.lower().replace(" ", "-")
    again = "" if first else f"-{base.valid_from.year}"
    return {
        "unit_id": f"ssd-{town}-{kind.slug}{again}",
        "name": f"UNMISS {base.name} {kind.label}"
        if kind is not PARTNER
        else f"{base.name} {kind.label}",
        "kind": kind.code,
        "lon": base.at.lon,
        "lat": base.at.lat,
        "valid_from": valid_from.isoformat(),
        "valid_to": valid_to.isoformat() if valid_to else None,
        "un_base_id": base.base_id,
        "source_type": kind.source_type,
        "reliability": kind.reliability,
        "credibility": kind.credibility,
        "reach_km": kind.reach_km,
    }
