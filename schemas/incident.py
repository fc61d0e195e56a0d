"""An incident: what happened, as best known, from one or more reports fused."""

from __future__ import annotations

from schemas.message import Lat, Lon, Message, Time


class Nearby(Message):
    """The feature of its layer nearest to an incident, in geodesic metres from its best place.

    `certain` says that it is the nearest from wherever in the incident's circle the true place is.
    """

    feature_id: str
    layer: str
    kind: str
    name: str
    distance_m: float
    certain: bool = True


class Victims(Message):
    """Totals of an incident: best estimates, with the range that the reports span."""

    killed_min: int = 0
    killed_best: int = 0
    killed_max: int = 0
    civilians_killed_best: int = 0
    injured_best: int = 0
    un_killed_best: int = 0
    un_injured_best: int = 0
    children: bool = False


class Incident(Message):
    """One revision of an incident.

    `day` is the mission-local day (days since 1970-01-01), `radius_m` the uncertainty of the
    best-placed report. `members` are (root_id, revision), smallest first; `weight_milli` is the
    evidence weight in thousandths; `level` the highest sensitivity level among the members.
    `adm2_candidates` lists the counties that the circle touches when it is not certain.
    """

    incident_id: str
    revision: int = 1
    day: int
    occurred_start: Time
    occurred_end: Time | None = None
    event_type: str
    event_class: str
    lon: Lon | None = None
    lat: Lat | None = None
    radius_m: float | None = None
    precision: str = "P7"
    cell: str | None = None
    adm0: str | None = None
    adm1: str | None = None
    adm2: str | None = None
    adm2_candidates: tuple[str, ...] = ()
    actor_tokens: tuple[str, ...] = ()
    actor_key: str = ""
    actor_class: str = "UNKNOWN"
    severity: int = 1
    victims: Victims = Victims()
    n_reports: int = 1
    n_independent: int = 1
    weight_milli: int = 0
    reliability: str = "F"
    credibility: str = "6"
    min_level: int = 0
    level: int = 0
    violations: tuple[str, ...] = ()
    exercise: bool = False
    illustrative: bool = False
    nearby: tuple[Nearby, ...] = ()
    members: tuple[tuple[str, int], ...] = ()
    retracted: bool = False


class IncidentMoved(Message):
    """An incident that is one no more: its reports are in another, or in none."""

    incident_id: str
    revision: int
    moved_to: str | None = None
