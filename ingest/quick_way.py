"""The quick way through admission: plain reports from bytes to entries. Pure.

Most reports are plain (`plain_report`). For these nothing is decided, only written down, so what
the careful way keeps about each (what was read, what was judged) is not made. A test holds every
entry to be the one that the careful way makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from typing import NamedTuple

import orjson
from msgspec import UNSET

from ingest.decoders.grid import learn_mgrs
from ingest.decoders.place import DecodedPlace, decode_plain
from ingest.gazetteer import Gazetteer
from ingest.json_text import repeats_no_key
from ingest.plain_report import PlainReport, canonical_lines, read_plain, starts_of
from ingest.spool_entry import SpoolEntry
from schemas.identity import report_ids

_PLACELESS = b'%b,"sha256":"%b","report":%b}'
_PLACED = (
    b'%b,"sha256":"%b","decoded_lon":%b,"decoded_lat":%b,"decoded_radius_m":%b,'
    b'"decoded_from":"%b","report":%b}'
)
_NOWHERE = DecodedPlace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What the reports of one request share.

    `head` begins each of their messages; a clock that shows more than `latest` is wrong.
    """

    head: bytes
    latest: str
    max_level: int
    gazetteer: Gazetteer
    max_report_bytes: int


class _Found(NamedTuple):
    """A report that may be plain, whose place is."""

    body: bytes
    report: PlainReport
    place: DecodedPlace


# As the named tuples make themselves, without the call into Python that unpacks their names.
_found = partial(tuple.__new__, _Found)
_entry = partial(tuple.__new__, SpoolEntry)


def plain_entries(bodies: Sequence[bytes], moment: Moment) -> list[SpoolEntry | None]:
    """Return the entry of each body that is surely a plain report, None for the others."""
    reports = [_read(body, moment) for body in bodies]
    _learn_grid(reports, moment)
    looks = [_look(body, report, moment) for body, report in zip(bodies, reports, strict=True)]
    entries = iter(_entries([look for look in looks if look is not None], moment))
    return [None if look is None else next(entries) for look in looks]


def _read(body: bytes, moment: Moment) -> PlainReport | None:
    if len(body) > moment.max_report_bytes:
        return None
    return read_plain(body, max_level=moment.max_level)


def _learn_grid(reports: Iterable[PlainReport | None], moment: Moment) -> None:
    """Have the grid references of all decoded in one go."""
    texts = [
        report.location.mgrs
        for report in reports
        if report is not None and report.location and report.location.mgrs
    ]
    if len(texts) > 1:
        learn_mgrs(texts, moment.gazetteer.mgrs_zone)


def _look(body: bytes, report: PlainReport | None, moment: Moment) -> _Found | None:
    if report is None:
        return None
    location = report.location
    place = _NOWHERE if location is UNSET else decode_plain(location, moment.gazetteer)
    return None if place is None else _found((body, report, place))


def _entries(found: Sequence[_Found], moment: Moment) -> Sequence[SpoolEntry | None]:
    """Return the entries of all together, or of one half and the other if one is not plain."""
    if not found:
        return ()
    together = _together(found, moment)
    if together is not None:
        return together
    if len(found) == 1:
        return (None,)
    middle = len(found) // 2
    return [*_entries(found[:middle], moment), *_entries(found[middle:], moment)]


def _together(found: Sequence[_Found], moment: Moment) -> list[SpoolEntry] | None:
    """Return the entries of some reports, None if one of them is not plain after all."""
    reports = [report for _, report, _ in found]
    starts = starts_of(reports, latest=moment.latest)
    if starts is None:
        return None
    lines = canonical_lines(reports)
    if not repeats_no_key(b"\n".join([body for body, _, _ in found]), lines):
        return None
    forms = lines.splitlines()
    hashes = [sha256(form).hexdigest() for form in forms]
    root_ids = [report.root_id for report in reports]
    revisions = [report.revision or 1 for report in reports]
    names = report_ids(starts, root_ids, revisions)
    head = moment.head
    values = [
        _message(head, sha, place, form)
        for (_, _, place), sha, form in zip(found, hashes, forms, strict=True)
    ]
    return list(map(_entry, zip(root_ids, revisions, hashes, names, values, strict=True)))


def _message(head: bytes, sha: str, place: DecodedPlace, form: bytes) -> bytes:
    lon, lat, radius_m, decoded_from, _, _ = place
    if decoded_from is None:
        return _PLACELESS % (head, sha.encode(), form)
    number = orjson.dumps
    return _PLACED % (
        head,
        sha.encode(),
        number(lon),
        number(lat),
        number(radius_m),
        decoded_from.encode(),
        form,
    )
