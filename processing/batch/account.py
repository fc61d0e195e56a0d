"""What processing needs of one admitted report: found out once, and the message let go.

A decoded message is some 25 objects and 5 kB. A batch of them, kept until it is stored, would no
longer fit into the caches of the CPU, which costs more than decoding does (`docs/performance.md`).
"""

from __future__ import annotations

import math
import re
from functools import cache
from typing import NamedTuple

from processing.batch.rows import ReportRow
from processing.fuse.said import Said, said
from schemas.clock import to_micros
from schemas.codec import decode
from schemas.codes.lists import code_list
from schemas.codes.lists import is_urgent as is_urgent_type
from schemas.identity import report_id
from schemas.log import Record
from schemas.report import AdmittedReport

_NAN = math.nan


class Placed(NamedTuple):
    """Where a report was found to be by whoever read ahead, and with which layers.

    `layers` is their `LayerSet.version`; `near` is the JSON of what lies near the place of a report
    of something that happened.
    """

    layers: str
    row: ReportRow
    near: bytes


class Account(NamedTuple):
    """One report: its keys, its place as stated, and what fusing and summarising ask for.

    `key` is the natural key (root_id, revision), `rank` decides a conflict over it: the smallest
    wins. `lon`, `lat`, `radius_m` are as in `PlaceColumns`, the other words of a place "" if not
    given. `started_us` is microseconds since 1970. `placed` is None unless it was read ahead.
    """

    report_id: str
    key: tuple[str, int]
    received_us: int
    node: str
    unit_id: str
    sha256: str
    started_us: int
    record_kind: str
    lon: float
    lat: float
    radius_m: float
    decoded_from: str
    pcode: str
    place_name: str
    said: Said
    placed: Placed | None = None


def account(admitted: AdmittedReport) -> Account:
    """Return what processing needs of a report."""
    report, place = admitted.report, admitted.report.location
    content = said(admitted)
    lon, lat = admitted.decoded_lon, admitted.decoded_lat
    is_usable = admitted.place_usable and lon is not None and lat is not None
    radius_m = admitted.decoded_radius_m
    if radius_m is None:
        radius_m = place.uncertainty_m
    # By position: naming the fields would cost more than making the tuple.
    return Account(
        # Admission sees to it that there is a start.
        report_id(report.occurred_start or admitted.received_at, report.root_id, report.revision),
        (report.root_id, report.revision),
        to_micros(admitted.received_at),
        admitted.node,
        admitted.unit_id,
        admitted.sha256,
        content.start[2],
        report.record_kind,
        lon if is_usable and lon is not None else _NAN,
        lat if is_usable and lat is not None else _NAN,
        _NAN if radius_m is None else radius_m,
        admitted.decoded_from or "",
        place.pcode or "",
        place.place_name or "",
        content,
    )


def is_urgent(record: Record) -> bool:
    """Say whether a report must not wait for the others: it may ring somebody.

    Looks at the bytes alone, as all that waits is looked at. They are canonical JSON, within whose
    strings each quotation mark has a backslash before it.
    """
    return _urgent_types().search(record.value) is not None


@cache
def _urgent_types() -> re.Pattern[bytes]:
    types = [code.encode() for code in code_list("event_type").codes if is_urgent_type(code)]
    return re.compile(rb'"event_type":"(?:%b)"' % b"|".join(sorted(types)))


def read_account(value: bytes) -> Account:
    """Return the account in the bytes of a record. Raises InvalidMessageError."""
    return account(decode(AdmittedReport, value))
