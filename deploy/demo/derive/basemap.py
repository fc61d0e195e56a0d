"""The basemap of the map client: Natural Earth clipped to the region, glyphs and sprites.

Sources: `basemap/*.geojson` (Natural Earth 10m), `basemap/fonts`, `basemap/sprites`.

Boundary lines get a `status`, as the map must not show as settled what is not: lines that
Natural Earth marks as disputed are DISPUTED; the whole line between Sudan and South Sudan is
UNDETERMINED, as the United Nations states of it; the rest is INTERNATIONAL.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from shapely import get_dimensions
from shapely.geometry import MultiLineString, Polygon, box
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from deploy.demo.derive.records import Cell, Outline, read_outlines, write_outlines

WEST, SOUTH, EAST, NORTH = 20.0, 0.0, 40.0, 16.0
DECIMALS = 4
FONT_STACKS = ("Noto Sans Regular", "Noto Sans Medium")
SUDAN, SOUTH_SUDAN = "Sudan", "S. Sudan"
# Lines and polygons of one Natural Earth release meet exactly; this only absorbs rounding.
TOUCH_DEGREES = 0.01
SHARED_PART = 0.9
# Natural Earth abbreviates; the labels of the map are written out, in both its languages.
COUNTRY_NAMES = {
    "Central African Rep.": ("Central African Republic", "République centrafricaine"),
    "Chad": ("Chad", "Tchad"),
    "Dem. Rep. Congo": (
        "Democratic Republic of the Congo",
        "République démocratique du Congo",
    ),
    "Eritrea": ("Eritrea", "Érythrée"),
    "Ethiopia": ("Ethiopia", "Éthiopie"),
    "Kenya": ("Kenya", "Kenya"),
    "S. Sudan": ("South Sudan", "Soudan du Sud"),
    "Sudan": ("Sudan", "Soudan"),
    "Uganda": ("Uganda", "Ouganda"),
}
# Natural Earth's own names have a slip of spelling and give no one name to the Ilemi parts.
DISPUTED_NAMES = {"Abyei": "Abyei", "Ilemi Triange": "Ilemi Triangle"}

Pick = Callable[[Outline], dict[str, Cell]]


def derive_basemap(sources: Path, target: Path) -> list[str]:
    """Write the layers, and copy glyphs and sprites, into the web client's public folder."""
    natural_earth = sources / "basemap"
    countries = _clip(natural_earth / "ne10m_admin0_africa.geojson", _country)
    layers = {
        "countries": countries,
        "country_labels": [
            Outline(properties=o.properties, geometry=_largest(o.geometry).representative_point())
            for o in countries
        ],
        "boundary_lines": _boundary_lines(natural_earth, countries),
        "disputed_areas": _disputed_areas(natural_earth),
        "admin1_lines": _admin1_lines(natural_earth),
        "lakes": _clip(natural_earth / "ne_10m_lakes.geojson", _named("name", "scalerank")),
        "rivers": _clip(
            natural_earth / "ne_10m_rivers_lake_centerlines.geojson",
            _named("name", "name_en", "scalerank"),
        ),
        "places": _clip(
            natural_earth / "ne_10m_populated_places.geojson",
            _named("name", "nameascii", "adm0_a3", "featurecla", "scalerank", "pop_max"),
        ),
    }
    target.mkdir(parents=True, exist_ok=True)
    for name, outlines in layers.items():
        outlines.sort(key=_order)
        write_outlines(target / f"{name}.geojson", outlines, decimals=DECIMALS)
    _copy_assets(natural_earth, target)
    return [f"basemap {name}: {len(outlines)} features" for name, outlines in layers.items()]


def _clip(path: Path, pick: Pick) -> list[Outline]:
    window = box(WEST, SOUTH, EAST, NORTH)
    clipped = (
        Outline(properties=pick(outline), geometry=_inside(outline.geometry, window))
        for outline in read_outlines(path)
        if outline.geometry.intersects(window)
    )
    return [outline for outline in clipped if not outline.geometry.is_empty]


