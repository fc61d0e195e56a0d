"""Admin levels 0 to 2 with P-codes, population, and the marking of Abyei as undetermined.

Sources: `admin/mission_adm2_simplified.geojson` and `…adm1…` (OCHA COD-AB, simplified) and
`admin/admin_population.csv` (OCHA COD-PS). Columns used: P-codes, names, parent P-code,
geometry, source; population. The parent is taken from its own column, never sliced from a code,
and from the polygons' file: the population file puts Uror under Lakes by code and under Jonglei
by name.

States and country are dissolved from the counties, so that a point in a county is also in its
state: the two upstream files, of 2018 and 2021, are simplified apart and differ along borders.

Abyei: the county file has it as `SS0807` under Warrap state, the population file as `SS0001`
under `SS00`. The second pair is used, for it says nothing about who Abyei belongs to; the first
is kept in `alt_pcode`. Level 0 has no P-code for it: `XABY` is a placeholder of this project.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from pyproj import Geod
from shapely import STRtree, make_valid
from shapely.geometry import MultiPolygon, Point, Polygon
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from deploy.demo.derive.records import Outline, read_outlines, read_rows, write_outlines

COUNTRY = "SSD"
COUNTRY_PCODE = "SS"
ABYEI_SOURCE_PCODE = "SS0807"
ABYEI_ADM0 = "XABY"
ABYEI_ADM1 = "SS00"
ABYEI_ADM2 = "SS0001"
ABYEI_NAME = "Abyei Administrative Area"
DETERMINED = "DETERMINED"
UNDETERMINED = "UNDETERMINED"
# The sources are on a grid of 0.001 to 0.0001 degrees: more decimals would be invented.
DECIMALS = 4
DISSOLVED = "names OCHA COD-AB, outline dissolved from adm2.geojson"


class Counties:
    """Points to counties (admin 2), by polygon."""

    def __init__(self, outlines: Sequence[Outline], state_names: Mapping[str, str]) -> None:
        self.state_names = state_names
        self._outlines = outlines
        self._tree = STRtree([outline.geometry for outline in outlines])
        self._codes = [str(outline.properties["pcode"]) for outline in outlines]
        self.names = {
            str(outline.properties["pcode"]): str(outline.properties["name"])
            for outline in outlines
        }
        self.parents = {
            str(outline.properties["pcode"]): str(outline.properties["parent_pcode"])
            for outline in outlines
        }
        self.extent: BaseGeometry = unary_union([outline.geometry for outline in outlines])

    def at(self, lon: float, lat: float) -> str | None:
        """Return the P-code of the county that covers a point; None when none does."""
        found = sorted(self._tree.query(Point(lon, lat), predicate="covered_by").tolist())
        return self._codes[found[0]] if found else None

    def polygon(self, pcode: str) -> BaseGeometry:
        """Return a county's polygon."""
        return self._outlines[self._codes.index(pcode)].geometry


def derive_areas(sources: Path, target: Path) -> tuple[Counties, list[str]]:
    """Write `adm0`, `adm1` and `adm2.geojson`; return the counties and what was measured."""
    counties = _counties(sources)
    states = _states(sources, counties)
    abyei = next(o for o in counties if o.properties["pcode"] == ABYEI_ADM2)
    states.append(_abyei(abyei.geometry, ABYEI_ADM1, ABYEI_ADM0))
    countries = [
        Outline(
            properties={
                "pcode": COUNTRY_PCODE,
                "name": "South Sudan",
                "parent_pcode": None,
                "status": DETERMINED,
                "alt_pcode": None,
                "source": DISSOLVED,
            },
            geometry=_polygonal(
                unary_union([s.geometry for s in states if s.properties["pcode"] != ABYEI_ADM1])
            ),
        ),
        _abyei(abyei.geometry, ABYEI_ADM0, None),
    ]
    for name, outlines in (("adm0", countries), ("adm1", states), ("adm2", counties)):
        outlines.sort(key=lambda o: str(o.properties["pcode"]))
        write_outlines(target / f"{name}.geojson", outlines, decimals=DECIMALS)
    written_states = read_outlines(target / "adm1.geojson")
    written = read_outlines(target / "adm2.geojson")
    names = {str(o.properties["pcode"]): str(o.properties["name"]) for o in written_states}
    return Counties(written, names), _measure(written_states, written)


