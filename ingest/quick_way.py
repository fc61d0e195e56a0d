"""The quick way through admission: plain reports, several at once, from bytes to entries. Pure.

Most reports are plain (`plain_report`). For these nothing is decided, only written down, so what
the careful way keeps about each (what was read, what was judged) is not made. Stage by stage over
all: what a stage needs stays in the processor's caches. A test holds every entry to be the one
that the careful way makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from ingest.decoders.place import DecodedPlace, decode_plain
from ingest.gazetteer import Gazetteer
from ingest.json_text import repeats_no_key
from ingest.plain_form import Found, look
from ingest.plain_report import Document, are_counts_in_order, read_plain
from ingest.spool_entry import SpoolEntry
from ingest.times import EARLIEST
from schemas.access import SENSITIVITY_LEVEL
from schemas.identity import report_id

_SORTED = orjson.OPT_SORT_KEYS
_DEGREES = (
    b'"sha256":"%b","decoded_lon":%b,"decoded_lat":%b,"decoded_radius_m":%b,'
    b'"decoded_from":"degrees"'
)


def time_text(at: datetime) -> bytes:
    """Return the whole second of a time in UTC, as most reports write times."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds").encode() + b"Z"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the reports of one request share.

    `head` begins each of their messages; a clock that is later than `latest` is wrong, and
    `latest_text` is its whole second as reports write times.
    """

    head: bytes
    latest: datetime
    latest_text: bytes
    max_level: int
    gazetteer: Gazetteer
    max_report_bytes: int


_EARLIEST = time_text(EARLIEST)


class _Row(NamedTuple):
    """What an entry needs of a plain report; `envelope` is what its message says beside it."""

    root_id: str
    revision: int
    occurred_start: datetime
    envelope: bytes


# As the named tuples make themselves, without the call into Python that unpacks their names.
_row = partial(tuple.__new__, _Row)
_entry = partial(tuple.__new__, SpoolEntry)


def plain_entries(bodies: Sequence[bytes], moment: Moment) -> list[SpoolEntry | None]:
    """Return the entry of each body that is surely a plain report, None for the others."""
    nothing: list[SpoolEntry | None] = [None] * len(bodies)
    if max(map(len, bodies)) > moment.max_report_bytes:
        return nothing
    try:
        documents = [orjson.loads(body) for body in bodies]
        forms = [orjson.dumps(document, None, _SORTED) for document in documents]
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        # One that can't be read is enough for all to be read one by one.
        return nothing
    if not repeats_no_key(b"\n".join(bodies), b"\n".join(forms)):
        return nothing
    hashes = [sha256(form).hexdigest() for form in forms]
    rows = _rows(documents, forms, hashes, moment)
    names = [None if row is None else report_id(row[2], row[0], row[1]) for row in rows]
    head = moment.head
    return [
        None
        if row is None
        else _entry((row[0], row[1], sha, name, b'%b,%b,"report":%b}' % (head, row[3], form)))
        for row, form, sha, name in zip(rows, forms, hashes, names, strict=True)
    ]


def _rows(
    documents: Sequence[Document], forms: Sequence[bytes], hashes: Sequence[str], moment: Moment
) -> list[_Row | None]:
    found = [look(form) for form in forms]
    return [
        _row_of_document(document, sha, moment)
        if fields is None
        else _row_of_form(fields, document, sha, moment)
        for document, fields, sha in zip(documents, found, hashes, strict=True)
    ]


def _row_of_form(
    found: Found,
    document: Document,
    sha: str,
    moment: Moment,
) -> _Row | None:
    """Return the row of a report that the look at its form found to be plain."""
    lat, lon, radius_m, observed, start, reported, revision, root_id, level, victims = found
    if not _are_clocks(start, observed or start, reported or start, moment.latest_text):
        return None
    if level is not None and SENSITIVITY_LEVEL[level.decode()] > moment.max_level:
        return None
    if victims is not None and not are_counts_in_order(document["victims"]):
        return None
    if lat is not None and _is_sound(float(lon), float(lat), float(radius_m), moment.gazetteer):
        envelope: bytes | None = _DEGREES % (sha.encode(), lon, lat, radius_m)
    else:
        envelope = _envelope(document.get("location"), sha, moment.gazetteer)
    if envelope is None:
        return None
    at = datetime.fromisoformat(start.decode())
    return _row((root_id.decode(), int(revision or 1), at, envelope))


def _are_clocks(start: bytes, observed: bytes, reported: bytes, latest: bytes) -> bool:
    # Text compares as the times do: all have one form.
    return (
        _EARLIEST <= start <= latest
        and _EARLIEST <= observed <= latest
        and _EARLIEST <= reported <= latest
    )


def _is_sound(lon: float, lat: float, radius_m: float, gazetteer: Gazetteer) -> bool:
    """Say whether degrees are used as they are, as `decode_plain` says it."""
    area = gazetteer.area
    return area is not None and bool(lon or lat) and radius_m > 0 and area.contains(lon, lat)


def _row_of_document(document: Document, sha: str, moment: Moment) -> _Row | None:
    report = read_plain(document, latest=moment.latest, max_level=moment.max_level)
    if report is None:
        return None
    envelope = _envelope(report.location, sha, moment.gazetteer)
    if envelope is None:
        return None
    return _row((report.root_id, report.revision, report.occurred_start, envelope))


def _envelope(location: Mapping[str, Any] | None, sha: str, gazetteer: Gazetteer) -> bytes | None:
    """Return what a message says beside its report; None if there is something to remark."""
    place = decode_plain(location, gazetteer) if location else DecodedPlace()
    return None if place is None else orjson.dumps(_fields(sha, place))[1:-1]


def _fields(sha: str, place: DecodedPlace) -> Mapping[str, Any]:
    lon, lat, radius_m, decoded_from, _, _ = place
    if lon is None:
        return {"sha256": sha}
    return {
        "sha256": sha,
        "decoded_lon": lon,
        "decoded_lat": lat,
        "decoded_radius_m": radius_m,
        "decoded_from": decoded_from,
    }
