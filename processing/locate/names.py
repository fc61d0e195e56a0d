"""Place names as people type them: case, accents, punctuation and spaces do not count."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from processing.locate.layers import LayerColumns, LayerSet
from schemas.layer import Feature, LayerKind

# A town before what is named after it: "Bentiu" is the town, unless there is only a base.
_SEARCHED: tuple[tuple[LayerKind, ...], ...] = (
    (LayerKind.SETTLEMENT,),
    (LayerKind.CIVILIAN_SITE, LayerKind.UN_BASE),
)
_NOT_A_LETTER_OR_DIGIT = re.compile(r"[\W_]+")


def fold_name(name: str) -> str:
    """Return a name without case, accents, punctuation and surplus space; "" if nothing is left."""
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return _NOT_A_LETTER_OR_DIGIT.sub(" ", bare).strip()


class PlaceNames:
    """Finds a named place that was valid on a day."""

    def __init__(self, layers: LayerSet) -> None:
        self._groups = [_by_name([layers.layer(kind) for kind in kinds]) for kinds in _SEARCHED]

    def find(self, name: str, *, day: int) -> Feature | None:
        """Return the one place of a name; None if there is none or several.

        Settlements are searched first, then sites and bases; a name that two settlements share
        stays unresolved, for a guess would put violence where there was none.
        """
        folded = fold_name(name)
        if not folded:
            return None
        for group in self._groups:
            valid = [
                (layer, row)
                for layer, row in group.get(folded, ())
                if layer.valid_from[row] <= day < layer.valid_to[row]
            ]
            if valid:
                layer, row = valid[0]
                return layer.features[row] if len(valid) == 1 else None
        return None


def _by_name(layers: Sequence[LayerColumns]) -> dict[str, list[tuple[LayerColumns, int]]]:
    named: defaultdict[str, list[tuple[LayerColumns, int]]] = defaultdict(list)
    for layer in layers:
        for row, feature in enumerate(layer.features):
            named[fold_name(feature.name)].append((layer, row))
    return dict(named)
