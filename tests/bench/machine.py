"""The machine while it is measured: how busy, how fast its disk, and what a process used."""

from __future__ import annotations

import os
import platform
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_FSYNCS = 200
_BLOCK = b"\0" * 4096


def describe(folder: Path) -> dict[str, object]:
    """Return what a reader must know beside the figures."""
    waits = fsync_ms(folder)
    return {
        "cpus": os.cpu_count(),
        "load_1_min": round(os.getloadavg()[0], 2),
        "fsync_p50_ms": round(percentile(waits, 50), 3),
        "fsync_p99_ms": round(percentile(waits, 99), 3),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def fsync_ms(folder: Path) -> list[float]:
    """Return how long appends of one block took to be on disk."""
    waits = []
    path = folder / "fsync.probe"
    with path.open("wb", buffering=0) as file:
        for _ in range(_FSYNCS):
            file.write(_BLOCK)
            began = time.perf_counter()
            os.fsync(file.fileno())
            waits.append((time.perf_counter() - began) * 1e3)
    path.unlink()
    return waits


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the value that this percentage of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    # utime and stime are the 14th and 15th field of the line; the first two are cut off.
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def with_children(pid: int) -> list[int]:
    """Return a process and all that it started, as long as they live."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(one for child in children for one in with_children(int(child)))]


def used(before: Mapping[str, float], pids: Mapping[str, int]) -> dict[str, float]:
    """Return the CPU seconds that each process has used since an earlier reading."""
    return {name: cpu_s(pid) - before[name] for name, pid in pids.items()}
