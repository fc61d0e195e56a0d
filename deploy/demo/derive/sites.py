"""Protection-of-civilians sites of UNMISS, placed at the dated UN base of their town.

No source here has the sites' outlines. Each is put at the base coordinates of its town with a
stated radius, which is what the sample mission can say honestly: the true site lay at or beside
the base, in Bentiu, Malakal, Bor and Juba some kilometres from the point that Geo-PKO gives for
the town. Juba's two sites (UN House and Tomping) are one row, as Geo-PKO has one point for Juba.

Dates are from public UN statements. Openings are the first day on which the UN reported people
sheltering at the base, or the day of the fighting that drove them there; each carries its
precision. Left out, for want of documented dates: smaller or brief sites (Pariang, Rumbek, Nasir,
Pibor, and the few hundred people at the Wau base before June 2016).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from deploy.demo.derive.bases import Base
from deploy.demo.derive.records import Cell, write_rows

RADIUS_M = 1_000

SITE_COLUMNS = (
    *("id", "name", "kind", "lon", "lat", "radius_m", "adm2_pcode"),
    *("valid_from", "valid_from_precision", "valid_to", "valid_to_precision", "ended_as"),
    *("un_base_id", "note", "source"),
)
PLACED = "placed at the UN base of the town, not surveyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What is publicly known of a site; `closed` is the first day on which it was none."""

    town: str
    opened: date
    opened_precision: str
    closed: date | None
    closed_precision: str | None
    ended_as: str | None
    note: str
    source: str


SITES = (
    Site(
        town="Juba",
        opened=date(2013, 12, 15),
        opened_precision="DAY",
        closed=date(2020, 11, 17),
        closed_precision="DAY",
        ended_as="REDESIGNATED_IDP_CAMP",
        note="UN House and Tomping as one point; Tomping was emptied in stages later; "
        "the end is the day of the announcement",
        source="UNMISS statements of 10 June 2014 and 17 November 2020",
    ),
    Site(
        town="Bor",
        opened=date(2013, 12, 18),
        opened_precision="DAYS",
        closed=date(2020, 9, 25),
        closed_precision="DAYS",
        ended_as="REDESIGNATED_IDP_CAMP",
        note="about 14,000 people reported at the base on 19 December 2013; "
        "the end is the day of the announcement",
        source="UN update of 19 December 2013; UNMISS statement of 25 September 2020",
    ),
    Site(
        town="Bentiu",
        opened=date(2013, 12, 19),
        opened_precision="DAYS",
        closed=date(2021, 3, 19),
        closed_precision="WEEK",
        ended_as="REDESIGNATED_IDP_CAMP",
        note="several hundred people reported at the base on 19 December 2013",
        source="UN update of 19 December 2013; press reports of 19 March 2021",
    ),
    Site(
        town="Malakal",
        opened=date(2013, 12, 24),
        opened_precision="DAYS",
        closed=None,
        closed_precision=None,
        ended_as=None,
        note="about 8,000 people reported on 27 December 2013; the last site that kept its status",
        source="UN spokesperson, 27 December 2013",
    ),
    Site(
        town="Melut",
        opened=date(2014, 1, 1),
        opened_precision="MONTH",
        closed=date(2017, 12, 20),
        closed_precision="DAY",
        ended_as="CLOSED",
        note="opened between late December 2013 and mid-January 2014; "
        "799 people listed on 17 January 2014",
        source="UNMISS site list of 17 January 2014; UNMISS statement of 20 December 2017",
    ),
    Site(
        town="Wau",
        opened=date(2016, 6, 25),
        opened_precision="WEEK",
        closed=date(2020, 9, 4),
        closed_precision="MONTH",
        ended_as="REDESIGNATED_IDP_CAMP",
        note="the protected area adjacent to the base; withdrawal began early in September 2020",
        source="UNMISS statements of 27 June 2016 and 4 September 2020",
    ),
)


def derive_sites(target: Path, bases: Sequence[Base]) -> list[str]:
    """Write `poc_sites.csv`; a site without a base at its opening is an error."""
    rows = [_row(site, _base_of(site, bases)) for site in SITES]
    rows.sort(key=lambda row: str(row["id"]))
    write_rows(target / "poc_sites.csv", SITE_COLUMNS, rows)
    return [f"protection-of-civilians sites: {len(rows)}"]


def _base_of(site: Site, bases: Sequence[Base]) -> Base:
    for base in bases:
        if base.mission == "UNMISS" and base.name == site.town and base.stood_on(site.opened):
            return base
    raise ValueError(f"no UN base in {site.town} on {site.opened}")


def _row(site: Site, base: Base) -> dict[str, Cell]:
    return {
        "id": f"poc-{site.town.lower()}",
        "name": f"{site.town} protection of civilians site",
        "kind": "POC_SITE",
        "lon": base.at.lon,
        "lat": base.at.lat,
        "radius_m": RADIUS_M,
        "adm2_pcode": base.county,
        "valid_from": site.opened.isoformat(),
        "valid_from_precision": site.opened_precision,
        "valid_to": site.closed.isoformat() if site.closed else None,
        "valid_to_precision": site.closed_precision,
        "ended_as": site.ended_as,
        "un_base_id": base.base_id,
        "note": f"{site.note}; {PLACED}",
        "source": site.source,
    }