def _states(sources: Path, counties: Sequence[Outline]) -> list[Outline]:
    return [
        Outline(
            properties={
                "pcode": outline.properties["adm1_pcode"],
                "name": outline.properties["adm1_name"],
                "parent_pcode": COUNTRY_PCODE,
                "status": DETERMINED,
                "alt_pcode": None,
                "source": DISSOLVED,
            },
            geometry=_polygonal(
                unary_union(
                    [
                        county.geometry
                        for county in counties
                        if county.properties["parent_pcode"] == outline.properties["adm1_pcode"]
                    ]
                )
            ),
        )
        for outline in _of_country(sources / "admin" / "mission_adm1_simplified.geojson")
    ]


def _counties(sources: Path) -> list[Outline]:
    population = {
        row["adm2_pcode"]: round(float(row["population"]))
        for row in read_rows(sources / "admin" / "admin_population.csv")
        if row["iso3"] == COUNTRY
    }
    counties = []
    for outline in _of_country(sources / "admin" / "mission_adm2_simplified.geojson"):
        code = str(outline.properties["adm2_pcode"])
        in_abyei = code == ABYEI_SOURCE_PCODE
        pcode = ABYEI_ADM2 if in_abyei else code
        counties.append(
            Outline(
                properties={
                    "pcode": pcode,
                    "name": ABYEI_NAME if in_abyei else outline.properties["adm2_name"],
                    "parent_pcode": ABYEI_ADM1 if in_abyei else outline.properties["adm1_pcode"],
                    "population": population[pcode],
                    "status": UNDETERMINED if in_abyei else DETERMINED,
                    "alt_pcode": code if in_abyei else None,
                    "source": outline.properties["source"],
                },
                geometry=_polygonal(outline.geometry),
            )
        )
    return counties


def _abyei(geometry: BaseGeometry, pcode: str, parent: str | None) -> Outline:
    return Outline(
        properties={
            "pcode": pcode,
            "name": ABYEI_NAME,
            "parent_pcode": parent,
            "status": UNDETERMINED,
            "alt_pcode": None,
            "source": "outline of SS0001 in adm2.geojson",
        },
        geometry=geometry,
    )


def _of_country(path: Path) -> Iterable[Outline]:
    return (o for o in read_outlines(path) if o.properties["iso3"] == COUNTRY)


def _polygonal(geometry: BaseGeometry) -> MultiPolygon:
    """Return a valid multipolygon; lines and points that repair leaves over are dropped."""
    whole = geometry if geometry.is_valid else make_valid(geometry)
    parts = getattr(whole, "geoms", [whole])
    return MultiPolygon([part for part in parts if isinstance(part, Polygon)])


def _measure(states: Sequence[Outline], counties: Sequence[Outline]) -> list[str]:
    by_code = {o.properties["pcode"]: o.geometry for o in states}
    covered = unary_union([o.geometry for o in counties])
    holes = [
        Polygon(ring) for part in getattr(covered, "geoms", [covered]) for ring in part.interiors
    ]
    shapes = [o.geometry for o in counties]
    pairs = STRtree(shapes).query(shapes, predicate="intersects").T.tolist()
    overlap = sum(_km2(shapes[a].intersection(shapes[b])) for a, b in pairs if a < b)
    outside = sum(
        _km2(o.geometry.difference(by_code[o.properties["parent_pcode"]])) for o in counties
    )
    return [
        f"adm2: {len(counties)} polygons, {_km2(covered):,.0f} km2 covered",
        f"adm2: {overlap:,.2f} km2 overlap between neighbours",
        f"adm2: {sum(_km2(hole) for hole in holes):,.2f} km2 in {len(holes)} gaps between counties",
        f"adm2: {outside:,.2f} km2 of counties lie outside the polygon of their own state",
    ]


def _km2(geometry: BaseGeometry) -> float:
    """Return the area on the WGS 84 ellipsoid."""
    parts = [p for p in getattr(geometry, "geoms", [geometry]) if isinstance(p, Polygon)]
    ellipsoid = Geod(ellps="WGS84")
    return sum(abs(ellipsoid.geometry_area_perimeter(part)[0]) for part in parts) / 1e6
