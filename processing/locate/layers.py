"""The mission's layers as immutable columns, one set of arrays a layer, with validity by day."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from schemas.codec import encode
from schemas.layer import Feature, LayerKind

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

OPEN_FROM = int(np.iinfo(np.int64).min)
OPEN_TO = int(np.iinfo(np.int64).max)

_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


def day_number(day: dt.date) -> int:
    """Return the days since 1970-01-01."""
    return day.toordinal() - _EPOCH_ORDINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerColumns:
    """The features of one layer, in order of feature_id, and their columns in the same order.

    `valid_from` is the first day, `valid_to` the first day not included, as days since 1970-01-01;
    open ends are OPEN_FROM and OPEN_TO. An unknown population is NaN.
    """

    features: tuple[Feature, ...]
    lon: FloatArray
    lat: FloatArray
    radius_m: FloatArray
    population: FloatArray
    valid_from: IntArray
    valid_to: IntArray

    def __len__(self) -> int:
        return len(self.features)

    def valid_on(self, day: int) -> BoolArray:
        """Say which features were valid on a day."""
        return (self.valid_from <= day) & (day < self.valid_to)

    def changes(self) -> IntArray:
        """Return the days on which the set of valid features may change, sorted, each once."""
        ends = np.concatenate((self.valid_from, self.valid_to))
        return np.unique(ends[(ends != OPEN_FROM) & (ends != OPEN_TO)])


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerSet:
    """All layers of a mission at one version. Layers without features are there and empty.

    `version` is a hash of every feature's content: equal sets have equal versions, in any order.
    """

    columns: Mapping[str, LayerColumns]
    version: str

    @classmethod
    def of(cls, features: Iterable[Feature]) -> LayerSet:
        """Build the set. Of two features with one id in one layer the later one counts."""
        by_layer: defaultdict[LayerKind, dict[str, Feature]] = defaultdict(dict)
        for feature in features:
            by_layer[feature.layer][feature.feature_id] = feature
        columns = {kind.value: _columns(by_layer[kind].values()) for kind in LayerKind}
        return cls(columns=MappingProxyType(columns), version=_version(columns.values()))

    def layer(self, kind: str) -> LayerColumns:
        """Return one layer by its kind or its name; an unknown one is empty."""
        return self.columns.get(kind) or _columns(())


def _columns(features: Iterable[Feature]) -> LayerColumns:
    ordered = tuple(sorted(features, key=lambda feature: feature.feature_id))
    return LayerColumns(
        features=ordered,
        lon=_floats([f.lon for f in ordered]),
        lat=_floats([f.lat for f in ordered]),
        radius_m=_floats([f.radius_m for f in ordered]),
        population=_floats([np.nan if f.population is None else f.population for f in ordered]),
        valid_from=_days([f.valid_from for f in ordered], missing=OPEN_FROM),
        valid_to=_days([f.valid_to for f in ordered], missing=OPEN_TO),
    )


def _floats(values: Sequence[float]) -> FloatArray:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


def _days(days: Sequence[dt.date | None], *, missing: int) -> IntArray:
    numbers = [missing if day is None else day_number(day) for day in days]
    array = np.array(numbers, dtype=np.int64)
    array.flags.writeable = False
    return array


def _version(columns: Iterable[LayerColumns]) -> str:
    digest = hashlib.sha256()
    for layer in columns:
        for feature in layer.features:
            digest.update(encode(feature))
            digest.update(b"\n")
    return digest.hexdigest()