def _inside(geometry: BaseGeometry, window: Polygon) -> BaseGeometry:
    """Cut to the window; an area or line that only touches its edge leaves nothing."""
    cut = geometry.intersection(window)
    dimension = get_dimensions(geometry)
    parts = [p for p in getattr(cut, "geoms", [cut]) if get_dimensions(p) == dimension]
    return unary_union(parts) if len(parts) != 1 else parts[0]


def _named(*keys: str) -> Pick:
    def pick(outline: Outline) -> dict[str, Cell]:
        return {key: outline.properties.get(key) for key in keys}

    return pick


def _country(outline: Outline) -> dict[str, Cell]:
    short = str(outline.properties["name"])
    english, french = COUNTRY_NAMES.get(short, (short, short))
    return {"m49": outline.properties["id"], "name_en": english, "name_fr": french}


def _boundary_lines(natural_earth: Path, countries: list[Outline]) -> list[Outline]:
    english = {COUNTRY_NAMES[SUDAN][0], COUNTRY_NAMES[SOUTH_SUDAN][0]}
    undetermined = _shared_edge([o for o in countries if o.properties["name_en"] in english])
    lines = []
    for outline in _clip(
        natural_earth / "ne_10m_admin_0_boundary_lines_land.geojson", _named("featurecla")
    ):
        status = "INTERNATIONAL"
        on_edge = outline.geometry.intersection(undetermined).length
        if str(outline.properties["featurecla"]).startswith("Disputed"):
            status = "DISPUTED"
        elif on_edge > SHARED_PART * outline.geometry.length:
            status = "UNDETERMINED"
        lines.append(
            Outline(properties={"status": status, "claim": None}, geometry=outline.geometry)
        )
    claims = _clip(
        natural_earth / "ne_10m_admin_0_boundary_lines_disputed_areas.geojson",
        lambda outline: {"status": "DISPUTED", "claim": outline.properties["name"]},
    )
    return lines + claims


def _shared_edge(pair: list[Outline]) -> BaseGeometry:
    first, second = (outline.geometry.buffer(TOUCH_DEGREES) for outline in pair)
    return first.intersection(second)


def _disputed_areas(natural_earth: Path) -> list[Outline]:
    def pick(outline: Outline) -> dict[str, Cell]:
        name = str(outline.properties["BRK_NAME"])
        return {
            "name": DISPUTED_NAMES.get(name, name),
            "note": outline.properties["NOTE_BRK"],
            "status": "DISPUTED",
        }

    return _clip(natural_earth / "ne_10m_admin_0_disputed_areas.geojson", pick)


def _admin1_lines(natural_earth: Path) -> list[Outline]:
    lines = _clip(natural_earth / "ne_10m_admin1_lines.geojson", lambda _: {})
    parts = [part for o in lines for part in getattr(o.geometry, "geoms", [o.geometry])]
    return [Outline(properties={}, geometry=MultiLineString(parts))]


def _largest(geometry: BaseGeometry) -> BaseGeometry:
    parts = [p for p in getattr(geometry, "geoms", [geometry]) if isinstance(p, Polygon)]
    return max(parts, key=lambda part: part.area)


def _order(outline: Outline) -> tuple[str, str]:
    return repr(sorted(outline.properties.items())), outline.geometry.normalize().wkt


def _copy_assets(natural_earth: Path, target: Path) -> None:
    fonts = target / "fonts"
    for stack in FONT_STACKS:
        (fonts / stack).mkdir(parents=True, exist_ok=True)
        for glyphs in sorted((natural_earth / "fonts" / stack).glob("*.pbf")):
            shutil.copyfile(glyphs, fonts / stack / glyphs.name)
    shutil.copyfile(natural_earth / "fonts" / "OFL.txt", fonts / "OFL.txt")
    (target / "sprites").mkdir(exist_ok=True)
    for sprite in sorted((natural_earth / "sprites").iterdir()):
        shutil.copyfile(sprite, target / "sprites" / sprite.name)
