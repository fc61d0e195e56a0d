"""A report: what one source said, as sent, with its grade and its times.

Fields follow the record kinds, times, grades and sensitivity of the mission's code lists
(`schemas/codes/`). A report never changes; a correction is a higher `revision` of the same
`root_id`. Times are UTC after parsing; `occurred_…` is the world's time, `reported_at` the
device's, `received_at` (in `AdmittedReport`) ours, on the mission clock.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from schemas.message import Code, Key, Lat, Lon, Message, ShortText, Text, Time

MAX_REVISION = 9_999

Count = Annotated[int, Field(ge=0, le=1_000_000)]


class ReportedLocation(Message):
    """A place as given: any of the forms may be there, `given` keeps the sender's words.

    `lon`, `lat` are WGS 84 degrees; `mgrs` has 2 to 10 digits; `precision` is P1 to P7 (code list
    `loc_precision`); `uncertainty_m` is a radius and overrides the precision's. Coordinates are
    not bounded here: out-of-range or swapped ones are kept as given and left unresolved.
    """

    given: ShortText | None = None
    lon: float | None = None
    lat: float | None = None
    mgrs: Annotated[str, Field(max_length=32)] | None = None
    pcode: Annotated[str, Field(max_length=32)] | None = None
    place_name: ShortText | None = None
    precision: Code | None = None
    uncertainty_m: Annotated[float, Field(ge=0, le=2_000_000)] | None = None
    accuracy_m: Annotated[float, Field(ge=0)] | None = None


class Actor(Message):
    """A party in a report. `actor_id` is from the mission's catalogue, `name` as reported."""

    actor_id: Key | None = None
    name: ShortText | None = None
    type: Code = "UNKNOWN"
    role: Code = "PARTY"
    raw_code: ShortText | None = None


class VictimCount(Message):
    """One cell of the sex and age matrix: how many of one group suffered one harm.

    `harm`: KILLED, INJURED, …; `group`: men, women, boys, girls, adult_unknown_sex,
    child_unknown_sex, unknown; `population`: CIVILIANS, COMBATANTS, UN, AID_WORKERS, UNKNOWN.
    """

    harm: Code
    group: Code = "unknown"
    population: Code = "UNKNOWN"
    min: Count | None = None
    best: Count
    max: Count | None = None
    estimate: bool = False


class SourceGrade(Message):
    """Who said it and how far to trust it: reliability A to F, credibility 1 to 6."""

    type: Code = "FIRST_HAND"
    ref: Key | None = None
    reliability: Annotated[str, Field(pattern=r"^[A-F]$")] = "F"
    credibility: Annotated[str, Field(pattern=r"^[1-6]$")] = "6"
    graded_by: Key | None = None
    graded_at: Time | None = None
    origin_chain: Annotated[tuple[Key, ...], Field(max_length=32)] = ()


class GenderObservation(Message):
    """What was asked and seen about women and girls."""

    observation: Text | None = None
    women_consulted: bool | None = None
    engagement_team_present: bool | None = None
    who_is_absent: Annotated[tuple[Code, ...], Field(max_length=16)] = ()


class Report(Message):
    """One revision of what one source said."""

    root_id: Key
    revision: Annotated[int, Field(ge=1, le=MAX_REVISION)] = 1
    supersedes: Key | None = None
    record_kind: Code = "INCIDENT"
    report_kind: Code = "SPOTREP"
    occurred_start: Time | None = None
    occurred_end: Time | None = None
    observed_at: Time | None = None
    reported_at: Time | None = None
    valid_to: Time | None = None
    time_precision: Code = "HOUR"
    location: ReportedLocation = ReportedLocation()
    event_type: Code = "OTHER"
    raw_code: ShortText | None = None
    severity: Annotated[int, Field(ge=1, le=5)] | None = None
    actors: Annotated[tuple[Actor, ...], Field(max_length=16)] = ()
    victims: Annotated[tuple[VictimCount, ...], Field(max_length=128)] = ()
    source: SourceGrade = SourceGrade()
    sensitivity: Code = "UNCLASSIFIED"
    caveats: Annotated[tuple[Code, ...], Field(max_length=16)] = ()
    consent: Code | None = None
    violations: Annotated[tuple[Code, ...], Field(max_length=16)] = ()
    crsv_subtype: Code | None = None
    device_class: Code | None = None
    gender: GenderObservation | None = None
    exercise: bool = False
    illustrative: bool = False
    derived_from: ShortText | None = None
    text: Text | None = None


class Warning_(Message):  # noqa: N801 - `Warning` is Python's own
    """Something about a report that was accepted and should be looked at."""

    code: Code
    pointer: Annotated[str, Field(max_length=400)]
    detail: Annotated[str, Field(max_length=1_000)]


class AdmittedReport(Message):
    """A report as the log carries it: what was sent, who sent it, and when we got it.

    `position` is the spool sequence at `node`; (node, position) is the receipt's token.
    `occurred_start` of the report is never missing here: admission fills it from the best time
    that the report has and says so in a warning. `place` says whether coordinates may be used.
    `sha256` is of the canonical JSON of the body as sent.
    """

    node: Key
    unit_id: Key
    received_at: Time
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    clock_suspect: bool = False
    place_usable: bool = True
    decoded_lon: Lon | None = None
    decoded_lat: Lat | None = None
    decoded_radius_m: Annotated[float, Field(ge=0)] | None = None
    decoded_from: Code | None = None
    warnings: tuple[Warning_, ...] = ()
    report: Report


class Receipt(Message):
    """The answer to a report: its ids, its state and what to look at.

    `state`: accepted (durable in the spool), stored (processed), set_aside (see `reason`).
    `token` is opaque: give it as `min_position` to read your own write.
    """

    report_id: str
    root_id: str
    revision: int
    state: Code
    received_at: Time
    token: str
    href: str
    duplicate: bool = False
    incident_id: str | None = None
    reason: str | None = None
    warnings: tuple[Warning_, ...] = ()
