"""Plain reports: everything in the schema's own form, and nothing to remark. Pure.

Most reports are plain. Reading one into the structs below checks all of its types at once, and
what was read writes itself as canonical JSON: the fields stand in the order of their names, and
what is absent stays absent. This only ever says yes or "let the careful way decide": where it says
yes, it must agree with `sent_report`, `vocabulary` and `times`, and tests hold it to that.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, cast

from msgspec import UNSET, Meta, Struct, UnsetType, defstruct, structs, to_builtins
from msgspec.json import Decoder, Encoder

from ingest import vocabulary
from ingest.times import EARLIEST
from schemas.access import level_of
from schemas.report import MAX_REVISION, ReportedLocation

_NAME = "[A-Za-z0-9][A-Za-z0-9._:-]{2,63}"
_TIME = "[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}Z"
# Possessive, so no input makes them slow.
_NAMES = re.compile(rf"(?:{_NAME}+\n)*+")
_TIMES = re.compile(rf"(?:{_TIME})*+")

MAX_ACTORS, MAX_VICTIMS = 16, 128

Key = Annotated[str, Meta(pattern=rf"\A{_NAME}\Z")]
ShortText = Annotated[str, Meta(max_length=200)]
CodeText = Annotated[str, Meta(max_length=32)]
LongText = Annotated[str, Meta(max_length=10_000)]
TimeText = Annotated[str, Meta(min_length=20, max_length=20)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
# As it was written: 6 does not become 6.0. Far beyond any place, and still without an exponent,
# in which ways to write a number differ.
Number = (
    Annotated[int, Meta(ge=-1_000_000_000, le=1_000_000_000)]
    | Annotated[float, Meta(ge=-1e9, le=1e9)]
)
Metres = Annotated[int, Meta(ge=0, le=2_000_000)] | Annotated[float, Meta(ge=0.0, le=2e6)]
# From a list: which codes it has is known when the first report is read.
Code = str


class _Part(Struct, gc=False, forbid_unknown_fields=True):
    """No part can be in a cycle, so the collector need not look at it."""


PartT = TypeVar("PartT", bound=_Part)


class PlainLocation(_Part, kw_only=True):
    """A place in any of the forms that units send."""

    accuracy_m: Metres | UnsetType = UNSET
    given: ShortText | UnsetType = UNSET
    lat: Number | UnsetType = UNSET
    lon: Number | UnsetType = UNSET
    mgrs: CodeText | UnsetType = UNSET
    pcode: CodeText | UnsetType = UNSET
    place_name: ShortText | UnsetType = UNSET
    precision: Code | UnsetType = UNSET
    uncertainty_m: Metres | UnsetType = UNSET

    def as_reported(self) -> ReportedLocation:
        """Return the location as the careful way knows it."""
        return ReportedLocation.model_validate(to_builtins(self))


class PlainActor(_Part, kw_only=True):
    """A party in a plain report."""

    actor_id: Key | UnsetType = UNSET
    name: ShortText | UnsetType = UNSET
    raw_code: ShortText | UnsetType = UNSET
    role: Code | UnsetType = UNSET
    type: Code | UnsetType = UNSET


class PlainVictims(_Part, kw_only=True):
    """How many of one group suffered one harm."""

    best: Count
    estimate: bool | UnsetType = UNSET
    group: Code | UnsetType = UNSET
    harm: Code
    max: Count | UnsetType = UNSET
    min: Count | UnsetType = UNSET
    population: Code | UnsetType = UNSET


class PlainSource(_Part, kw_only=True):
    """Who said it, and how far to trust it."""

    credibility: Literal["1", "2", "3", "4", "5", "6"] | UnsetType = UNSET
    ref: Key | UnsetType = UNSET
    reliability: Literal["A", "B", "C", "D", "E", "F"] | UnsetType = UNSET
    type: Code | UnsetType = UNSET


class PlainReport(_Part, kw_only=True):
    """A report that can be taken as it is. Times are UTC, in whole seconds."""

    actors: Annotated[list[PlainActor], Meta(max_length=MAX_ACTORS)] | UnsetType = UNSET
    derived_from: ShortText | UnsetType = UNSET
    event_type: Code | UnsetType = UNSET
    exercise: bool | UnsetType = UNSET
    illustrative: bool | UnsetType = UNSET
    location: PlainLocation | UnsetType = UNSET
    observed_at: TimeText | UnsetType = UNSET
    occurred_start: TimeText
    raw_code: ShortText | UnsetType = UNSET
    record_kind: Code | UnsetType = UNSET
    report_kind: Code | UnsetType = UNSET
    reported_at: TimeText | UnsetType = UNSET
    revision: Annotated[int, Meta(ge=1, le=MAX_REVISION)] | UnsetType = UNSET
    root_id: str
    sensitivity: Code | UnsetType = UNSET
    severity: Annotated[int, Meta(ge=1, le=5)] | UnsetType = UNSET
    source: PlainSource | UnsetType = UNSET
    supersedes: Key | UnsetType = UNSET
    text: LongText | UnsetType = UNSET
    time_precision: Code | UnsetType = UNSET
    victims: Annotated[list[PlainVictims], Meta(max_length=MAX_VICTIMS)] | UnsetType = UNSET

    def start(self) -> datetime:
        """Return when it happened."""
        return datetime.fromisoformat(self.occurred_start)


def time_text(at: datetime) -> str:
    """Return the whole second of a time as plain reports write times."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


