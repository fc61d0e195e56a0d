"""Derive the sample mission's files from a folder of upstream sources.

Run by the project when a source changes; running Tocsin needs only its results, which are in the
repository:

    python -m deploy.demo.build_sample SOURCES

SOURCES holds `admin/`, `basemap/`, `conflict/`, `gazetteer/` and `infra/`; each module under
`deploy/demo/derive/` names the files and columns that it takes and why. The same sources give
the same bytes. What each file is, and its caveats: `docs/data.md`; licences: `NOTICE`.

`mission.yaml` is written by hand and is not touched.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from deploy.demo.derive.areas import derive_areas
from deploy.demo.derive.basemap import derive_basemap
from deploy.demo.derive.bases import derive_bases
from deploy.demo.derive.events import derive_events
from deploy.demo.derive.places import derive_airfields, derive_health, derive_settlements
from deploy.demo.derive.sites import derive_sites
from deploy.demo.derive.units import derive_units

ROOT = Path(__file__).resolve().parents[2]
MISSION = ROOT / "deploy" / "demo" / "south_sudan"
BASEMAP = ROOT / "api" / "web" / "public" / "basemap"


def build(sources: Path, mission: Path, basemap: Path) -> list[str]:
    """Write every derived file; return what was counted and measured on the way."""
    mission.mkdir(parents=True, exist_ok=True)
    counties, found = derive_areas(sources, mission)
    found += derive_settlements(sources, mission, counties)
    found += derive_health(sources, mission, counties)
    found += derive_airfields(sources, mission, counties)
    bases, counted = derive_bases(sources, mission, counties)
    found += counted
    found += derive_sites(mission, bases)
    found += derive_units(mission, bases)
    found += derive_events(sources, mission, counties)
    found += derive_basemap(sources, basemap)
    return found


def main() -> None:
    """Build from the folder given on the command line and print what was found."""
    parser = argparse.ArgumentParser(description="Derive the sample mission's files.")
    parser.add_argument("sources", type=Path, help="folder of the upstream sources")
    parser.add_argument("--mission", type=Path, default=MISSION, help="where the data go")
    parser.add_argument("--basemap", type=Path, default=BASEMAP, help="where the basemap goes")
    arguments = parser.parse_args()
    for line in build(arguments.sources, arguments.mission, arguments.basemap):
        sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
