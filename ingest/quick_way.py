"""The quick way through admission: plain reports, several at once, from bytes to entries. Pure.

Most reports are plain (`plain_report`). For these nothing is decided, only written down, so what
the careful way keeps about each (what was read, what was judged) is not made. Stage by stage over
all: what a stage needs stays in the processor's caches. A test holds every entry to be the one
that the careful way makes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from ingest.decoders.place import DecodedPlace, decode_plain
from ingest.gazetteer import Gazetteer
from ingest.json_text import repeats_no_key
from ingest.plain_report import PlainReport, read_plain
from ingest.spool_entry import SpoolEntry
from schemas.identity import report_id

_NOWHERE = DecodedPlace()
_SORTED = orjson.OPT_SORT_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the reports of one request share.

    `head` begins each of their messages; a clock that is later than `latest` is wrong.
    """

    head: bytes
    latest: datetime
    max_level: int
    gazetteer: Gazetteer
    max_report_bytes: int


class _Row(NamedTuple):
    """A plain report on its way: where it stands among the bodies, and what is known of it."""

    at: int
    form: bytes
    sha256: str
    report: PlainReport
    place: DecodedPlace


# As the named tuples make themselves, without the call into Python that unpacks their names.
_row = partial(tuple.__new__, _Row)
_entry = partial(tuple.__new__, SpoolEntry)


def plain_entries(bodies: Sequence[bytes], moment: Moment) -> list[SpoolEntry | None]:
    """Return the entry of each body that is surely a plain report, None for the others."""
    entries: list[SpoolEntry | None] = [None] * len(bodies)
    rows = _rows(bodies, moment)
    for row, entry in zip(rows, _entries(rows, moment.head), strict=True):
        entries[row.at] = entry
    return entries


def _rows(bodies: Sequence[bytes], moment: Moment) -> list[_Row]:
    if max(map(len, bodies)) > moment.max_report_bytes:
        return []
    try:
        documents = [orjson.loads(body) for body in bodies]
        forms = [orjson.dumps(document, None, _SORTED) for document in documents]
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        # One that can't be read is enough for all to be read one by one.
        return []
    if not repeats_no_key(b"\n".join(bodies), b"\n".join(forms)):
        return []
    hashes = [sha256(form).hexdigest() for form in forms]
    latest, level, gazetteer = moment.latest, moment.max_level, moment.gazetteer
    reports = [read_plain(it, latest=latest, max_level=level) for it in documents]
    places = [None if it is None else _place(it, gazetteer) for it in reports]
    rows = zip(range(len(forms)), forms, hashes, reports, places, strict=True)
    return [_row(row) for row in rows if row[4] is not None]


def _place(report: PlainReport, gazetteer: Gazetteer) -> DecodedPlace | None:
    return decode_plain(report.location, gazetteer) if report.location else _NOWHERE


def _entries(rows: Sequence[_Row], head: bytes) -> list[SpoolEntry]:
    if not rows:
        return []
    envelopes = _envelopes(rows)
    names = [report_id(it.occurred_start, it.root_id, it.revision) for _, _, _, it, _ in rows]
    return [
        _entry(
            (
                report.root_id,
                report.revision,
                sha,
                name,
                b'%b,%b,"report":%b}' % (head, envelope, form),
            )
        )
        for (_, form, sha, report, _), name, envelope in zip(rows, names, envelopes, strict=True)
    ]


def _envelopes(rows: Sequence[_Row]) -> list[bytes]:
    """Return the other fields of each message: in one go, and cut apart again.

    Nothing in them is a sender's text, so nothing in them looks like the cut.
    """
    fields = [_fields(sha, place) for _, _, sha, _, place in rows]
    return orjson.dumps(fields)[2:-2].split(b"},{")


def _fields(sha: str, place: DecodedPlace) -> dict[str, Any]:
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