_EARLIEST = time_text(EARLIEST)


def read_plain(body: bytes, *, max_level: int) -> PlainReport | None:
    """Return a report that may be plain, or None when the careful way has to decide.

    `max_level` is the highest that the sender may write. What is left to look at: its id and its
    clocks (`starts_of`), its place, and whether a key was there twice.
    """
    try:
        report = _decoder().decode(body)
    except ValueError:
        # Not as the structs have it, no JSON, or not UTF-8.
        return None
    if report.sensitivity and level_of(report.sensitivity) > max_level:
        return None
    if report.victims and not all(map(_is_in_order, report.victims)):
        return None
    return report


def starts_of(reports: Sequence[PlainReport], *, latest: str) -> list[datetime] | None:
    """Return when some reports began, None if an id of theirs is no id or a time no clock's.

    No clock may be later than `latest`. Looks at all of them at once: a pattern costs most to call.
    """
    names = "".join([f"{report.root_id}\n" for report in reports])
    # Counted, as an id that holds a line feed would pass for two.
    if not _NAMES.fullmatch(names) or names.count("\n") != len(reports):
        return None
    times = {
        time
        for it in reports
        for time in (it.occurred_start, it.observed_at, it.reported_at)
        if time is not UNSET
    }
    # Text compares as the times do: all have one form.
    if not _TIMES.fullmatch("".join(times)) or min(times) < _EARLIEST or max(times) > latest:
        return None
    try:
        dates = {time: datetime.fromisoformat(time) for time in times}
    except ValueError:
        return None
    return [dates[report.occurred_start] for report in reports]


def canonical_lines(reports: Sequence[PlainReport]) -> bytes:
    """Return the canonical JSON of each report, with a line feed after each."""
    return _encoder().encode_lines(reports)


def _is_in_order(count: PlainVictims) -> bool:
    best = count.best
    least = best if count.min is UNSET else count.min
    most = best if count.max is UNSET else count.max
    return least <= best <= most


# ---------------------------------------------------------------- with the codes of the lists


@cache
def _encoder() -> Encoder:
    return Encoder()


@cache
def _decoder() -> Decoder[PlainReport]:
    location = _narrowed(PlainLocation, _codes(vocabulary.PARTS["location"]))
    source = _narrowed(PlainSource, _codes(vocabulary.PARTS["source"]))
    actor = _narrowed(PlainActor, _codes(vocabulary.ACTOR))
    victims = _narrowed(PlainVictims, _codes(vocabulary.VICTIM))
    parts = {
        "location": location,
        "source": source,
        "actors": Annotated[list[actor], Meta(max_length=MAX_ACTORS)],  # type: ignore[valid-type]
        "victims": Annotated[list[victims], Meta(max_length=MAX_VICTIMS)],  # type: ignore[valid-type]
    }
    return Decoder(_narrowed(PlainReport, _codes(vocabulary.TOP) | parts))


def _codes(lists: Mapping[str, str]) -> dict[str, Any]:
    return {field: Literal[tuple(sorted(vocabulary.known(name)))] for field, name in lists.items()}


def _narrowed(part: type[PartT], types: Mapping[str, Any]) -> type[PartT]:
    """Return a part some of whose fields have a narrower type. Their order stays."""
    fields = [
        (field.name, types[field.name], field.default)
        for field in structs.fields(part)
        if field.name in types
    ]
    narrowed = defstruct(part.__name__, fields, bases=(part,), kw_only=True)
    return cast(type[PartT], narrowed)
