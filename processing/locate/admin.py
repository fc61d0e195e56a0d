"""Admin areas of located reports: certain, or the candidates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from processing.locate.areas import AreaIndex
from processing.locate.epochs import Epochs
from processing.locate.layers import LayerSet, day_number
from processing.locate.resolve import Resolved
from schemas.layer import Feature, LayerKind

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminColumns:
    """P-codes by row; "" where no one area is certain, () where none is touched."""

    adm1: list[str]
    adm2: list[str]
    adm2_candidates: list[tuple[str, ...]]


class Admin:
    """Finds states and counties. Parents are those that the layers name, never cut from codes."""

    def __init__(self, layers: LayerSet) -> None:
        self._areas = {
            kind: Epochs(layers.layer(kind), partial(AreaIndex, layers.layer(kind)))
            for kind in (LayerKind.ADM1, LayerKind.ADM2)
        }
        self._by_code = {
            feature.feature_id: feature
            for kind in (LayerKind.ADM0, LayerKind.ADM1, LayerKind.ADM2)
            for feature in layers.layer(kind).features
        }
        self._children = _children(layers)

    def name(self, pcode: str) -> str:
        """Return an area's name, or the code itself when it is unknown."""
        feature = self._by_code.get(pcode)
        return pcode if feature is None else feature.name

    def parent(self, pcode: str) -> str:
        """Return the code of the area above, "" when there is none or it is unknown."""
        feature = self._by_code.get(pcode)
        return "" if feature is None else feature.parent_id or ""

    def of(self, resolved: Resolved, placed: IntArray, *, day: IntArray) -> AdminColumns:
        """Return the areas of the placed rows: as stated by P-code, else by the circle.

        A circle's state is its certain county's parent; only where no county is certain do the
        states' own polygons decide, for the two layers may be drawn apart along borders.
        """
        n = len(resolved.lon)
        columns = AdminColumns(adm1=[""] * n, adm2=[""] * n, adm2_candidates=[()] * n)
        left = np.zeros(n, dtype=np.bool_)
        left[placed] = True
        for row, area in resolved.stated.items():
            left[row] = not self._tell(columns, row, area, day)
        vague = left & np.isnan(resolved.radius_m)
        circles = np.flatnonzero(left & ~vague)
        self._hold(LayerKind.ADM2, resolved, circles, day=day, columns=columns)
        for row in circles.tolist():
            if columns.adm2[row]:
                columns.adm1[row] = self.parent(columns.adm2[row])
        unsure = np.array(
            [row for row in circles.tolist() if not columns.adm1[row]], dtype=np.int64
        )
        self._hold(LayerKind.ADM1, resolved, unsure, day=day, columns=columns)
        self._hold_vague(resolved, np.flatnonzero(vague), day=day, columns=columns)
        return columns

    def _hold_vague(
        self, resolved: Resolved, rows: IntArray, *, day: IntArray, columns: AdminColumns
    ) -> None:
        """Give positions that tell no more than a state the state, and its counties to choose."""
        if len(rows) == 0:
            return
        for index, part in self._areas[LayerKind.ADM1].parts(day[rows]):
            at = rows[part]
            held = index.hold(resolved.lon[at], resolved.lat[at], np.zeros(len(at)))
            for row, area, touched in zip(at.tolist(), held.area, held.candidates, strict=True):
                columns.adm1[row] = area
                states = [self._by_code[state] for state in touched]
                columns.adm2_candidates[row] = self._counties_of(states, int(day[row]))

    def _hold(
        self,
        kind: LayerKind,
        resolved: Resolved,
        rows: IntArray,
        *,
        day: IntArray,
        columns: AdminColumns,
    ) -> None:
        if len(rows) == 0:
            return
        for index, part in self._areas[kind].parts(day[rows]):
            at = rows[part]
            held = index.hold(resolved.lon[at], resolved.lat[at], resolved.radius_m[at])
            target = columns.adm2 if kind is LayerKind.ADM2 else columns.adm1
            for row, area, candidates in zip(at.tolist(), held.area, held.candidates, strict=True):
                target[row] = area
                if kind is LayerKind.ADM2:
                    columns.adm2_candidates[row] = candidates

    def _tell(self, columns: AdminColumns, row: int, area: Feature, day: IntArray) -> bool:
        """Take a stated area as certain, unless it did not exist then: the circle must do."""
        counties = self._counties_of([area], int(day[row]))
        if not counties or not _is_valid(area, int(day[row])):
            return False
        columns.adm2_candidates[row] = counties
        if area.layer is LayerKind.ADM2:
            columns.adm2[row] = area.feature_id
            columns.adm1[row] = area.parent_id or ""
        if area.layer is LayerKind.ADM1:
            columns.adm1[row] = area.feature_id
        return True

    def _counties_of(self, areas: Sequence[Feature], day: int) -> tuple[str, ...]:
        """Return the counties in some areas of one level that were valid on a day, sorted."""
        level = list(areas)
        while level and level[0].layer is not LayerKind.ADM2:
            level = [child for above in level for child in self._children[above.feature_id]]
        return tuple(sorted(county.feature_id for county in level if _is_valid(county, day)))


def _children(layers: LayerSet) -> defaultdict[str, list[Feature]]:
    children: defaultdict[str, list[Feature]] = defaultdict(list)
    for kind in (LayerKind.ADM1, LayerKind.ADM2):
        for feature in layers.layer(kind).features:
            if feature.parent_id:
                children[feature.parent_id].append(feature)
    return children


def _is_valid(feature: Feature, day: int) -> bool:
    starts, ends = feature.valid_from, feature.valid_to
    if starts is not None and day < day_number(starts):
        return False
    return ends is None or day < day_number(ends)
