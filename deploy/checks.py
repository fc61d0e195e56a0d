"""tocsin doctor: what is wrong with an installation, and what to do about it."""

from __future__ import annotations

import os
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import Table, func, select

from deploy.box import Box, open_box
from deploy.settings import Settings
from schemas import tables
from schemas.errors import TocsinError

_FREE_BYTES = 1 << 30
_SLOW_FSYNC_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    is_well: bool
    says: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything that can be looked at without changing it."""
    try:
        with open_box(settings) as box:
            return [*_of_box(box)]
    except TocsinError as error:
        return [Finding(subject="data folder", is_well=False, says=str(error))]


def _of_box(box: Box) -> Iterator[Finding]:
    looks: tuple[Callable[[Box], Finding], ...] = (
        _folder,
        _disk,
        _fsync,
        _layers,
        _rules,
        _units,
        _endpoints,
        _behind,
        _set_aside,
        _door,
    )
    for look in looks:
        yield look(box)


def _folder(box: Box) -> Finding:
    mode = box.settings.data_dir.stat().st_mode & 0o077
    says = f"{box.settings.data_dir}, mission {box.mission.mission_id}"
    if mode:
        says += "; others can read it: run chmod 700 on it"
    return Finding(subject="data folder", is_well=not mode, says=says)


def _disk(box: Box) -> Finding:
    free = shutil.disk_usage(box.settings.data_dir).free
    is_well = free > _FREE_BYTES
    says = f"{free / _FREE_BYTES:.1f} GiB free" + ("" if is_well else "; make room for reports")
    return Finding(subject="disk", is_well=is_well, says=says)


def _fsync(box: Box) -> Finding:
    probe = box.settings.data_dir / "doctor.probe"
    with probe.open("wb") as file:
        file.write(b"x" * 4_096)
        begun = time.perf_counter()
        file.flush()
        os.fsync(file.fileno())
        took = time.perf_counter() - begun
    probe.unlink()
    is_well = took < _SLOW_FSYNC_S
    says = f"an fsync takes {took * 1_000:.1f} ms" + ("" if is_well else "; a faster disk helps")
    return Finding(subject="durability", is_well=is_well, says=says)


def _layers(box: Box) -> Finding:
    count = _count(box, tables.layers)
    says = f"{count} layers" if count else "no layers: run `tocsin layers load adm2 FILE`"
    return Finding(subject="layers", is_well=count > 0, says=says)


def _rules(box: Box) -> Finding:
    count = _count(box, tables.rules)
    says = f"{count} rules" if count else "no rules: run `tocsin rules load FILE`"
    return Finding(subject="rules", is_well=count > 0, says=says)


def _units(box: Box) -> Finding:
    count = _count(box, tables.device_keys)
    says = f"{count} keys issued" if count else "no unit can report: `tocsin keys issue UNIT`"
    return Finding(subject="device keys", is_well=count > 0, says=says)


def _endpoints(box: Box) -> Finding:
    count = _count(box, tables.endpoints)
    says = f"{count} endpoints" if count else "nobody is rung: `tocsin endpoints add ID URL`"
    return Finding(subject="endpoints", is_well=count > 0, says=says)


def _behind(box: Box) -> Finding:
    late = select(func.count()).where(
        tables.deliveries.c.state == "PENDING", tables.deliveries.c.attempts > 0
    )
    with box.database.read() as connection:
        count = connection.execute(late).scalar_one()
    says = f"{count} deliveries wait for another try" if count else "no delivery is late"
    return Finding(subject="deliveries", is_well=count == 0, says=says)


def _set_aside(box: Box) -> Finding:
    count = _count(box, tables.dead_letters)
    says = f"{count} records were set aside" if count else "nothing was set aside"
    return Finding(subject="dead letters", is_well=count == 0, says=says)


def _door(box: Box) -> Finding:
    address = (box.settings.host, box.settings.port)
    try:
        with socket.create_connection(address, timeout=2):
            return Finding(subject="door", is_well=True, says=f"answers at {box.settings.url}")
    except OSError:
        says = f"nothing answers at {box.settings.url}: run `tocsin all`"
        return Finding(subject="door", is_well=False, says=says)


def _count(box: Box, table: Table) -> int:
    with box.database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()
