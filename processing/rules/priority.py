"""From a risk band to a priority: the order in which people are asked to look."""

from __future__ import annotations

from schemas.flag import Band, Certainty

LOWEST = 1
HIGHEST = 5


def priority_of(
    band: Band,
    certainty: Certainty,
    *,
    children_or_crsv: bool,
    displaced_site: bool,
) -> int:
    """Return 1 (routine) to 5.

    The band counts 1 to 4; one more for children or sexual violence, one more when a site of
    displaced people is threatened, one less when the place is only possible.
    """
    raised = int(band) + int(children_or_crsv) + int(displaced_site)
    lowered = raised - int(certainty is Certainty.POSSIBLE)
    return min(max(lowered, LOWEST), HIGHEST)
